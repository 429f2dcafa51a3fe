"""The parameters of one reading direction of a Mamba mixer."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Direction(NamedTuple):
    """The parameters of one direction of Mamba-1 (Gu and Dao 2023), d = d_inner.

    conv_weight: (d, width); the last tap is the present position.
    conv_bias: (d,).
    x_weight: (rank + 2n, d), makes the low-rank step, B and C of each position from the convolved input.
    dt_weight: (d, rank); the step of a channel is softplus(dt_weight @ low + dt_bias).
    dt_bias: (d,).
    A_log: (d, n), A = -exp(A_log).
    D: (d,), the skip.
    reverse: whether it reads from the end to the start; default False.
    """

    conv_weight: Tensor
    conv_bias: Tensor
    x_weight: Tensor
    dt_weight: Tensor
    dt_bias: Tensor
    A_log: Tensor
    D: Tensor
    reverse: bool = False

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The parameters without `reverse`."""
        return self[:-1]
