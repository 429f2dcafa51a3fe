"""Eyes for what was drawn: a figure's panels, marks, words and bytes."""

from __future__ import annotations

import io

from prism.drawing import style


def panels(figure):
    """All axes of a figure and its subfigures."""
    return [axes for part in figure.subfigs for axes in panels(part)] + [
        a for a in figure.axes if a.figure is figure
    ]


def marks(axes, gid):
    """(x, y) arrays of the lines with this id, in drawing order."""
    return [line.get_xydata().T for line in axes.lines if line.get_gid() == gid]


def words(figure):
    """All text of a figure."""
    return "\n".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


def drawn(figure, form="svg", description=""):
    """The bytes of a figure."""
    out = io.BytesIO()
    style.save(figure, out, form, description)
    return out.getvalue()
