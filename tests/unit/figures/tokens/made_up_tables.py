"""Small tables as `results/tokens/{name}/` has them, made by hand, for the tests of the figures."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

RECORD = {
    "provenance": {
        "git_revision": "3f2a9c1b77",
        "numbers_version": 3,
        "files": {"cells.h5ad": "a1b2c3d4e5f6"},
    }
}
METHODS = (
    "shift", "deletion", "deletion_in_place", "mask", "random_direction", "matched_gene_token", "matched_factor",
    "shuffled_dna", "untrained_adapter", "co_expression", "expression_level", "attention",
)  # fmt: skip
MEASURES = ("average_precision", "auroc", "precision_at_50", "enrichment_at_50")


def effects(n=120, factors=("GATA4",), seed=0, targets=True, tested=True) -> pd.DataFrame:
    """effects.tsv: the first gene moves most; genes 0, 10, ... are direct targets, genes 5, 15, ... indirect ones."""
    random, made = np.random.default_rng(seed), []
    for factor in factors:
        shift = 1e-3 / np.arange(1, n + 1) ** 1.1
        middle = 4e-5 * random.lognormal(0, 0.5, n)
        kinds = ["direct" if i % 10 == 0 else "indirect" if i % 10 == 5 else "none" for i in range(n)]
        made.append(
            pd.DataFrame(
                {
                    "gene_id": [f"ENSG{i:011d}" for i in range(n)],
                    "symbol": [f"GENE{i}" for i in range(n)],
                    "cell_type": "cardiomyocyte",
                    "factor": factor,
                    "N_Detections": 40,
                    "shift": shift,
                    "resolved": shift > 8e-6,
                    "p": np.linspace(0.001, 1, n) if tested else np.nan,
                    "q": np.linspace(0.01, 1, n) if tested else np.nan,
                    "random_direction": middle,
                    "random_low": middle / 2,
                    "random_high": middle * 2.5,
                    "target": kinds if targets else "",
                    "weight": 1.0,
                }
            )
        )
    return pd.concat(made, ignore_index=True)


def profile(length=100, factors=("GATA4",), seed=0) -> pd.DataFrame:
    """profile.tsv of a window around the TSS: three changes of each base, ten measured of each kind."""
    random, made = np.random.default_rng(seed), []
    for factor in factors:
        position = np.repeat(np.arange(-length // 2, length // 2), 3)
        moved = random.gamma(2.0, 0.05, len(position)) + 0.5 * np.exp(-(((position + 20) / 6.0) ** 2))
        chosen = np.full(len(position), "", dtype=object)
        order = np.argsort(-moved)
        chosen[order[:10]] = "top"
        chosen[order[15::29][:10]] = "random"
        shift = np.where(chosen == "", np.nan, 1e-3 * moved * random.uniform(0.7, 1.3, len(moved)))
        made.append(
            pd.DataFrame(
                {
                    "factor": factor,
                    "position": position,
                    "reference": "A",
                    "alternative": np.tile(["C", "G", "T"], length),
                    "displacement": moved,
                    "shift": shift,
                    "chosen": chosen,
                }
            )
        )
    return pd.concat(made, ignore_index=True)


def scores(factors=("GATA4",), intervals=True, contrasts=("targets", "direct", "indirect")) -> pd.DataFrame:
    """scores.tsv: values fall from method to method; half an interval is 0.05."""
    rows = []
    for factor, contrast, (place, method), metric in itertools.product(
        factors, contrasts, enumerate(METHODS), MEASURES
    ):
        value = {"auroc": 0.8, "enrichment_at_50": 3.0}.get(metric, 0.5) - 0.03 * place
        rows.append((factor, method, contrast, metric, value, 24 if contrast == "targets" else 12))
    if "direct" in contrasts:
        rows += [
            (factor, method, "direct_minus_indirect", "average_precision", 0.02 * place - 0.05, 24)
            for factor in factors
            for place, method in enumerate(METHODS[1:])
        ]
    table = pd.DataFrame(rows, columns=["factor", "method", "contrast", "metric", "value", "n_targets"])
    half = 0.05 if intervals else np.nan
    table["low"], table["high"] = table["value"] - half, table["value"] + half
    return table.assign(cell_type="cardiomyocyte", n_universe=120, n_cells=40, n_donors=8 if intervals else 0)


def heldout(folds=(1,), outputs=("dynamic", "static")) -> pd.DataFrame:
    """heldout.tsv: the run is best; 500 guesses in each fold."""
    rows = []
    encoders = ("run", "mean_token", "shuffled", "kmers", "pretrained")
    for output, (place, encoder), fold in itertools.product(outputs, enumerate(encoders), folds):
        accuracy = 0.3 - 0.05 * place + 0.01 * fold
        rows.append((output, encoder, fold, "accuracy", accuracy, accuracy - 0.02, accuracy + 0.02, 500))
        loss = 3.0 + 0.2 * place
        rows.append((output, encoder, fold, "mean_log_loss", loss, loss - 0.1, loss + 0.1, 500))
    return pd.DataFrame(
        rows, columns=["output_tokens", "encoder", "fold", "metric", "value", "low", "high", "n"]
    )


def edges(table: pd.DataFrame) -> pd.DataFrame:
    """edges.tsv of an effects.tsv."""
    return table.rename(columns={"factor": "source", "symbol": "gene"}).assign(
        target=table["symbol"], weight=table["shift"]
    )[["source", "target", "weight"]]


def routes() -> pd.DataFrame:
    """routes.tsv: three routes of a factor, and two factors together against their sum."""
    rows = [
        (factor, route, contrast, 0.5 - 0.1 * place)
        for factor, names in (
            ("GATA4", ("token", "expression", "both")),
            ("GATA4+TBX5", ("both_factors", "sum")),
        )
        for place, route in enumerate(names)
        for contrast in ("targets", "direct", "indirect")
    ]
    table = pd.DataFrame(rows, columns=["factor", "route", "contrast", "value"])
    return table.assign(
        cell_type="cardiomyocyte",
        metric="average_precision",
        low=table["value"] - 0.1,
        high=table["value"] + 0.1,
    )
