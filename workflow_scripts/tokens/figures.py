"""Draws the figures of an entry of `tokens` from its tables, each as SVG and PNG."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

from prism.drawing import style
from prism.figures.tokens.controls import controls_figure
from prism.figures.tokens.direct_indirect import direct_indirect_figure
from prism.figures.tokens.heldout import heldout_figure
from prism.figures.tokens.network import network_figure
from prism.figures.tokens.profile import profile_figure
from prism.figures.tokens.ranked import ranked_figure
from prism.figures.tokens.routes import routes_figure
from prism.files.atomic import writing
from prism.files.checked_json import read_checked
from workflow_scripts import cli
from workflow_scripts.figure import read_table


class TokenFigure(NamedTuple):
    """A figure: what draws it, and the tables that it gets before the record."""

    draw: Callable[..., Figure]
    tables: tuple[str, ...]


FIGURES = {
    "ranked": TokenFigure(ranked_figure, ("effects",)),
    "profile": TokenFigure(profile_figure, ("profile",)),
    "network": TokenFigure(network_figure, ("edges", "effects")),
    "controls": TokenFigure(controls_figure, ("scores",)),
    "direct_indirect": TokenFigure(direct_indirect_figure, ("scores",)),
    "heldout": TokenFigure(heldout_figure, ("heldout",)),
    "routes": TokenFigure(routes_figure, ("routes",)),
}
TABLES = sorted({table for figure in FIGURES.values() for table in figure.tables})


def main() -> None:
    """Draw all figures into a folder, as <figure>.svg and <figure>.png."""
    given = parsed()
    tables = {name: read_table(getattr(given, name)) for name in TABLES}
    record = read_checked(given.record, "record", "run the workflow again")
    for name, figure in FIGURES.items():
        drawn = figure.draw(*(tables[table] for table in figure.tables), record)
        for form in ("svg", "png"):
            with writing(Path(given.out) / f"{name}.{form}") as part:
                style.save(drawn, part, form, json.dumps(record["provenance"], sort_keys=True))


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in TABLES:
        parser.add_argument(f"--{name}", required=True, help=f"{name}.tsv of results/tokens/<name>/")
    parser.add_argument("--record", required=True, help="its record.json")
    parser.add_argument("--out", required=True, help="folder to write into")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)
