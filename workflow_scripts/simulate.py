"""Writes the simulated genome of the demo: python -m workflow_scripts.simulate --settings '<JSON>' --out DIR."""

from __future__ import annotations

import argparse
import json

from prism.simulate import simulate
from workflow_scripts import cli


def main() -> None:
    """Parse the command line and simulate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--settings", default="{}", help="JSON object with any of prism.simulate.Settings' fields"
    )
    parser.add_argument("--out", required=True, help="folder to write to")
    arguments = parser.parse_args()
    try:
        settings = json.loads(arguments.settings)
    except json.JSONDecodeError as error:
        raise ValueError(f"--settings is not JSON ({error}): {arguments.settings!r}") from error
    if not isinstance(settings, dict):
        raise ValueError(f"--settings = {arguments.settings!r}; give a JSON object like '{{\"seed\": 1}}'")
    simulate(settings, arguments.out)


if __name__ == "__main__":
    cli.run(main)
