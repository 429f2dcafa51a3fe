"""One look for all figures: fonts, sizes, colours, and how a figure becomes bytes.

Nothing here depends on the machine: matplotlib's own font, fixed ids and no dates, so that the same numbers
give the same SVG, byte for byte.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import BinaryIO

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from prism.models.catalogue import ARCHITECTURES

COLUMN = 3.5  # width of one column of a paper, inches
PAGE = 7.1  # width of both columns, inches
PNG_DPI = 200

INK = "#222222"
NOTE = "#6B6B6B"
RULE = "#D9D9D9"
GHOST = "#DDDDDD"

OTHER = "#3D3D3D"  # an architecture that the catalogue does not have
WARNING = "#D55E00"
FINE = "#009E73"
EXPRESSED = "#0072B2"
LOW = "#E69F00"

PAPER = {
    "font.family": "sans-serif",
    # DejaVu Sans comes with matplotlib; Verdana has nearly its widths where a browser lacks it
    "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],
    "font.size": 7,
    "axes.titlesize": 7,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "text.color": INK,
    "text.parse_math": False,  # a "$" in a name or an assay is a dollar, never a formula
    "axes.edgecolor": "#555555",
    "axes.labelcolor": INK,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.useoffset": False,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "prism",
}


def paper():
    """Context (or decorator) for building and saving a figure: PAPER instead of the user's style."""
    return matplotlib.style.context(["default", PAPER])


def colour(architecture: str) -> str:
    """The colour of an architecture in every figure.

    architecture: a name in `prism.models.catalogue`; any other name gets the colour OTHER.
    """
    known = ARCHITECTURES.get(architecture)
    return known.colour if known else OTHER


def wrapped(name: str, width: int = 24) -> str:
    """Break a long model name into lines at '_', '-' and blanks; nothing is cut.

    name: of the model.
    width: letters of a line; default 24.
    """
    if len(name) <= width:
        return name
    lines = [""]
    for piece in name.replace("_", "_\0").replace("-", "-\0").replace(" ", " \0").split("\0"):
        parts = textwrap.wrap(piece, width, drop_whitespace=False) or [""]
        for part in parts:
            if lines[-1] and len(lines[-1]) + len(part) > width:
                lines.append("")
            lines[-1] += part
    return "\n".join(line.rstrip(" ") for line in lines)


def page(width: float, height: float, footer: list[str]) -> tuple[Figure, SubFigure]:
    """A figure and its body, above a footer in small grey type.

    width: of the figure, inches.
    height: of the body, inches.
    footer: lines, wrapped here.
    """
    letters = int(width * 25.5)
    lines = [part for line in footer for part in textwrap.wrap(line, letters, break_long_words=True)]
    below = 0.08 + 0.105 * len(lines)
    figure = Figure(figsize=(width, height + below), dpi=PNG_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.04, h_pad=0.04, wspace=0.03, hspace=0.03)
    body, foot = figure.subfigures(2, 1, height_ratios=[height, below])
    foot.text(0.04 / width, 0.04 / below, "\n".join(lines), fontsize=5.2, color=NOTE, va="bottom", linespacing=1.25,
              gid="provenance")  # fmt: skip
    return figure, body


def empty(axes: Axes, message: str) -> None:
    """Say in the middle of an axes why nothing is drawn there.

    axes: the empty one.
    message: why there is nothing to draw.
    """
    axes.text(0.5, 0.5, message, transform=axes.transAxes, ha="center", va="center", color=NOTE, fontsize=6.5)


def count(number: int, noun: str) -> str:
    """A number with its noun: `1,167 genes`, `1 gene`.

    number: how many there are.
    noun: the word for one of them, in the singular.
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def settle(figure: Figure) -> None:
    """Lay a figure out for good, on a grid of millionths of its size.

    figure: with constrained layout.

    The solver of the layout differs in the last bit from run to run, which would reach the bytes of the file.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for part in figure.findobj(SubFigure):
        for corner in ("p0", "p1"):
            setattr(part.bbox_relative, corner, np.round(getattr(part.bbox_relative, corner), 6) + 0.0)
    for axes in figure.findobj(Axes):
        axes.set_position(np.round(axes.get_position(original=True).bounds, 6) + 0.0)


def save(figure: Figure, path: str | Path | BinaryIO, form: str, description: str = "") -> None:
    """Write a figure without dates or versions.

    figure: of matplotlib.
    path: the file, or an open one.
    form: `svg` or `png`.
    description: goes into the file's metadata; default none.
    Raises ValueError for another form.
    """
    if form == "svg":
        metadata = {"Date": None, "Creator": None, "Description": description or None}
    elif form == "png":
        metadata = {"Software": None, "Description": description or None}
    else:
        raise ValueError(f"a figure is written as svg or png, not as {form!r}")
    with paper():
        if isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
            settle(figure)
        figure.savefig(path, format=form, dpi=PNG_DPI, metadata=metadata)
