"""A checkpoint of other authors as a best.ckpt of this workflow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from prism import NUMBERS_VERSION
from prism.files.checksums import md5_of
from prism.inference.pickled import read_foreign_checkpoint
from prism.models import from_authors
from prism.models.architecture import Architecture
from prism.models.authors import tensors_of
from prism.models.blocks.beta_mask import BetaMask, priors_in_order
from prism.models.catalogue import traits
from prism.models.registry import architecture, recognise
from prism.runs.checkpoint import write_checkpoint

PRIOR_FACTOR = 1.5  # a share or a beta of a signal that is this far from what is stated is another signal's
SAME_PRIOR = 1e-3  # two signals whose logarithms differ by less count as having the same prior
MOST_PERMUTED = 7  # signals whose every order is tried: 5,040


def import_released(
    path: str | Path,
    out: str | Path,
    *,
    name: str,
    settings: Mapping[str, Any],
    signals: Sequence[str],
    rna_features: Sequence[str],
    length: int,
    description: Mapping[str, Any] | None = None,
) -> Architecture:
    """Write the weights of a released checkpoint as a best.ckpt.

    The scale of signals and gene features in its training is recorded as unknown.

    path: the authors' state dict or Lightning checkpoint; nothing in it is ever run.
    out: best.ckpt to write.
    name: of the architecture, as in `prism.models.catalogue`.
    settings: its own, such as `center_len`; sizes are read from the weights.
    signals: names, in the order in which the model reads them.
    rna_features: columns of the genes table, in the order in which the model reads them.
    length: of its windows, bp.
    description: where the file is from, for the record; default {}.

    Returns the model.
    Raises ValueError for a file that cannot be read safely, for another architecture, other sizes or another number or
    order of signals than stated, and as `from_authors` does.
    """
    state = tensors_of(read_foreign_checkpoint(path))
    stated = _stated(name, state, settings, list(signals), list(rna_features), length)
    try:
        module = from_authors(name, state, stated)
    except ValueError as error:
        raise ValueError(f"{path}: {error}{_hint(name, state)}") from None
    _check_order(module, list(signals), stated)
    data = {"signals": list(signals), "length": length}
    entry = {"architecture": name, "rna_features": bool(rna_features), "settings": dict(settings)} | data
    checkpoint = data | {
        "architecture": name,
        "settings": module.settings,
        "state_dict": module.state_dict(),
        "rna_feature_names": list(rna_features),
        "signal_scale": None,
        "feature_scale": None,
        "entry": entry,
        "provenance": {
            "released": {**(description or {}), "file": Path(path).name, "md5": md5_of(path)},
            "numbers_version": NUMBERS_VERSION,
            "parameters": sum(parameter.numel() for parameter in module.parameters()),
            "sources": {},
        },
    }
    write_checkpoint(out, checkpoint)
    return module


def _stated(
    name: str,
    state: Mapping[str, Tensor],
    settings: Mapping[str, Any],
    signals: list[str],
    rna_features: list[str],
    length: int,
) -> dict[str, Any]:
    """Settings and data of the model as stated; refused where the weights show something else."""
    known, own = traits(name).known_settings, traits(name).own_settings
    if unknown := sorted(set(settings) - set(own)):
        raise ValueError(f"{name}: unknown settings {', '.join(unknown)}; known: {', '.join(own)}")
    data = {
        "length": length,
        "n_signals": len(signals),
        "n_rna_features": len(rna_features),
        "signals": signals,
    }
    if "n_signals" not in known and signals:
        raise ValueError(
            f"{name} reads no signals, and {', '.join(signals)} are stated; state none, or its architecture"
        )
    stated = {**settings, **{key: value for key, value in data.items() if key in known}}
    words = {
        "n_signals": f"signals: {', '.join(signals)}",
        "n_rna_features": f"rna_features: {', '.join(rna_features)}",
    }
    for key, shown in architecture(name).authors_sizes(state).items():
        if key in stated and key != "signal_priors" and stated[key] != shown:
            what = f" ({words[key]})" if key in words else ""
            raise ValueError(
                f"{name}: {key} is {stated[key]} as stated{what} and {shown} by the weights; state what it was trained "
                f"with{_hint(name, state)}"
            )
    return stated | _own_priors(state, signals, settings, traits(name).priors)


def _own_priors(
    state: Mapping[str, Tensor],
    signals: list[str],
    settings: Mapping[str, Any],
    published: Mapping[str, tuple[float, float]],
) -> dict[str, Any]:
    """Setting signal_priors: as stated, else the file's own where a signal goes by another name than the published."""
    if not {"prior_weights", "signal_betas"} <= set(state) or len(state["signal_betas"]) != len(signals):
        return {}
    pairs = zip(state["prior_weights"].softmax(0).tolist(), state["signal_betas"].tolist(), strict=True)
    given = settings.get("signal_priors") or {}
    found = dict(zip(signals, map(list, pairs), strict=True))
    if all(name in published or name in given for name in signals):
        return {"signal_priors": dict(given)}
    # A share is known up to a factor only, so that it cannot be mixed with published weights: all are the file's.
    return {"signal_priors": {**found, **given}}


def _check_order(module: Architecture, signals: list[str], settings: Mapping[str, Any]) -> None:
    """Refuse Seq2Exp weights whose priors are those of the signals in another order than stated, or of others.

    The priors are part of the weights: nothing else in a file tells the order of the signals.
    """
    if not isinstance(mask := getattr(module, "mask", None), BetaMask):
        return
    priors = priors_in_order(len(signals), signals, settings.get("signal_priors"))
    weights, betas = torch.tensor(list(priors.values())).unbind(dim=1)
    stated = torch.stack([weights / weights.sum(), betas])
    there = torch.stack([mask.prior_weights.softmax(0), mask.signal_betas])

    def distance(order: Sequence[int]) -> float:
        return float((stated[:, list(order)] / there).log().abs().max())

    own = range(len(signals))
    best = min(permutations(own), key=distance) if len(signals) <= MOST_PERMUTED else own
    if distance(own) - distance(best) > SAME_PRIOR or distance(own) > math.log(PRIOR_FACTOR):
        rows = zip(signals, stated.T.tolist(), there.T.tolist(), strict=True)
        told = "; ".join(
            f"{name} {share:.3g}, {beta:.3g} (the weights have {true_share:.3g}, {true_beta:.3g})"
            for name, (share, beta), (true_share, true_beta) in rows
        )
        fits = (
            f"They fit {', '.join(signals[i] for i in best)}"
            if tuple(best) != tuple(own)
            else "No order fits"
        )
        raise ValueError(
            f"signals {', '.join(signals)} in this order have the prior share and beta {told}. {fits}: state the "
            "signals of training in order, or their priors in settings.signal_priors"
        )


def _hint(name: str, state: Mapping[str, Tensor]) -> str:
    fitting = [other for other in recognise(state) if other != name]
    return f". Its names and shapes are those of {' or '.join(fitting)}" if fitting else ""
