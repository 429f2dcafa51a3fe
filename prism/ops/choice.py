"""Which kernel a tensor goes to: its device's, unless the environment variable PRISM_SCAN says otherwise."""

from __future__ import annotations

import logging
import os
from functools import cache

import torch
from torch import Tensor

_log = logging.getLogger(__name__)


def _chosen() -> str:
    chosen = os.environ.get("PRISM_SCAN", "")
    if chosen not in ("", "reference", "triton"):
        raise ValueError(
            f"PRISM_SCAN={chosen!r} in the environment: expected 'reference', 'triton', or unset"
        )
    return chosen


def on_cpu_kernel(x: Tensor) -> bool:
    """Whether a tensor goes to the CPU's kernels.

    x: of any type.
    """
    return x.device.type == "cpu" and not _chosen()


def on_triton(x: Tensor) -> bool:
    """Whether a tensor goes to the Triton kernels: on a GPU with Triton installed, unless it is float64.

    x: of any type.
    Raises ValueError for PRISM_SCAN=triton with a tensor on a CPU if Triton's interpreter is off.

    On a CPU, only with PRISM_SCAN=triton, through the interpreter.
    """
    chosen = _chosen()
    if chosen == "reference" or x.dtype == torch.float64:
        return False
    if x.device.type == "cpu" and chosen == "triton":
        if os.environ.get("TRITON_INTERPRET") != "1":
            raise ValueError(
                "PRISM_SCAN=triton with tensors on the CPU: set TRITON_INTERPRET=1 before Python starts (slow, for "
                "tests), or unset PRISM_SCAN for the CPU's own kernel"
            )
        return True
    return x.device.type == "cuda" and triton_serves_gpus()


def triton_serves_gpus() -> bool:
    """Whether half and single precision go to the Triton kernels on a GPU."""
    return _chosen() != "reference" and _has_triton()


@cache
def _has_triton() -> bool:
    try:
        import triton  # noqa: F401
    except ImportError as problem:
        _log.warning("Triton cannot be imported, so the plain PyTorch scan runs, which is slow: %s", problem)
        return False
    return True
