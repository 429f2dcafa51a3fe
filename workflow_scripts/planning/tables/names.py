"""Names that a configuration gives, against those that are there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like `name`, capitals aside; None where none is like it.

    name: the unknown one.
    known: those that are there.
    """
    by_fold = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(name.casefold(), by_fold, n=1)
    return by_fold[close[0]] if close else None


def among(name: str, known: Iterable[str]) -> str:
    """The known names, and the nearest one, as the end of an error about an unknown `name`.

    name: the unknown one.
    known: those that are there.
    """
    known = list(known)
    close = nearest(name, known)
    there = f"there are: {', '.join(known) or 'none'}"
    return f"{there}; did you mean {close!r}?" if close else there


def refuse_alike(names: Iterable[str], what: str) -> None:
    """Refuse names that differ in capitals only: some file systems do not tell their files apart.

    names: each once.
    what: they are, what the error begins with.
    Raises ValueError with the two.
    """
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            raise ValueError(
                f"{what} {other!r} and {name!r} differ in capitals only, and so would their files; rename one"
            )
