"""Lets a training start, unless its trial fitted only after something was cut."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from prism.jobs.trial_record import refuse_cut
from workflow_scripts.cli import run


def main() -> None:
    """Parse the command line and look at the trial, if there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--trial", nargs="?", help="the trial's record (.json); none where training waits for none"
    )
    arguments = parser.parse_args()
    if arguments.trial:
        refuse_cut(json.loads(Path(arguments.trial).read_text()), arguments.trial)


if __name__ == "__main__":
    run(main)
