"""Brings the signals of a cell type to the scale that they had in training: `match_scale`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from prism.genome.batch import Batch
from prism.inference.input_scales import InputScale
from prism.runs.quantiles import Quantiles, feature_quantiles, signal_quantiles

NONE, QUANTILE = "none", "quantile"
MATCHES = (NONE, QUANTILE)


def quantile_map(values: np.ndarray, here: Quantiles, there: Quantiles, name: str = "signal") -> np.ndarray:
    """Values with, in place of each, that of the same rank there.

    Zero stays zero; values above 0 and below 0 are mapped by quantiles of their own, linearly between two of them, and
    above the highest in its proportion. Values that are alike here become the mean of those of their ranks there. The
    map never turns an order around.

    values: any shape, float32.
    here: quantiles of the data that the values are of (`prism.runs.quantiles`).
    there: quantiles of the data whose scale they shall have.
    name: of the signal, for the error.
    Raises ValueError where there are values of a sign here and none there.
    """
    mapped = np.zeros(values.shape, np.float32)
    for sign, key in ((1, "positive"), (-1, "negative")):
        chosen = sign * values > 0
        if chosen.any():
            if not len(there[key]):
                raise ValueError(
                    f"{name}: values {'above' if sign > 0 else 'below'} 0 here, and none in training, so that their "
                    "scales cannot be matched; give a track of training's kind, or predict with match_scale: none"
                )
            mapped[chosen] = sign * _mapped(sign * values[chosen].astype(np.float64), here[key], there[key])
    return mapped


def _mapped(values: np.ndarray, here: Tensor, there: Tensor) -> np.ndarray:
    if not len(here):  # no such value was counted
        return values
    knots, rank = np.unique(here.double().numpy(), return_inverse=True)
    aims = np.bincount(rank, there.double().numpy()) / np.bincount(rank)
    mapped = np.interp(values, np.r_[0.0, knots], np.r_[0.0, aims])
    beyond = values > knots[-1]
    mapped[beyond] = values[beyond] * (aims[-1] / knots[-1])
    return mapped


class MatchedWindows:
    """Windows whose signals, and the promoter activity that is made from signals, have training's scale.

    windows: a `prism.genome.dataset.windows.Windows`; all else is read from it as it is.
    there: quantiles of training's signals by name.
    features: quantiles of training's gene features by name; those that are not there stay as they are.
    """

    def __init__(self, windows: Any, there: Mapping[str, Quantiles], features: Mapping[str, Quantiles]):
        self._windows, self._there, self._features = windows, there, features
        self._here, self._features_here = signal_quantiles(windows), feature_quantiles(windows)
        for name in windows.signal_names:  # before any prediction is made
            for sign, key in ((1, "positive"), (-1, "negative")):
                quantile_map(sign * self._here[name][key].numpy(), self._here[name], there[name], name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._windows, name)

    def __len__(self) -> int:
        return len(self._windows)

    @property
    def rna_features(self) -> Tensor:
        """(n, n_features) float32 gene features of every gene."""
        return self._matched_features(self._windows.rna_features)

    def batch(self, indices: Sequence[int] | Tensor) -> Batch:
        """The windows of some genes.

        indices: rows of the dataset.
        """
        batch = self._windows.batch(indices)
        columns = [
            quantile_map(batch.signals[..., i].cpu().numpy(), self._here[name], self._there[name], name)
            for i, name in enumerate(self._windows.signal_names)
        ]
        signals = torch.from_numpy(np.stack(columns, axis=-1)) if columns else batch.signals
        return replace(
            batch,
            signals=signals.to(batch.signals.device),
            rna_features=self._matched_features(batch.rna_features),
        )

    def _matched_features(self, values: Tensor) -> Tensor:
        values = values.clone()
        for name, here in self._features_here.items():
            if name in self._features:
                column = self._windows.rna_feature_names.index(name)
                found = quantile_map(values[:, column].cpu().numpy(), here, self._features[name], name)
                values[:, column] = torch.from_numpy(found).to(values.device)
        return values


def matched(
    checkpoint: Mapping[str, Any], windows: Any, path: str | Path, match_scale: str, training: Any = None
):
    """The windows as a model shall see them: as they are, or brought to the scale of its training.

    checkpoint: of the model.
    windows: a `Windows` reader of the model's signals.
    path: of the checkpoint, for the error.
    match_scale: none (the windows are returned as they are) or quantile.
    training: a `Windows` reader of the training's dataset, opened likewise, for a checkpoint that does not hold its
        quantiles; default None.
    Raises ValueError for another `match_scale`, a model that reads candidate elements, whose activity has no map, and a
    checkpoint without quantiles.
    """
    if match_scale not in MATCHES:
        raise ValueError(f"match_scale is {match_scale!r}; it is one of {', '.join(MATCHES)}")
    if match_scale == NONE:
        return windows
    if windows.elements_origin is not None:
        raise ValueError(
            f"{path}: match_scale: quantile does not change the activity of candidate elements, which this model "
            "reads; predict with match_scale: none, or with a model without elements"
        )
    there, features = checkpoint.get("signal_quantiles"), checkpoint.get("feature_quantiles")
    if training is not None:
        there, features = signal_quantiles(training), feature_quantiles(training)
    if there is None or features is None:
        raise ValueError(
            f"{path}: does not hold the quantiles of its training's signals, which match_scale: quantile needs: it was "
            "released by others, or trained by an older version; train it again, or give the dataset that it was "
            "trained on (workflow_scripts.prediction.predict --training-windows, --training-genes)"
        )
    return MatchedWindows(windows, there, features)


def matched_words(match_scale: str, before: InputScale, after: InputScale) -> list[str]:
    """A line for every signal that was matched; [] where none was.

    match_scale: none or quantile.
    before: the signals as they are (`prism.runs.provenance.signal_scale`).
    after: as the model sees them.
    """
    if match_scale == NONE:
        return []
    return [
        f"match_scale: {match_scale}: mean of {name} {scale['mean']:.4g} -> {after[name]['mean']:.4g}"
        for name, scale in before.items()
    ]
