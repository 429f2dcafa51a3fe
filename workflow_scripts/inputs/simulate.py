"""Writes the simulated genome of the demo."""

from __future__ import annotations

import argparse
import json

from prism.simulate import simulate
from workflow_scripts import cli


def main() -> None:
    """Simulate."""
    arguments = parsed()
    try:
        settings = json.loads(arguments.settings)
    except json.JSONDecodeError as error:
        raise ValueError(f"--settings is not JSON ({error}): {arguments.settings!r}") from error
    if not isinstance(settings, dict):
        raise ValueError(f"--settings = {arguments.settings!r}; give a JSON object like '{{\"seed\": 1}}'")
    simulate(settings, arguments.out)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--settings", default="{}", help="JSON object with any of prism.simulate.Settings' fields")
    add("--out", required=True, help="folder to write to")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)
