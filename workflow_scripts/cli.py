"""What every script begins with: bad input becomes one line instead of a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable

from prism.fetch.redaction import redacted
from prism.jobs.log import ended, go_on, log_of_a_rule


def run(main: Callable[[], None], last: bool = True) -> None:
    """Call a script's main function; where it raises ValueError or OSError, print the message and exit with 1.

    In a rule's job, the log begins with what earlier attempts, which failed or were killed, wrote to it.

    main: the function; those errors of it are about input, which the user can correct.
    last: whether the job ends with this script; default True.
    """
    log = log_of_a_rule()
    if log:
        go_on(log)
    try:
        main()
        if log and last:
            ended(log)
    except (ValueError, OSError) as error:
        print(redacted(f"error: {error}"), file=sys.stderr, flush=True)
        raise SystemExit(1) from None
