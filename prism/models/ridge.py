"""Ridge regression on binned signals, k-mers and RNA features: the floor under every deep model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch

from prism.genome.batch import Batch
from prism.models.architecture import Architecture, at_least
from prism.models.contract import Output
from prism.models.ridge_features import RidgeFeatures

# A feature whose standard deviation is below this part of its largest value is constant but for rounding.
CONSTANT = 1e-9


class RidgeModel(Architecture):
    """Closed-form ridge regression; features as `RidgeFeatures`, float64 inside.

    Features are standardised on the training genes, the constant ones dropped; the penalty is chosen by
    validation MSE from a logarithmic grid. Everything fitted is in buffers, whose sizes follow from the
    settings, so a state dict loads into a freshly built module.
    """

    def __init__(
        self,
        *,
        length: int,
        n_signals: int,
        n_rna_features: int,
        signals: Sequence[str] | None,
        bin_size: int,
        kmer: int,
        center_len: int,
        log10_alpha: Sequence[float],
        n_alpha: int,
        transform: str,
    ) -> None:
        """Settings: see the catalogue."""
        super().__init__()
        if not (
            isinstance(log10_alpha, Sequence) and len(log10_alpha) == 2 and log10_alpha[0] <= log10_alpha[1]
        ):
            raise ValueError(
                f"setting log10_alpha={log10_alpha!r} must be two powers of ten, the smaller first"
            )
        low, high = log10_alpha
        self.alphas = np.logspace(low, high, at_least("n_alpha", n_alpha, 1))
        self.features = RidgeFeatures(
            length=at_least("length", length, 2),
            n_signals=at_least("n_signals", n_signals, 0),
            n_rna_features=at_least("n_rna_features", n_rna_features, 0),
            signals=signals,
            bin_size=at_least("bin_size", bin_size, 1),
            kmer=at_least("kmer", kmer, 0),
            center_len=at_least("center_len", center_len, 1),
            transform=transform,
        )
        n_features = len(self.features.names)
        for name, start in (("mean", 0.0), ("scale", 1.0), ("coef", 0.0)):
            self.register_buffer(name, torch.full((n_features,), start, dtype=torch.float64))
        self.register_buffer("kept", torch.zeros(n_features, dtype=torch.bool))
        self.register_buffer("intercept", torch.tensor(float("nan"), dtype=torch.float64))
        self.register_buffer("alpha", torch.tensor(float("nan"), dtype=torch.float64))

    def forward(self, batch: Batch, with_details: bool = False) -> Output:
        """Predict `batch`; no losses, no details. ValueError before `fit` or loading a fitted state dict."""
        if bool(torch.isnan(self.intercept)):
            raise ValueError("ridge is not fitted; call fit(train, valid) or load a fitted state dict")
        standardised = (self.features(batch) - self.mean.double()) / self.scale.double()
        expression = standardised @ self.coef.double() + self.intercept.double()
        return Output(expression.to(batch.sequence.dtype))

    @torch.no_grad()
    def fit(self, train: Iterable[Batch], valid: Iterable[Batch]) -> dict[str, float | int]:
        """Fit the coefficients and choose the penalty.

        train: batches to fit on, read once.
        valid: batches to choose the penalty on, read once.
        Returns alpha, n_features (kept), n_constant (dropped), valid_mse (at the chosen alpha).
        Raises ValueError for an empty split, missing or NaN labels, and NaN or infinite features, by name.
        """
        x, y = self._matrix(train, "training")
        x_valid, y_valid = self._matrix(valid, "validation")
        mean, deviation = x.mean(axis=0), x.std(axis=0)
        kept = deviation > CONSTANT * np.abs(x).max(axis=0)
        if not kept.any():
            raise ValueError(f"ridge: all {len(kept)} features are the same in all {len(x)} training genes")
        scale = np.where(kept, deviation, 1.0)
        coefs = ridge_path(((x - mean) / scale)[:, kept], y - y.mean(), self.alphas)
        errors = ((x_valid - mean) / scale)[:, kept] @ coefs + y.mean() - y_valid[:, None]
        mse = (errors**2).mean(axis=0)
        best = int(np.argmin(mse))
        coef = np.zeros(len(kept))
        coef[kept] = coefs[:, best]
        fitted = {"mean": mean, "scale": scale, "coef": coef, "kept": kept, "intercept": y.mean()}
        for name, value in {**fitted, "alpha": self.alphas[best]}.items():
            getattr(self, name).copy_(torch.as_tensor(value))
        counts = {"n_features": int(kept.sum()), "n_constant": int((~kept).sum())}
        return {"alpha": float(self.alphas[best]), **counts, "valid_mse": float(mse[best])}

    def _matrix(self, batches: Iterable[Batch], split: str) -> tuple[np.ndarray, np.ndarray]:
        rows, labels = [], []
        for batch in batches:
            if batch.expression is None:
                raise ValueError(
                    f"ridge: the {split} genes have no expression; it cannot be fitted without labels"
                )
            rows.append(self.features(self.scaled(batch)).cpu().numpy())
            labels.append(batch.expression.double().cpu().numpy())
        if not rows:
            raise ValueError(f"ridge: there are no {split} genes")
        x, y = np.concatenate(rows), np.concatenate(labels)
        if not np.isfinite(y).all():
            raise ValueError(
                f"ridge: expression is NaN or infinite in {(~np.isfinite(y)).sum()} {split} genes; drop them"
            )
        bad = (~np.isfinite(x)).sum(axis=0)
        if bad.any():
            first = int(np.argmax(bad))
            raise ValueError(
                f"ridge: feature {self.features.names[first]} is NaN or infinite in {bad[first]} {split} "
                f"genes ({(bad > 0).sum()} such features); repair the signal or the genes table"
            )
        return x, y


def ridge_path(x: np.ndarray, y: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    """Coefficients (p, m) that minimise |y - x b|^2 + alpha |b|^2 for each alpha, by one SVD.

    x: (n, p), centred.
    y: (n,), centred.
    alphas: (m,), > 0.
    """
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    shrunk = s[:, None] / (s[:, None] ** 2 + alphas[None, :])
    return vt.T @ (shrunk * (u.T @ y)[:, None])
