"""Float32 where the result is sensitive, whatever the precision of the matrix products."""

from __future__ import annotations

import torch
from torch import Tensor


def at_least_float32(x: Tensor) -> Tensor:
    """The tensor with bfloat16 and float16 raised to float32; float32 and float64 as they are.

    x: any shape, floating point.
    """
    return x.to(torch.promote_types(x.dtype, torch.float32))


def full_precision(x: Tensor) -> torch.autocast:
    """Context in which autocast is off: for small layers where bfloat16 saves nothing.

    x: a tensor on the device in question.
    """
    return torch.autocast(x.device.type, enabled=False)
