"""The parameters of one reading direction of a Mamba mixer."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Direction(NamedTuple):
    """Mamba-1 (Gu and Dao 2023), d = d_inner:

    conv_weight: (d, width), the last tap is the present position; conv_bias: (d,).
    x_weight: (rank + 2n, d), makes the low-rank step, B and C of each position from the convolved input.
    dt_weight: (d, rank), dt_bias: (d,): the step of a channel is softplus(dt_weight @ low + dt_bias).
    A_log: (d, n), A = -exp(A_log); D: (d,), the skip.
    reverse: reads from the end to the start.
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
        return self[:-1]
