"""Why a file could not be fetched."""

from __future__ import annotations


class FetchError(ValueError):
    """The file cannot be had as asked; the message names the file, the value and the fix."""


class RefusedError(FetchError):
    """This address will not give the file, however often it is asked."""


class WrongError(FetchError):
    """The bytes are not the file that was asked for."""


class BrokenError(Exception):
    """A transfer failed in a way that may pass; `wait` is the pause in seconds that the server asks for."""

    def __init__(self, message: str, wait: float = 0.0):
        super().__init__(message)
        self.wait = wait
