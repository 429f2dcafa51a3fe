"""x W' + b in one pass over the result, where nothing is trained.

PyTorch writes the bias into the result first and adds the product to it; oneDNN adds it while the product is in the
registers. At the size of Geneformer V1 that halves the time of a linear layer in float32.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def linear(x: Tensor, weight: Tensor, bias: Tensor, add: Tensor | None = None, relu: bool = False) -> Tensor:
    """x W' + b, then + `add` or a ReLU; by oneDNN's kernel on a CPU where no gradient is needed.

    x: (tokens, d_in).
    weight: (d_out, d_in).
    bias: (d_out,).
    add: (tokens, d_out), what is added to the result; default None, for nothing.
    relu: whether the result is cut at 0, without `add` only; default False.
    """
    if not _fused(x, weight, bias):
        found = functional.linear(x, weight, bias)
        found = found if add is None else found + add
        return found.relu() if relu else found
    if add is not None:
        return torch.ops.mkldnn._linear_pointwise(x, add, weight, bias, "add")
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "relu" if relu else "none", [], "")


def _fused(x: Tensor, *weights: Tensor) -> bool:
    learns = torch.is_grad_enabled() and any(each.requires_grad for each in (x, *weights))
    return (
        not learns
        and x.device.type == "cpu"
        and x.dtype in (torch.float32, torch.bfloat16)
        and len(x) > 0
        and not torch.is_autocast_enabled("cpu")
        and torch.backends.mkldnn.is_available()
    )
