"""Activations that are cheaper to make again in the backward pass than to keep."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


class Recomputation(torch.autograd.graph.saved_tensors_hooks):
    """Context in which chosen tensors are not kept for gradients, but made again in the backward pass.

    `add(value, make)` chooses one. `make()` runs in the backward pass, once however many operations need the
    tensor, without gradients and without autocast. It must return the same numbers in the same type, and must
    not hold the tensor itself. The tensor must stay alive until the context ends, because its memory
    identifies it. Contexts do not add up: inside a nested one, only its own tensors are made again.
    """

    def __init__(self) -> None:
        self._recipes: dict[tuple, _Recipe] = {}
        super().__init__(self._pack, self._unpack)

    def __enter__(self) -> Recomputation:
        super().__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        super().__exit__(*raised)
        self._recipes = {}  # the graph alone decides how long a recipe, and what it holds, lives

    def add(self, value: Tensor, make: Callable[[], Tensor]) -> None:
        """Do not keep a tensor from here on.

        value: the tensor.
        make: makes it again.
        """
        if torch.is_grad_enabled() and value.is_contiguous():
            self._recipes[_memory(value)] = _Recipe(make, value.device.type)

    def _pack(self, saved: Tensor) -> Tensor | tuple[_Recipe, torch.Size]:
        # A Linear layer keeps a (batch * length, d) view of what it is given: the same memory in another
        # shape.
        recipe = self._recipes.get(_memory(saved)) if saved.is_contiguous() else None
        if recipe is None:
            return saved
        recipe.uses += 1
        return recipe, saved.shape

    @staticmethod
    def _unpack(kept: Tensor | tuple[_Recipe, torch.Size]) -> Tensor:
        return kept if isinstance(kept, Tensor) else kept[0].value().reshape(kept[1])


class _Recipe:
    """Stands in the graph for a tensor; holds it only between its first and its last use in the backward pass."""

    def __init__(self, make: Callable[[], Tensor], device_type: str) -> None:
        self.make = make
        self.device_type = device_type
        self.uses = 0
        self._left = 0
        self._value: Tensor | None = None

    def value(self) -> Tensor:
        if self._value is None:
            with torch.no_grad(), torch.autocast(self.device_type, enabled=False):
                self._value = self.make()
            self._left = self.uses
        value = self._value
        self._left -= 1
        if self._left == 0:
            self._value = None
        return value


def _memory(x: Tensor) -> tuple:
    return x.data_ptr(), x.dtype, x.numel()
