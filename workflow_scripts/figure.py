"""Draw one figure of the report as SVG and PNG: metrics, scatter, training_curves, mask or signal_profile."""

from __future__ import annotations

import argparse
import sys

import h5py
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
from prism.runs.record import RunRecord
from workflow_scripts import cli
from workflow_scripts.planning.paths import find

OPTIONS = {
    "metrics": ["--summary", "--metrics", "--runs"],
    "scatter": ["--cell-type", "--predictions", "--runs"],
    "training_curves": ["--cell-type", "--histories", "--runs"],
    "mask": ["--cell-type", "--masks", "--runs"],
    "signal_profile": ["--windows", "--genes"],
}
OPTIONAL = {"metrics": ["--published"], "scatter": ["--seed"], "signal_profile": ["--assay"]}


def _table(path: str) -> pd.DataFrame:
    names = dict.fromkeys(("cell_type", "model", "fold"), str)  # or fold 01 would become 1
    return pd.read_csv(path, sep="," if path.endswith(".csv") else "\t", dtype=names)


def _draw(args: argparse.Namespace, runs: list[RunRecord]) -> Figure:
    if args.figure == "metrics":
        known = _table(str(find(args.published, "published"))) if args.published else None
        for line in published.omissions(runs, known) if known is not None else []:
            print(line, file=sys.stderr, flush=True)
        return metrics_figure(_table(args.summary), _table(args.metrics), runs, known)
    if args.figure == "scatter":
        return scatter_figure(args.cell_type, [_table(path) for path in args.predictions], runs, args.seed)
    if args.figure == "training_curves":
        return training_curves_figure(args.cell_type, [_table(path) for path in args.histories], runs)
    if args.figure == "mask":
        return mask_figure(args.cell_type, [_table(path) for path in args.masks], runs)
    with h5py.File(args.windows) as windows:
        return signal_profile_figure(
            **profiles(windows, _table(args.genes)), assay=args.assay or "expression"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, fromfile_prefix_chars="@")
    figures = parser.add_subparsers(dest="figure", required=True)
    for name, required in OPTIONS.items():
        figure = figures.add_parser(name)
        for option in [*required, "--svg", "--png"]:
            many = option in ("--runs", "--predictions", "--histories", "--masks")
            figure.add_argument(option, required=True, nargs="+" if many else None)
        for option in OPTIONAL.get(name, []):
            figure.add_argument(option)
    args = parser.parse_args()
    runs = [RunRecord.read(path) for path in getattr(args, "runs", [])]
    drawn = _draw(args, runs)
    for path, form in ((args.svg, "svg"), (args.png, "png")):
        with writing(path) as part:
            style.save(drawn, part, form, full_record(runs) if runs else "")


if __name__ == "__main__":
    cli.run(main)
