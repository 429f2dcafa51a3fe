"""Chooses the best candidate of an entry's tuning by validation MSE, and lists them all."""

from __future__ import annotations

import argparse
import json

from prism.jobs import records
from prism.runs.tuning import COLUMNS, choose, read_candidates, table_rows
from workflow_scripts import cli
from workflow_scripts.training.tuning_table import write_table


def main() -> None:
    """Choose, and write the choice and the table."""
    arguments = parsed()
    tune = json.loads(arguments.tune)
    found = read_candidates(arguments.records, tune)
    chosen = choose(found, tune)
    write_table(arguments.table, [list(COLUMNS), *table_rows(found, chosen)])
    records.write(arguments.chosen, chosen)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--tune", required=True, help="the entry's lists of values, as JSON")
    add("--records", required=True, nargs="+", help="records of the candidates, in order")
    add("--chosen", required=True, help="file to write (.json)")
    add("--table", required=True, help="file to write (.tsv)")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)
