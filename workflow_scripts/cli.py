"""Runs a script's main function; bad input becomes one line instead of a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable


def run(main: Callable[[], None]) -> None:
    """Call `main`; a ValueError or OSError is the user's to mend: print it and exit with 1."""
    try:
        main()
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        raise SystemExit(1) from None
