"""Damages one byte of a file after the other, as a bad disk or memory does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

BITS = (0x01, 0x80, 0xFF)


def damaged(path: Path, many: int, seed: int = 0) -> Iterator[int]:
    """Write the file anew with one byte changed, `many` times, and give the place; it is whole again afterwards.

    The places are spread evenly, and shifted at random within their step, so that none is always left out.
    """
    content, dice = path.read_bytes(), Random(seed)
    step = max(1, len(content) // many)
    try:
        for first in range(0, len(content), step):
            place = min(first + dice.randrange(step), len(content) - 1)
            changed = bytearray(content)
            changed[place] ^= dice.choice(BITS)
            path.write_bytes(changed)
            yield place
    finally:
        path.write_bytes(content)


def never_silent(
    path: Path, read: Callable[[], object], same: Callable[[object, object], bool], many: int
) -> int:
    """How often a damaged byte was named; fails where one changes what is read and is not named with the file."""
    right, named = read(), 0
    for place in damaged(path, many):
        found, told = _tried(read)
        if told is None:
            assert same(found, right), f"byte {place} changes what is read, and nobody says so"
        else:
            assert str(path) in told, f"byte {place}: the file is not named in {told}"
            named += 1
    return named


def _tried(read: Callable[[], object]) -> tuple[object, str | None]:
    try:
        return read(), None
    except ValueError as error:
        return None, str(error)
