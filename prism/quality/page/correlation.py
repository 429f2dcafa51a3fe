"""How well each signal alone says what the label is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from prism.drawing import style
from prism.quality.signal_rules import LEAKAGE

COLOURS = {"centre": style.EXPRESSED, "window": style.LOW}
SHIFT = {"centre": -0.12, "window": 0.12}


@style.paper()
def correlation_figure(numbers: Mapping[str, Any]) -> Figure:
    """Spearman correlation over genes of every signal with the label, around the TSS and over the window.

    numbers: of `prism.quality.measure.measure`.

    The shaded ends are where leakage is likely.
    """
    signals = numbers["signals"] if numbers["label"] else {}
    figure, body = style.page(style.COLUMN, max(2.0, 0.95 + 0.27 * len(signals)), [])
    axes = body.subplots()
    if not signals:
        style.empty(axes, "no label or no signal to correlate")
        axes.set_axis_off()
        return figure
    axes.axvspan(LEAKAGE, 1, color="#F6E3D6", linewidth=0, zorder=0)
    axes.axvspan(-1, -LEAKAGE, color="#F6E3D6", linewidth=0, zorder=0)
    axes.axvline(0, color="#999999", linewidth=0.6, zorder=1)
    names = {
        "centre": f"within {numbers['centre_half']:,} bp of the TSS",
        "window": f"window of {numbers['length']:,} bp",
    }
    for region, colour in COLOURS.items():
        points = [
            (signal["label"][region]["spearman"], row + SHIFT[region])
            for row, signal in enumerate(signals.values())
            if signal["label"][region]["spearman"] is not None
        ]
        for rho, row in points:
            axes.plot([0, rho], [row, row], color=colour, linewidth=1.0, solid_capstyle="butt")
        axes.plot(*zip(*points, strict=True), "o", color=colour, markersize=3.6, markeredgewidth=0, gid=region,
                  label=names[region]) if points else None  # fmt: skip
    axes.set_yticks(range(len(signals)), [style.wrapped(name) for name in signals])
    axes.set_ylim(len(signals) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(-1, 1)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("Spearman correlation with the label over genes\nshaded: leakage is likely")
    body.legend(loc="outside upper left", ncols=1, handlelength=1.0, borderaxespad=0.2)
    return figure
