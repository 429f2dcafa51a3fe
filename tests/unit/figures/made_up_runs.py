"""Made-up runs and tables for the tests of the figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from prism.runs.record import RunRecord

PUBLISHED = pd.DataFrame(
    [
        ("Prism", "K562", "MSE", 0.1789, 0.0041, 2000, "prism_2k", "Prism (ICLR 2026) table 1"),
        ("Prism", "K562", "Pearson", 0.8751, np.nan, 2000, "prism_2k", "Prism (ICLR 2026) table 1"),
        ("Caduceus", "K562", "MSE", 0.2197, 0.0038, 200000, "caduceus_200k", "Seq2Exp (ICLR 2025) table 1"),
    ],
    columns=["method", "cell_type", "metric", "mean", "sd", "window_bp", "entry", "source"],
)
REFERENCES = {
    "prism_2k": {"architecture": "prism", "length": 2000, "signals": None, "settings": {}},
    "caduceus_200k": {"architecture": "caduceus", "length": 200000, "signals": [], "settings": {}},
}


def record(model="prism_2k", architecture="prism", seed=2, cell_type="K562", **changes):
    """A run's metrics.json."""
    made = {
        "cell_type": cell_type,
        "model": model,
        "fold": 11,
        "seed": seed,
        "metrics": {"test": {"n": 1167, "mse": 0.2, "mae": 0.3, "pearson": 0.8, "spearman": 0.7, "r2": 0.6}},
        "floor": {"train_mean": {"test": {"n": 1167, "mse": 0.25, "mae": 0.4, "pearson": None}}},
        "best_step": 20,
        "label": {"assay": "CAGE"},
        "provenance": {
            "dataset_hash": "a1b2c3d4e5f6",
            "numbers_version": 1,
            "git_revision": "3f2a9c1b77",
            "sources": {
                "DNase": {
                    "kind": "bigwig",
                    "output_type": "read-depth normalized signal",
                    "address": "https://x.org/ENCFF414OGC.bigWig",
                }
            },
        },
        "entry": {"architecture": architecture, "length": 2000, "signals": None, "settings": {}},
    }
    return made | changes


def run(*args, **changes):
    return RunRecord(record(*args, **changes), Path("metrics.json"))


def tables(scores: dict[tuple[str, str], dict[str, list[float]]], half=0.01):
    """summary and metrics of {(cell type, model): {metric: values by seed}}; intervals are mean -+ half."""
    long, summary = [], []
    for (cell_type, model), metrics in scores.items():
        for metric, values in metrics.items():
            long += [(cell_type, model, 11, seed, "test", metric, value) for seed, value in enumerate(values)]
            mean, several = float(np.mean(values)), len(values) > 1
            ends = (mean - half, mean + half) if several else (np.nan, np.nan)
            summary.append((cell_type, model, 11, "test", metric, len(values), mean, 0.1, *ends))
    keys = ["cell_type", "model", "fold"]
    found = ["n_seeds", "mean", "sd", "ci_low", "ci_high"]
    return (
        pd.DataFrame(summary, columns=[*keys, "split", "metric", *found]),
        pd.DataFrame(long, columns=[*keys, "seed", "split", "metric", "value"]),
    )


def predictions(observed, predicted, split="test"):
    genes = [f"g{i}" for i in range(len(observed))]
    return pd.DataFrame({"gene_id": genes, "split": split, "expression": observed, "prediction": predicted})


def history(valid, train=None):
    steps = 10 * np.arange(1, len(valid) + 1)
    return pd.DataFrame({"step": steps, "train_loss": valid if train is None else train, "valid_mse": valid})
