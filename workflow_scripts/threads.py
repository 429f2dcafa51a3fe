"""Keeps a script to its share of the processor; call before numpy, numba or torch are imported."""

from __future__ import annotations

import os

VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def limit(threads: int) -> None:
    """Let numpy, numba and torch of this process use `threads` threads, and no more."""
    if threads < 1:
        raise ValueError(f"--threads {threads} must be at least 1")
    os.environ.update(dict.fromkeys(VARIABLES, str(threads)))

    import torch

    torch.set_num_threads(threads)
