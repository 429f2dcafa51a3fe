"""Counts the bytes that a forward pass keeps for the gradients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from prism.genome.batch import Batch
from prism.ops.recompute import Recomputation


def kept_bytes(module: nn.Module, batch: Batch) -> int:
    """Bytes of the storages kept between a forward pass of `module` and its backward pass, weights and batch apart.

    A storage counts once and whole, however many views of it are kept.
    """
    own = {_key(x) for x in (*module.parameters(), *module.buffers(), *_tensors(batch))}
    kept: dict[tuple, Tensor] = {}

    def see(x: Tensor) -> Tensor:
        kept[_key(x)] = x  # held, so that its memory is not given to another
        return x

    with _inside_recomputation(see), torch.autograd.graph.saved_tensors_hooks(see, lambda x: x):
        output = module(batch)
    seen = {key: x for key, x in kept.items() if key not in own}
    assert output.expression.requires_grad
    return sum(x.untyped_storage().nbytes() for x in seen.values())


@contextmanager
def _inside_recomputation(see) -> Iterator[None]:
    # only the innermost hooks see a tensor: those of a Recomputation hide it from the ones outside
    original = Recomputation._pack

    def pack(self, saved: Tensor):
        answer = original(self, saved)
        if isinstance(answer, Tensor):
            see(answer)
        else:
            for held in (*answer[0].make.args, *answer[0].make.keywords.values()):
                if isinstance(held, Tensor):
                    see(held)
        return answer

    Recomputation._pack = pack
    try:
        yield
    finally:
        Recomputation._pack = original


def _tensors(batch: Batch) -> list[Tensor]:
    elements = vars(batch.elements) if batch.elements else {}
    return [x for x in (*vars(batch).values(), *elements.values()) if isinstance(x, Tensor)]


def _key(x: Tensor) -> tuple:
    storage = x.untyped_storage()
    return storage.data_ptr(), storage.nbytes()
