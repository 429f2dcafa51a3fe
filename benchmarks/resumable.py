"""What the benchmarks share that can be stopped at any moment: shares of the work, a table that processes add to."""

from __future__ import annotations

import argparse
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def add_options(parser: argparse.ArgumentParser, what: str, each: str) -> None:
    """Add --part, --minutes, --status and --table.

    parser: of the benchmark.
    what: that is shared between processes, such as genomes.
    each: that is measured, such as run.
    """
    parser.add_argument("--part", default="1/1", help=f"2/3: the second of three shares of the {what}")
    parser.add_argument("--minutes", type=float, default=float("inf"), help=f"begin no {each} after so many")
    parser.add_argument("--status", action="store_true", help="only say what is done")
    parser.add_argument("--table", action="store_true", help="only print the tables of what is done")


def parsed(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The command line, with --part as `share` of `shares`; ends the program where --part is no share.

    parser: with `add_options`.
    """
    options = parser.parse_args()
    share, _, shares = options.part.partition("/")
    if not (share.isdigit() and shares.isdigit() and 1 <= int(share) <= int(shares)):
        parser.error(f"--part {options.part}: give a share and the number of shares, such as 1/2")
    options.share, options.shares = int(share), int(shares)
    return options


def is_ours(number: int, options: argparse.Namespace) -> bool:
    """Whether this process has the work of a number.

    number: of a genome, or a seed.
    options: of `parsed`.
    """
    return number % options.shares == options.share % options.shares


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a table that several processes add to; its folder is made.

    path: of the table.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{path}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
