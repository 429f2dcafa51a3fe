"""Puts finished runs side by side: scores, means over seeds, paired tests; refuses runs that cannot be compared."""

from __future__ import annotations

import argparse
import sys

from prism.evaluation.comparable import ScoredRun, refuse_incomparable, revisions, unrecorded
from prism.evaluation.comparison import metrics_table, paired_table, summary_table
from prism.files.checksums import writing_checked
from workflow_scripts import cli


def main() -> None:
    """Compare and write the three tables."""
    arguments = parsed()
    if not arguments.metrics:
        raise ValueError("no run to compare: none of the chosen cell types has a label; give one in its row")
    if len(arguments.metrics) != len(arguments.predictions):
        raise ValueError(
            f"{len(arguments.metrics)} metrics and {len(arguments.predictions)} predictions given; give one of each "
            "for every run"
        )
    runs = [ScoredRun.read(*paths) for paths in zip(arguments.metrics, arguments.predictions, strict=True)]
    refuse_incomparable(runs)
    made_by = ", ".join(f"{revision} ({count})" for revision, count in revisions(runs).items())
    print(f"{len(runs)} runs; git revisions: {made_by}", file=sys.stderr, flush=True)
    for line in unrecorded(runs):
        print(f"warning: {line}", file=sys.stderr, flush=True)
    scores = metrics_table(runs)
    outputs = {
        arguments.out_metrics: scores,
        arguments.out_summary: summary_table(scores),
        arguments.out_paired: paired_table(runs),
    }
    for path, table in outputs.items():
        with writing_checked(path) as part:
            table.to_csv(part, sep="\t", index=False)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        fromfile_prefix_chars="@",
        epilog="@FILE is replaced by the arguments in it, one a line",
    )
    add = parser.add_argument
    add("--metrics", nargs="*", required=True, help="metrics.json of every run")
    add("--predictions", nargs="*", required=True, help="predictions.tsv.gz, in the same order")
    for table in ("metrics", "summary", "paired"):
        add(f"--out-{table}", required=True, help=f"{table}.tsv to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)
