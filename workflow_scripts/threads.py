"""Keeps a script to its share of the processor."""

from __future__ import annotations

import os

VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def limit(threads: int) -> None:
    """Let numpy, numba and torch of this process use `threads` threads, and no more.

    Call it before any of them is imported: they read their variables then. So the scripts that call it import the
    package inside `main`.

    threads: at least 1; ValueError for less.
    """
    if threads < 1:
        raise ValueError(f"--threads {threads}: give a number of at least 1")
    os.environ.update(dict.fromkeys(VARIABLES, str(threads)))
    # Between two products, torch's threads would wait by spinning on the cores that our own kernels run on.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")

    import torch

    torch.set_num_threads(threads)
