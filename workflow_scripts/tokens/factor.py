"""Mutates the window of one factor: how far that, and every control, moves the genes of its cells."""

from __future__ import annotations

from pathlib import Path

from workflow_scripts import cli, threads
from workflow_scripts.tokens.options import cell_files, dna_files, parser_of


def main() -> None:
    """Measure and write."""
    parser = parser_of(__doc__, dna=True)
    parser.add_argument("--adapters", required=True, help="checkpoint of the adapters")
    parser.add_argument("--factor", required=True, help="its key in the configuration")
    parser.add_argument("--profile", help="table to write: its mutation profile, in place of the shifts")
    parser.add_argument("--record", help="JSON to write beside the profile")
    parser.add_argument("--out", help="file to write: the shifts (.npz)")
    arguments = parser.parse_args()
    threads.limit(arguments.threads)

    from prism.jobs import records
    from prism.tokens.steps.effects import write_effects
    from prism.tokens.steps.factor import measure
    from prism.tokens.steps.measuring import Measuring
    from prism.tokens.steps.profile import profile_of
    from prism.tokens.steps.tables import write_table

    measuring = Measuring.read(
        cell_files(arguments),
        dna_files(arguments),
        arguments.settings,
        Path(arguments.foundation).parent,
        arguments.adapters,
        arguments.factor,
    )
    if arguments.profile:
        table, told = profile_of(measuring)
        write_table(arguments.profile, table)
        records.write(arguments.record, told)
    else:
        write_effects(arguments.out, measure(measuring))


if __name__ == "__main__":
    cli.run(main)
