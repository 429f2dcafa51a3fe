"""Distribution of the label over genes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from prism.drawing import style


@style.paper()
def label_figure(label: Mapping[str, Any] | None) -> Figure:
    """Histogram of the label; genes whose label is exactly 0 have their own colour.

    label: `label` of `prism.quality.measure.measure`, or None.
    """
    figure, body = style.page(style.COLUMN, 2.0, [])
    axes = body.subplots()
    if not label:
        style.empty(axes, "no label: this cell type is only predicted for")
        axes.set_axis_off()
        return figure
    edges, counts = np.array(label["histogram"]["edges"]), np.array(label["histogram"]["counts"])
    zeros = round(label["zeros"] * label["n"])
    width = np.diff(edges)
    rest = counts.copy()
    rest[0 if zeros else slice(0, 0)] -= zeros
    axes.bar(edges[:-1], rest, width * 0.92, align="edge", color=style.EXPRESSED, linewidth=0, gid="genes")
    if zeros:
        axes.bar(edges[0], zeros, width[0] * 0.92, bottom=rest[0], align="edge", color=style.LOW, linewidth=0,
                 gid="zeros", label=f"exactly 0: {style.count(zeros, 'gene')}")  # fmt: skip
        axes.legend(loc="upper right", handlelength=0.9, handleheight=0.9)
    axes.axvline(label["median"], color=style.INK, linewidth=0.7, linestyle=(0, (3, 2)), gid="median")
    axes.annotate(f"median {label['median']:.2f}", (label["median"], 1.0), xycoords=("data", "axes fraction"),
                  xytext=(3, 2), textcoords="offset points", fontsize=6.5, color=style.NOTE)  # fmt: skip
    axes.set_xlabel(f"label, log₁₀(x + 1) of {label['assay'] or 'expression'}")
    axes.set_ylabel("genes")
    axes.margins(x=0.01)
    return figure
