"""A figure as SVG inside an HTML page."""

from __future__ import annotations

import html
import io
import re

from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from prism.drawing import style

ZOOM = 1.3  # printed type of 7 points is small on a screen


def inline_svg(figure: Figure, name: str, words: str) -> str:
    """The <svg> element of a figure, as wide as its container, without blank above and below.

    figure: made with `style.page`.
    name: unique in the page; starts every id of the element.
    words: what it shows, for those who cannot see it.
    """
    out = io.BytesIO()
    style.save(figure, out, "svg")
    text = out.getvalue().decode()
    text = text[text.index("<svg") :].strip()
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = _ids(text, name)
    width, height = 72 * figure.get_size_inches()
    # in pixels; the figure's own box would take an empty footer for a full one
    box = Bbox.union([part.get_tightbbox() for part in figure.subfigs if part.axes])
    low, high = max(72 / figure.dpi * box.y0 - 2, 0), min(72 / figure.dpi * box.y1 + 2, height)
    end = text.index(">")
    head = re.sub(r'\s(width|height|viewBox)="[^"]*"', "", text[:end]).removeprefix("<svg")
    view = f"0 {height - high:.2f} {width:.2f} {high - low:.2f}"
    size = f"width:100%;max-width:{width / 72 * 96 * ZOOM:.0f}px;height:auto"
    return (
        f'<svg role="img" aria-label="{html.escape(words)}" style="{size}" viewBox="{view}"{head}{text[end:]}'
    )


def _ids(text: str, name: str) -> str:
    """Keep the ids that something points to, with the figure's name before them; ids are unique in a page."""
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', text))
    text = re.sub(
        r'\sid="([^"]*)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", text
    )
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", text)
