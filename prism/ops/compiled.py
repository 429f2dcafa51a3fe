"""Compiles kernels with numba, once for each machine and precision, and runs them on torch's threads."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from threading import Lock

import numba
import torch
from numba.core import types

_SOURCES = (
    "lanes.py",
    "lane_functions.py",
    "scan_kernels.py",
    "scan_gradient_kernels.py",
    "conv_kernels.py",
    "sum_kernels.py",
)
_SHARES = 8  # pieces of the work for each thread: few calls from Python, and short waits for the last one
_log = logging.getLogger(__name__)


def _cache_folder() -> Path | None:
    """Where machine code is kept: $NUMBA_CACHE_DIR, else the user's cache folder; None where neither can be written.

    Numba sees only changes in the file of the kernel itself, so the folder is named by a hash of all kernel sources.
    """
    sources = b"".join((Path(__file__).parent / name).read_bytes() for name in _SOURCES)
    try:
        chosen = (
            os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        )
        folder = Path(chosen) / "prism" / hashlib.sha256(sources).hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as problem:  # RuntimeError: a user without a home
        _log.info("no folder for compiled kernels, so every process compiles them anew: %s", problem)
        return None
    return folder if os.access(folder, os.W_OK) else None


@cache
def compiled(kernel: Callable, dtype: torch.dtype, kinds: str) -> Callable:
    """A kernel compiled for one precision.

    kernel: its first two arguments are the first task and the one after the last.
    dtype: float32 or float64.
    kinds: of the other arguments, in order. A digit is an array of that many dimensions, with any strides;
    `b` is a truth value.
    """
    number = {torch.float32: types.float32, torch.float64: types.float64}[dtype]
    arguments = [types.boolean if kind == "b" else types.Array(number, int(kind), "A") for kind in kinds]
    signature = types.void(types.int64, types.int64, *arguments)
    folder = _cache_folder()
    if folder is None:
        return numba.njit(signature, nogil=True)(kernel)
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)
    try:
        return numba.njit(signature, nogil=True, cache=True)(kernel)
    except OSError as problem:
        _log.info("compiled kernels cannot be kept in %s: %s", folder, problem)
        return numba.njit(signature, nogil=True)(kernel)
    finally:
        numba.config.CACHE_DIR = before


_pool: ThreadPoolExecutor | None = None


def _forget_pool() -> None:
    global _pool
    _pool = None


os.register_at_fork(after_in_child=_forget_pool)


def run(kernel: Callable, tasks: int, *arguments) -> None:
    """Call kernel(first, stop, *arguments) for all tasks, a few at a time, on torch.get_num_threads() threads.

    Chance decides which thread takes which task; the numbers do not depend on it, because kernels write
    disjoint places.

    kernel: a compiled one.
    tasks: how many there are.
    *arguments: passed on to every call.
    """
    global _pool
    threads = min(torch.get_num_threads(), tasks)
    if threads <= 1:
        kernel(0, tasks, *arguments)
        return
    share = -(-tasks // (threads * _SHARES))
    waiting, lock = iter(range(0, tasks, share)), Lock()

    def work() -> None:
        while True:
            with lock:
                first = next(waiting, None)
            if first is None:
                return
            kernel(first, min(first + share, tasks), *arguments)

    if _pool is None:
        _pool = ThreadPoolExecutor(max(os.cpu_count() or 1, torch.get_num_threads()), "prism-ops")
    others = [_pool.submit(work) for _ in range(threads - 1)]
    work()
    for other in others:
        other.result()
