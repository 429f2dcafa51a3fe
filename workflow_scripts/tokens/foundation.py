"""Pretrains a small single-cell model by masked-gene prediction."""

from __future__ import annotations

from pathlib import Path

from workflow_scripts import cli, threads
from workflow_scripts.tokens.options import cell_files, parser_of


def main() -> None:
    """Pretrain and save."""
    parser = parser_of(__doc__)
    parser.add_argument("--dictionary", required=True, help="that the door wrote")
    parser.add_argument("--config", required=True, help="config.json to write; the weights go beside it")
    parser.add_argument("--record", required=True, help="JSON to write: its losses")
    arguments = parser.parse_args()
    threads.limit(arguments.threads)

    from prism.tokens.steps.pretraining import pretrain_small

    folder = Path(arguments.config).parent
    pretrain_small(cell_files(arguments), arguments.settings, folder, arguments.record)


if __name__ == "__main__":
    cli.run(main)
