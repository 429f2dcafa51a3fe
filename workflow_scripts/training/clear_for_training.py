"""Lets a training start, unless its trial fitted only after something was cut."""

from __future__ import annotations

import argparse

from prism.files.checked_json import read_checked
from prism.jobs.trial_record import refuse_cut
from workflow_scripts import cli


def main() -> None:
    """Look at the trial, if there is one."""
    arguments = parsed()
    if arguments.trial:
        refuse_cut(read_checked(arguments.trial, "trial's record", "try the model again"), arguments.trial)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--trial", nargs="?", help="the trial's record (.json); no value where training waits for no trial")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)
