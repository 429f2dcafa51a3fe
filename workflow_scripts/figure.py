"""Draws one figure of the report as SVG and PNG: metrics, scatter, training_curves, mask or signal_profile."""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import zlib
from collections.abc import Callable
from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from prism.drawing import style
from prism.drawing.footer import full_record
from prism.drawing.windows_profile import profiles
from prism.figures import published
from prism.figures.mask import mask_figure
from prism.figures.metrics import metrics_figure
from prism.figures.scatter import scatter_figure
from prism.figures.signal_profile import signal_profile_figure
from prism.figures.training_curves import training_curves_figure
from prism.files.atomic import writing
from prism.files.checksums import refuse_damaged
from prism.files.hdf5 import whole
from prism.genome.dataset.opened import AGAIN, open_dataset
from prism.runs.history import read_history
from prism.runs.predictions import read_predictions
from prism.runs.record import RunRecord
from workflow_scripts import cli
from workflow_scripts.planning.tables.paths import find


class ReportFigure(NamedTuple):
    """A figure of the report: what draws it, and its options beside --svg and --png (`several`: lists of files)."""

    draw: Callable[[argparse.Namespace, list[RunRecord]], Figure]
    one: tuple[str, ...] = ()
    several: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


def main() -> None:
    """Draw the figure and save it in both forms."""
    arguments = parsed()
    runs = [RunRecord.read(path) for path in getattr(arguments, "runs", [])]
    drawn = FIGURES[arguments.figure].draw(arguments, runs)
    for path, form in ((arguments.svg, "svg"), (arguments.png, "png")):
        with writing(path) as part:
            style.save(drawn, part, form, full_record(runs) if runs else "")


def _metrics(given: argparse.Namespace, runs: list[RunRecord]) -> Figure:
    known = read_table(str(find(given.published, "published"))) if given.published else None
    references = json.loads(given.references or "{}")
    for line in published.omissions(runs, known, references) if known is not None else []:
        print(line, file=sys.stderr, flush=True)
    tables = read_table(given.summary), read_table(given.metrics)
    return metrics_figure(*tables, runs, known, references=references)


def _scatter(given: argparse.Namespace, runs: list[RunRecord]) -> Figure:
    return scatter_figure(given.cell_type, list(map(read_predictions, given.predictions)), runs, given.seed)


def _training_curves(given: argparse.Namespace, runs: list[RunRecord]) -> Figure:
    return training_curves_figure(given.cell_type, list(map(read_history, given.histories)), runs)


def _mask(given: argparse.Namespace, runs: list[RunRecord]) -> Figure:
    return mask_figure(given.cell_type, list(map(read_table, given.masks)), runs)


def _signal_profile(given: argparse.Namespace, _: list[RunRecord]) -> Figure:
    with open_dataset(given.windows) as windows, whole(given.windows, AGAIN):
        found = profiles(windows, read_table(given.genes))
    return signal_profile_figure(**found, assay=given.assay or "expression")


def read_table(path: str) -> pd.DataFrame:
    """A table that the workflow made.

    path: the file; commas separate the cells of a .csv, tabs those of any other.
    Raises ValueError, with the file and the fix, for a damaged one.
    """
    names = dict.fromkeys(("cell_type", "model", "fold"), str)  # or fold 01 would become 1
    refuse_damaged(path)
    try:
        return pd.read_csv(path, sep="," if path.endswith(".csv") else "\t", dtype=names)
    except (
        EOFError,
        gzip.BadGzipFile,
        zlib.error,
        ValueError,
    ) as error:  # pandas' and UTF-8's are ValueErrors
        raise ValueError(f"{path}: cannot be read ({error}); delete it and run the workflow again") from None


FIGURES = {
    "metrics": ReportFigure(_metrics, ("summary", "metrics"), ("runs",), ("published", "references")),
    "scatter": ReportFigure(_scatter, ("cell-type",), ("predictions", "runs"), ("seed",)),
    "training_curves": ReportFigure(_training_curves, ("cell-type",), ("histories", "runs")),
    "mask": ReportFigure(_mask, ("cell-type",), ("masks", "runs")),
    "signal_profile": ReportFigure(_signal_profile, ("windows", "genes"), (), ("assay",)),
}


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, fromfile_prefix_chars="@")
    figures = parser.add_subparsers(dest="figure", required=True)
    for name, drawn in FIGURES.items():
        add = figures.add_parser(name).add_argument
        for option in (*drawn.one, "svg", "png"):
            add(f"--{option}", required=True)
        for option in drawn.several:
            add(f"--{option}", required=True, nargs="+")
        for option in drawn.optional:
            add(f"--{option}")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)
