"""How a window becomes tokens and the tokens become bins: the settings `stem` and `pool_bins`. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

CONV, MEAN = "conv", "mean"
KINDS = (CONV, MEAN)


@dataclass(frozen=True)
class Stem:
    """What makes one token of `size` neighbouring bases: a convolution (kernel and stride `size`) or their mean."""

    kind: str = CONV
    size: int = 1  # bases of a token; 1: no stem, every base is a token

    @classmethod
    def of(cls, value: Any) -> Stem:
        """The stem that a setting describes.

        value: {kind: conv | mean, size: bases}, `kind` conv where left out; None for no stem.
        Raises ValueError naming the value and what it may be.
        """
        if value is None:
            return cls()
        known = isinstance(value, Mapping) and "size" in value and set(value) <= {"kind", "size"}
        kind, size = (value.get("kind", CONV), value["size"]) if known else (None, None)
        if kind not in KINDS or isinstance(size, bool) or not isinstance(size, int) or size < 2:
            raise ValueError(
                f"setting stem={value!r} must be null or {{kind: {' or '.join(KINDS)}, size: bases}}, "
                "the size a whole number of at least 2"
            )
        return cls(kind, size)


def centre(length: int, center_len: int) -> slice:
    """The central k = min(center_len, length) positions: [length/2 - k/2, length/2 - k/2 + k), whole-number halves.

    With the TSS at length/2, this is the same convention as the window's own.

    length: of the window, bp.
    center_len: number of central positions, bp; the whole window where it is shorter.
    """
    width = min(center_len, length)
    start = length // 2 - width // 2
    return slice(start, start + width)


def central_tokens(length: int, center_len: int, stem_size: int = 1, pool_bins: int = 1) -> slice:
    """The tokens that hold the central positions, which are pooled in equal bins.

    length: of the window, bp.
    center_len: number of central positions, bp; the whole window where it is shorter.
    stem_size: bases of a token; default 1.
    pool_bins: bins of tokens; default 1.
    Raises ValueError, naming the values and others that fit, where tokens or bins would not be whole.
    """
    if misfit := _misfit(length, center_len, stem_size):
        sizes = _near(stem_size, length, lambda size: not _misfit(length, center_len, size))
        raise ValueError(f"stem of size {stem_size}: {misfit}; take size {sizes}, or another center_len")
    bases = centre(length, center_len)
    width = bases.stop - bases.start
    tokens = width // stem_size
    if tokens % pool_bins:
        bins = _near(pool_bins, tokens, lambda bins: tokens % bins == 0)
        raise ValueError(
            f"pool_bins = {pool_bins} does not divide the {tokens} tokens of the central {width} bp; take {bins}, "
            "or another center_len"
        )
    return slice(bases.start // stem_size, bases.stop // stem_size)


def _misfit(length: int, center_len: int, size: int) -> str:
    """Why a window, or its centre, is not a whole number of tokens of `size` bases; "" where it is."""
    bases = centre(length, center_len)
    if length % size:
        return f"the window of {length} bp is not a multiple of it"
    if (bases.stop - bases.start) % size:
        return f"the central {bases.stop - bases.start} bp are not a multiple of it"
    return f"the central {bases.stop - bases.start} bp begin within a token" if bases.start % size else ""


def _near(wanted: int, most: int, fits: Callable[[int], bool]) -> str:
    """The nearest values below and above one that does not fit, in words; 1 always fits."""
    below = [value for value in range(min(wanted, most), 0, -1) if fits(value)][:1]
    above = [value for value in range(wanted + 1, most + 1) if fits(value)][:1]
    return " or ".join(str(value) for value in (*below, *above))


def check_tokens(settings: Mapping[str, Any], length: int) -> None:
    """Refuse settings whose stem or bins do not suit the window.

    settings: all of an architecture's, defaults included; those without `center_len` are not looked at.
    length: of the window, bp.
    Raises ValueError naming the setting, the values and others that fit.
    """
    bins, center_len = settings.get("pool_bins", 1), settings.get("center_len")
    if isinstance(bins, bool) or not isinstance(bins, int) or bins < 1:
        raise ValueError(f"setting pool_bins={bins!r} must be a whole number of at least 1")
    stem = Stem.of(settings.get("stem"))
    if isinstance(center_len, int) and center_len > 0:
        central_tokens(length, center_len, stem.size, bins)


def fitting_length(settings: Mapping[str, Any], at_most: int) -> int:
    """The longest even window that stem and bins suit; 0 where there is none.

    settings: as for `check_tokens`.
    at_most: bp.
    """
    for length in range(at_most // 2 * 2, 0, -2):
        try:
            check_tokens(settings, length)
        except ValueError:
            continue
        return length
    return 0


def reads_bases(settings: Mapping[str, Any]) -> bool:
    """Whether a model sees single bases: means of several hide where each stood, and with it motifs.

    settings: of an entry or a checkpoint; what is left out has its default.
    """
    return Stem.of(settings.get("stem")).kind != MEAN


def refuse_means_of_bases(model: str, settings: Mapping[str, Any], purpose: str) -> None:
    """Refuse work on single bases for a model that reads means of them.

    model: the name of the entry, for the error.
    settings: of the entry or the checkpoint.
    purpose: what was asked for, in words, such as "attribution".
    Raises ValueError naming the model, its stem and the fix.
    """
    if not reads_bases(settings):
        size = Stem.of(settings["stem"]).size
        raise ValueError(
            f"{model}: {purpose} needs a model that reads single bases, and this one reads means of {size} "
            f"(stem {{kind: {MEAN}, size: {size}}}); take an entry with a stem of kind {CONV}, or without a stem"
        )
