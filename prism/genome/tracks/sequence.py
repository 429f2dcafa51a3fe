"""Bases: codes and one-hot rows."""

from __future__ import annotations

import numpy as np

LETTERS = "ACGT"
UNKNOWN = 4


def _code_table() -> bytes:
    table = bytearray([UNKNOWN] * 256)
    for code, letter in enumerate(LETTERS):
        table[ord(letter)] = table[ord(letter.lower())] = code
    return bytes(table)


_CODES = _code_table()
_LETTERS_OF = np.frombuffer(f"{LETTERS}N".encode(), np.uint8)
_ONE_HOT = np.vstack([np.eye(4, dtype=np.float32), np.zeros((1, 4), np.float32)])


def encode(bases: str | bytes) -> np.ndarray:
    """Codes (length,) uint8 of a sequence: A0 C1 G2 T3 in either case, else 4.

    bases: letters; line ends are skipped.
    """
    if isinstance(bases, str):
        bases = bases.encode("ascii", "replace")
    return np.frombuffer(bases.translate(_CODES, b"\r\n"), np.uint8)


def decode(codes: np.ndarray) -> str:
    """The letters of codes; N for an unknown base.

    codes: (length,) uint8.
    """
    return _LETTERS_OF[codes].tobytes().decode()


def one_hot(codes: np.ndarray) -> np.ndarray:
    """One-hot rows (..., 4) float32, A C G T; an unknown base is a row of zeros.

    codes: (...) uint8.
    """
    return _ONE_HOT[codes]
