"""Why a file could not be fetched."""

from __future__ import annotations


class FetchError(ValueError):
    """A file could not be fetched; the message names the file, the value and the fix."""


class RefusedError(FetchError):
    """This address will not give the file, however often it is asked."""


class WrongError(FetchError):
    """The bytes are not the file that was asked for."""


class BrokenError(Exception):
    """A transfer failed for a reason that may pass.

    message: what happened.
    wait: seconds that the server asks to wait; default 0.
    """

    def __init__(self, message: str, wait: float = 0.0):
        super().__init__(message)
        self.wait = wait
