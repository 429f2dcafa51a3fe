"""What every script begins with: bad input becomes one line instead of a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable

from prism.fetch.redaction import redacted


def run(main: Callable[[], None]) -> None:
    """Call a script's main function; where it raises ValueError or OSError, print the message and exit with 1.

    main: the function; those errors of it are about input, which the user can correct.
    """
    try:
        main()
    except (ValueError, OSError) as error:
        print(redacted(f"error: {error}"), file=sys.stderr, flush=True)
        raise SystemExit(1) from None
