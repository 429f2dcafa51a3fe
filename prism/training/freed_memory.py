"""Memory that the process has freed stays with it, to be used again."""

from __future__ import annotations

import ctypes

# of mallopt(3), glibc's malloc.h
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def keep() -> bool:
    """Let malloc hold on to freed memory: a training step makes the same arrays again and again.

    By default glibc maps each array above 32 MB by itself and gives it back when it is freed, so that every operation on
    a long window takes a page fault for each 4 kB that it writes: a third of the time of a step at 200 kb. The price is
    that the process never shrinks, and grows a little by fragmentation.
    Returns False where the C library has no such setting (musl, macOS): everything works there, slower.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    never = -1
    return bool(mallopt(M_MMAP_MAX, 0)) and bool(mallopt(M_TRIM_THRESHOLD, never))
