"""Numbers on their way from a GPU."""

from __future__ import annotations

import torch
from torch import Tensor


class Readback:
    """A copy of a few numbers, asked for at once and waited for only when it is looked at.

    Work that the GPU is given later neither changes the copy nor is waited for. On a CPU it is a plain copy.

    values: a tensor of any shape.
    """

    def __init__(self, values: Tensor) -> None:
        # on a GPU into pinned memory: nothing waits
        self._values = values.detach().to("cpu", non_blocking=True, copy=True)
        self._arrived = torch.cuda.Event() if values.is_cuda else None
        if self._arrived is not None:
            self._arrived.record()

    def tolist(self) -> list[float]:
        """The numbers; waits until they have arrived."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return self._values.tolist()
