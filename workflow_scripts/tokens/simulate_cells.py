"""Writes the simulated cells of the demo, on its simulated genome."""

from __future__ import annotations

import argparse
import json

from workflow_scripts import cli


def main() -> None:
    """Simulate."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add(
        "--settings",
        required=True,
        type=json.loads,
        help="JSON object with fields of simulate.regulation.Regulation",
    )
    add("--genome", required=True, type=json.loads, help="JSON object with fields of simulate.Settings")
    add("--out", required=True, help="folder to write to")
    arguments = parser.parse_args()

    from prism.simulate.landscape import lay_out
    from prism.simulate.regulation import Regulation, draw_world
    from prism.simulate.regulation.files import write_world
    from prism.simulate.settings import Settings

    world = draw_world(Regulation.read(arguments.settings), lay_out(Settings.read(arguments.genome)))
    write_world(world, arguments.out)


if __name__ == "__main__":
    cli.run(main)
