"""Which kernel a tensor goes to: that of its device, unless the environment variable PRISM_SCAN says otherwise."""

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
    return x.device.type == "cpu" and not _chosen()


def on_triton(x: Tensor) -> bool:
    """Whether `x` goes to the Triton kernels: on a GPU wherever Triton can be imported, but for float64.

    On a CPU only with PRISM_SCAN=triton, through Triton's interpreter (ValueError where that is off).
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
