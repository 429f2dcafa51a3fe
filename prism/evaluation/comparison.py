"""Runs side by side: all scores, their mean over seeds, paired tests between models."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
import pandas as pd

from prism.evaluation.comparable import ScoredRun
from prism.evaluation.statistics import paired_t, t_interval, wilcoxon
from prism.scores import METRICS

GROUP = ["cell_type", "model", "fold", "split", "metric"]
SUMMARY = [*GROUP, "n_seeds", "mean", "sd", "ci_low", "ci_high", "genes"]
PAIRED = [
    "cell_type", "fold", "metric", "model_a", "model_b", "n", "mean_difference", "p_t", "p_wilcoxon", "kind",
]  # fmt: skip


def metrics_table(runs: Iterable[ScoredRun]) -> pd.DataFrame:
    """Every score of every run, one a row: cell_type, model, fold, seed, split, metric, value, genes.

    genes: how many were scored, in words: "1,070 of 1,167" where 97 of the split were dropped.
    A score that does not exist is nan; so is one that a run's record is too old to have, which
    `comparable.unrecorded` tells.

    runs: those to compare.
    """
    rows = [
        (*run.key, split, metric, run.score(split, metric), run.record.told_genes(split))
        for run in runs
        for split in ("valid", "test")
        for metric in METRICS
    ]
    columns = ["cell_type", "model", "fold", "seed", "split", "metric", "value", "genes"]
    return pd.DataFrame(rows, columns=columns)


def summary_table(table: pd.DataFrame) -> pd.DataFrame:
    """Mean over seeds, sd (n - 1) and 95% t-interval of every score.

    With one seed, sd and interval are nan. If a score does not exist for a seed, neither does its mean:
    leaving such a seed out would flatter the model.

    table: as `metrics_table` returns it.
    """
    rows = []
    for key, seeds in table.groupby(GROUP, sort=False):
        values, genes = seeds["value"].to_numpy(), " and ".join(seeds["genes"].unique())
        sd = values.std(ddof=1) if len(values) > 1 else float("nan")
        rows.append((*key, len(values), values.mean(), sd, *t_interval(values), genes))
    return pd.DataFrame(rows, columns=SUMMARY)


def paired_table(runs: Iterable[ScoredRun]) -> pd.DataFrame:
    """Model a against model b on the test genes of one cell type and fold.

    kind 'seeds' takes the difference a - b of each score, paired over the n seeds that both have.
    kind 'genes' takes the difference a - b of squared errors, each averaged over a model's seeds, paired over
    the n genes; it says whether these trained models differ on these genes, not whether training again would
    show it.

    runs: those to compare; each pair of models of a cell type and fold gets its rows.
    """
    groups: dict[tuple, dict[str, dict[int, ScoredRun]]] = {}
    for run in runs:
        groups.setdefault((run.cell_type, run.fold), {}).setdefault(run.model, {})[run.seed] = run
    rows = []
    for (cell_type, fold), models in groups.items():
        for (name_a, a), (name_b, b) in itertools.combinations(models.items(), 2):
            for metric, differences, kind in _differences(a, b):
                tested = (
                    len(differences),
                    np.mean(differences),
                    paired_t(differences),
                    wilcoxon(differences),
                )
                rows.append((cell_type, fold, metric, name_a, name_b, *tested, kind))
    return pd.DataFrame(rows, columns=PAIRED)


def _differences(a: dict[int, ScoredRun], b: dict[int, ScoredRun]):
    shared = sorted(set(a) & set(b))
    for metric in METRICS if shared else ():
        yield metric, [a[s].score("test", metric) - b[s].score("test", metric) for s in shared], "seeds"
    yield "mse", _squared_errors(a) - _squared_errors(b), "genes"


def _squared_errors(seeds: dict[int, ScoredRun]) -> np.ndarray:
    """(n genes,) squared error of each test gene, averaged over seeds, in the order of gene ids."""
    return np.mean([run.squared_errors() for run in seeds.values()], axis=0)
