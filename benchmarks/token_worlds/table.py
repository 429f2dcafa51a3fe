"""The tables: means over seeds with t intervals, what ours gains over each control, p without regulation."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.token_worlds.protocol import ARMS, NULL, tasks
from benchmarks.token_worlds.store import done
from prism.evaluation.statistics import t_interval
from prism.simulate.regulation.network import REPRESSED
from prism.tokens.masked_genes import OUTPUT_TOKENS
from prism.tokens.perturb.controls import CONTROLS
from prism.tokens.scoring.contrasts import DIFFERENCE, DIRECT, INDIRECT, OURS, TARGETS

PRIMARY = f"average_precision|{TARGETS}"
ROUTES = (OURS, "expression", "both", "seen_mutation", "expression_true_change")
# title -> column without its method
SCORES = {
    "AP targets": PRIMARY,
    "AP gained": PRIMARY,
    "AUROC targets": f"auroc|{TARGETS}",
    "AUROC direct": f"auroc|{DIRECT}",
    "AUROC indirect": f"auroc|{INDIRECT}",
    "AUROC repressed": f"auroc|{REPRESSED}",
    "diff. of diff.": f"auroc|{DIFFERENCE}",
    "rank of effect": f"effect_rank|{TARGETS}",
}
ENCODERS = ("run", "kmers", "shuffled", "mean_token", "pretrained")
VARIANTS = {
    "a token moves further under changing than under neutral variants, seen: AUROC": "displacement_auroc_seen",
    "the same, of variants that no donor carries": "displacement_auroc_unseen",
    "change that the run predicts of the variant's gene, correlation with the true one": "predicted_change_r",
    "its slope over the true one": "predicted_change_slope",
    "share of targets, which is the average precision of no skill": "share_of_targets",
    "share of genes whose shift is above the floor": "resolved",
}
WIDTH = 22


def lines(worlds: pd.DataFrame) -> list[str]:
    """All tables, those of the worlds without regulation last.

    worlds: of `store.read_worlds`.
    """
    found: list[str] = []
    for arm in ARMS:
        rows = worlds[worlds["arm"] == arm]
        if len(rows):
            found += _arm(arm, rows)
    return found + _null(worlds[worlds["arm"] == NULL])


def status(worlds: pd.DataFrame) -> list[str]:
    """How many worlds there are, and how long the rest takes at the pace so far.

    worlds: of `store.read_worlds`.
    """
    wanted, there = Counter(task.arm for task in tasks()), Counter(task.arm for task in done(worlds))
    found = [f"{'arm':14s}{'done':>6s}{'of':>6s}{'a world':>10s}{'left':>9s}"]
    for arm, total in wanted.items():
        pace = float(worlds.loc[worlds["arm"] == arm, "seconds"].mean()) if there[arm] else float("nan")
        left = (total - there[arm]) * pace / 60
        found.append(f"{arm:14s}{there[arm]:6d}{total:6d}{pace:8.1f} s{left:5.0f} min")
    return found


def said(values: np.ndarray) -> str:
    """A mean and its 95 % t interval, or the mean alone.

    values: (n,), NaN where a world has none.
    """
    values = np.asarray(values, np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return "-"
    if len(values) < 2:
        return f"{values.mean():.3f}"
    low, high = t_interval(values)
    return f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"


def _arm(arm: str, rows: pd.DataFrame) -> list[str]:
    found = [f"{ARMS[arm].meaning}: {len(rows)} seeds; mean [95 % interval over seeds]", ""]
    methods = [name for name in (*ROUTES, *CONTROLS) if f"{PRIMARY}|{name}" in rows]
    found.append(f"{'':24s}" + "".join(f"{title:>{WIDTH}s}" for title in SCORES))
    for method in methods:
        cells = []
        for title, column in SCORES.items():
            values = rows.get(f"{column}|{method}")
            if title == "AP gained":  # by ours over the method, in the same world
                values = None if method == OURS else rows[f"{PRIMARY}|{OURS}"] - values
            cells.append("-" if values is None else said(values))
        found.append(f"{method:24s}" + "".join(f"{each:>{WIDTH}s}" for each in cells))
    found.append("")
    for pair in ("0+1", "2+3"):
        for name in ("both_factors", "sum"):
            told = [
                said(rows.get(f"{metric}|{pair}|{name}", np.array([])))
                for metric in ("average_precision", "auroc")
            ]
            found.append(f"factors {pair}, {name:13s} AP {told[0]}, AUROC {told[1]}")
    found += [f"{title}: {said(rows[column])}" for title, column in VARIANTS.items() if column in rows]
    return [*found, "", *_held_out(rows)]


def _held_out(rows: pd.DataFrame) -> list[str]:
    if "accuracy|dynamic|run" not in rows:
        return []
    found = [
        f"{rows['n_held_out'].mean():.0f} genes held out by chromosome; the pretrained model has seen them all",
        f"{'':20s}{'accuracy':>{WIDTH}s}{'loss, nats':>{WIDTH}s}{'above the run':>{WIDTH}s}",
    ]
    for output in OUTPUT_TOKENS:
        for encoder in ENCODERS:
            loss = rows[f"mean_log_loss|{output}|{encoder}"]
            cells = [said(rows[f"accuracy|{output}|{encoder}"]), said(loss)]
            cells.append("-" if encoder == "run" else said(loss - rows[f"mean_log_loss|{output}|run"]))
            found.append(f"{output:9s}{encoder:11s}" + "".join(f"{each:>{WIDTH}s}" for each in cells))
    return [*found, ""]


def _null(rows: pd.DataFrame) -> list[str]:
    found = [f"no regulation: {len(rows)} worlds, one p each"]
    if len(rows) < 2:
        return found
    for name, title in (
        ("p_directions", "against random directions of equal norm"),
        ("p_sets", "against sets of genes like the targets"),
    ):
        ps = rows[name].to_numpy(float)
        test = stats.kstest(ps, "uniform")
        deciles = " ".join(str(n) for n in np.histogram(ps, bins=10, range=(0, 1))[0])
        found.append(
            f"{title}: mean p {ps.mean():.3f}, p < 0.05 in {np.mean(ps < 0.05):.1%}; worlds by tenth of p {deciles}"
        )
        found.append(f"  Kolmogorov-Smirnov against uniform: D = {test.statistic:.4f}, p = {test.pvalue:.3f}")
    return found
