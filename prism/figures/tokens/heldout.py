"""Masked genes of chromosomes that the adapter never saw: our DNA encoder against tokens that know less."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from prism.drawing import style
from prism.figures.tokens.tables import INTERVAL, footer, interval_dot, legend_marks, need, rows_axis

COLUMNS = ("output_tokens", "encoder", "fold", "metric", "value", "low", "high", "n")
OUTPUTS = {
    "dynamic": "dynamic outputs: the hidden gene is held out,\nand is looked for among held-out genes",
    "static": "static outputs: another gene is hidden,\nheld-out genes are its context",
}
ENCODERS = {
    "pretrained": "its own pretrained token",
    "run": "trained run",
    "enformer": "Enformer",
    "kmers": "k-mer counts",
    "shuffled": "DNA of another gene",
    "mean_token": "mean token, no DNA",
}
METRICS = {
    "accuracy": "accuracy\n(higher is better)",
    "mean_log_loss": "mean log loss, nats\n(lower is better)",
}
LOOKS = {
    "dna": {"color": style.EXPRESSED, "marker": "o", "label": "reads the gene's own DNA"},
    "none": {"color": "#4A4A4A", "marker": "s", "label": "does not"},
    "ceiling": {"color": style.LOW, "marker": "D", "label": "was trained on the gene: a ceiling, no rival"},
}
LOOK_OF = {"shuffled": "none", "mean_token": "none", "pretrained": "ceiling"}
ROW = 0.24  # inches of an encoder


@style.paper()
def heldout_figure(heldout: pd.DataFrame, record: Mapping[str, Any]) -> Figure:
    """Draw a block for each kind of output, a panel for each metric, a row for each encoder, a dot for each fold.

    heldout: as heldout.tsv: output_tokens, encoder, fold, metric, value, low, high, n.
    record: as record.json, for the small print.
    Raises ValueError for a column that is absent.
    """
    need(heldout, COLUMNS, "heldout.tsv")
    blocks = [name for name in OUTPUTS if name in set(heldout["output_tokens"])]
    blocks += [name for name in dict.fromkeys(heldout["output_tokens"]) if name not in OUTPUTS]
    sizes = [
        0.95 + ROW * heldout.loc[heldout["output_tokens"] == name, "encoder"].nunique() for name in blocks
    ]
    said = "a pretrained single-cell model has seen every gene: only the adapter has not seen those held out"
    figure, body = style.page(style.PAGE, sum(sizes or [1.0]) + 0.35, [said, *footer(record)])
    if not blocks:
        style.empty(body.subplots(), "heldout.tsv has no value: no chromosome was held out")
        return figure
    for part, name in zip(
        np.atleast_1d(body.subfigures(len(blocks), 1, height_ratios=sizes)), blocks, strict=True
    ):
        _block(part, name, heldout[heldout["output_tokens"] == name])
    handles = legend_marks(LOOKS.values())
    handles.append(
        Line2D([], [], color=style.NOTE, label="95% interval over genes (hollow: none)", **INTERVAL)
    )
    body.legend(handles=handles, loc="outside lower left", ncols=4, handlelength=1.4)
    return figure


def _block(figure, name: str, table: pd.DataFrame) -> None:
    encoders = [each for each in ENCODERS if each in set(table["encoder"])]
    encoders += [each for each in dict.fromkeys(table["encoder"]) if each not in ENCODERS]
    metrics = [each for each in METRICS if each in set(table["metric"])]
    metrics += [each for each in dict.fromkeys(table["metric"]) if each not in METRICS]
    grid = np.atleast_1d(figure.subplots(1, len(metrics), sharey=True))
    for axes, metric in zip(grid, metrics, strict=True):
        _panel(axes, table[table["metric"] == metric], encoders)
        axes.set_xlabel(METRICS.get(metric, metric.replace("_", " ")))
    rows_axis(grid, [ENCODERS.get(each, each.replace("_", " ")) for each in encoders])
    masked = sorted({int(n) for n in pd.to_numeric(table["n"]).dropna()})
    n = f"{masked[0]:,}" if len(masked) == 1 else f"{masked[0]:,} to {masked[-1]:,}" if masked else "?"
    names = [f"{fold}" for fold in dict.fromkeys(table["fold"])]
    folds = f"fold {names[0]}" if len(names) == 1 else f"folds {', '.join(names)} from above"
    figure.suptitle(f"{OUTPUTS.get(name, name)} · {n} guesses, {folds}".replace("\n", " "), x=0.01,
                    ha="left", fontsize=7.5)  # fmt: skip


def _panel(axes: Axes, table: pd.DataFrame, encoders: list[str]) -> None:
    folds = list(dict.fromkeys(table["fold"]))
    steps = np.linspace(-0.2, 0.2, len(folds)) if len(folds) > 1 else [0.0]
    for place, encoder in enumerate(encoders):
        look = LOOKS[LOOK_OF.get(encoder, "dna")]
        for step, fold in zip(steps, folds, strict=True):
            for _, row in table[(table["encoder"] == encoder) & (table["fold"] == fold)].iterrows():
                interval_dot(axes, row, place + step, look, f"{encoder} fold {fold}")
    axes.xaxis.set_major_locator(MaxNLocator(5))
