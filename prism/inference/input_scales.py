"""Warnings of signals and gene features whose scale is not that of the training."""

from __future__ import annotations

from collections.abc import Mapping

InputScale = Mapping[str, Mapping[str, float]]  # by name: statistics of a signal or a gene feature

# a signal whose mean or 99th percentile, or a gene feature whose spread, is this many times the training's, or its
# inverse, is worth a warning
SCALE_FACTOR = 2.0
# gene features are z-scores, fractions and an activity: a mean may be 0 or negative, so its shift is measured in
# standard deviations of training, not as a factor
SHIFT = 1.0
FEWEST_GENES = 20  # below, mean and spread differ by chance
EXACT = 1e-6  # rounding of float32 values, relative
ASSUMED = "predictions assume the same scale (same output type, transform and normalisation)"
ASSUMED_FEATURES = "predictions assume gene features that are made alike (same sources, units and transform)"


def signal_warnings(then: InputScale | None, now: InputScale) -> list[str]:
    """A line for every signal whose mean or 99th percentile is far from training's.

    then: in training (`prism.runs.provenance.signal_scale`); None where it is unknown, as it is of a released
    checkpoint: then there is one line for all.
    now: here, of the same signals.
    """
    if then is None:
        return _unknown("the scale of the signals", now, ASSUMED)
    found = [_signal_warning(name, trained, now[name]) for name, trained in then.items()]
    return [line for line in found if line]


def feature_warnings(then: InputScale | None, now: InputScale, n_genes: int) -> list[str]:
    """A line for every gene feature whose mean or spread is far from training's.

    A mean is far where it is more than `SHIFT` standard deviations of training away; a spread, where it is more than
    `SCALE_FACTOR` times as large or small. There is one line for all where `n_genes` are too few to tell.

    then: in training (`prism.runs.provenance.feature_scale`); None where it is unknown, as it is of a released
    checkpoint: then there is one line for all.
    now: here, of the same features.
    n_genes: over how many genes `now` was measured.
    """
    if then is None:
        return _unknown("the scale of the gene features", now, ASSUMED_FEATURES)
    if then and n_genes < FEWEST_GENES:
        return [
            f"warning: {n_genes} gene(s) are too few to compare the scale of the gene features with training's "
            f"(at least {FEWEST_GENES}); {ASSUMED_FEATURES}"
        ]
    found = [_feature_warning(name, trained, now[name]) for name, trained in then.items()]
    return [line for line in found if line]


def _unknown(what: str, now: InputScale, assumed: str) -> list[str]:
    here = ", ".join(
        f"{name} {', '.join(f'{key} {value:.4g}' for key, value in each.items())}"
        for name, each in now.items()
    )
    return [
        f"warning: {what} in training is unknown and cannot be compared (here: {here}); {assumed}"
    ] if now else []  # fmt: skip


def _signal_warning(name: str, then: Mapping[str, float], now: Mapping[str, float]) -> str:
    gone = [key for key, trained in then.items() if trained]
    if gone and not any(now.values()):
        return (
            f"warning: {name} is 0 all over here, its {gone[0]} was {then[gone[0]]:.4g} in training; "
            "does its file cover these chromosomes?"
        )
    far = [key for key in then if _far_apart(then[key], now[key])]
    return f"warning: {name}: {_told(far, then, now)}; {ASSUMED}" if far else ""


def _feature_warning(name: str, then: Mapping[str, float], now: Mapping[str, float]) -> str:
    rounding = EXACT * max(abs(then["mean"]), abs(now["mean"]))
    shifted = abs(now["mean"] - then["mean"]) > SHIFT * then["sd"] + rounding
    spread = max(now["sd"], then["sd"]) > rounding and _far_apart(then["sd"], now["sd"])
    if not shifted and not spread:
        return ""
    return f"warning: {name}: {_told(['mean', 'sd'], then, now)}; {ASSUMED_FEATURES}"


def _far_apart(then: float, now: float) -> bool:
    low, high = sorted((abs(then), abs(now)))
    return high > SCALE_FACTOR * low


def _told(keys: list[str], then: Mapping[str, float], now: Mapping[str, float]) -> str:
    return ", ".join(f"{key} is {now[key]:.4g} here and was {then[key]:.4g} in training" for key in keys)
