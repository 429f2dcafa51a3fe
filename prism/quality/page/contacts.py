"""Contacts with the TSS against distance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from prism.drawing import style


@style.paper()
def contacts_figure(contacts: Mapping[str, Any]) -> Figure:
    """Mean contact feature against the distance of a bin from the TSS's bin, a line for each map.

    contacts: `contacts` of `prism.quality.measure.measure`.
    Raises ValueError if there are none.
    """
    if not contacts:
        raise ValueError("there are no contacts to draw; leave the figure out")
    figure, body = style.page(style.COLUMN, 2.0, [])
    axes = body.subplots()
    for number, (name, found) in enumerate(contacts.items()):
        colour = [style.EXPRESSED, style.LOW][number] if number < 2 else style.OTHER
        axes.plot(np.array(found["distance"]) / 1000, found["mean"], "o-", color=colour, markersize=2.6,
                  markeredgewidth=0, gid="decay", label=name)  # fmt: skip
    axes.set_ylim(bottom=0)
    axes.set_xlabel("distance of the bin from the TSS's bin, kb")
    axes.set_ylabel("mean of log₁₀(x + 1)")
    if len(contacts) > 1:
        axes.legend(loc="upper right")
    return figure
