"""A step's gradient from parts of its batch, in the memory of one part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace

import torch
from torch import Tensor, nn

from prism.genome.batch import Batch, Elements

# the loss of some genes, a mean over them, and its named terms
LossOf = Callable[[Batch], tuple[Tensor, dict[str, Tensor]]]


def parts(batch: Batch, size: int) -> Iterator[Batch]:
    """Cut a batch into consecutive smaller ones.

    batch: any batch.
    size: genes of a part; the last part may hold fewer.
    """
    for start in range(0, len(batch), size):
        yield _genes(batch, slice(start, start + size))


def accumulated(
    loss_of: LossOf, module: nn.Module, batch: Batch, size: int, scale: float = 1.0
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of a batch, computed part by part: only one part's activations are in memory at a time.

    Every loss term must be a mean over genes, so that a part counts by how many genes it has; `refuse_coupled` refuses
    models without such a loss.

    loss_of: the loss of some genes and its terms by name.
    module: the model, whose parameters get the gradient.
    batch: the whole batch.
    size: genes of a part.
    scale: factor of the gradients on their way, default 1: fp16's loss scale, without which small ones would be lost.

    Returns the loss, which can be differentiated once with respect to the module's parameters, and its terms, detached.
    """
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    terms: dict[str, Tensor] = {}
    loss = _Accumulated.apply(loss_of, terms, (batch, size, scale), *parameters)
    return loss, terms


def coupling(module: nn.Module) -> str | None:
    """The name of a layer that makes the genes of a batch depend on each other in training; None without one.

    module: a model of `prism.models`.
    """
    for name, inner in module.named_modules():
        if isinstance(inner, nn.modules.batchnorm._BatchNorm):
            return name
    return None


def refuse_coupled(module: nn.Module, micro_batch: int | None, batch_size: int) -> None:
    """Raise ValueError where a training in parts would be another one: BatchNorm takes statistics of a whole batch.

    module: a model of `prism.models`.
    micro_batch: genes of a part; None for whole batches.
    batch_size: genes of a step.
    """
    if micro_batch is None or micro_batch >= batch_size:
        return
    if (name := coupling(module)) is not None:
        raise ValueError(
            f"training: micro_batch {micro_batch} with batch_size {batch_size}: {name} is a BatchNorm, whose "
            "statistics are those of a whole batch; in parts the training would be another one. Leave "
            "micro_batch out, and save memory with settings.checkpoint_layers or a smaller batch_size"
        )


class _Accumulated(torch.autograd.Function):
    """Computes gradients in the forward pass, where each part's graph can be let go at once."""

    @staticmethod
    def forward(ctx, loss_of: LossOf, terms: dict[str, Tensor], how, *parameters: Tensor) -> Tensor:
        batch, size, scale = how
        total: Tensor | None = None
        sums: list[Tensor | None] = [None] * len(parameters)
        for part in parts(batch, size):
            share = len(part) / len(batch)
            with torch.enable_grad():
                loss, named = loss_of(part)
                found = _gradients(loss * (share * scale), parameters)
            # autocast keeps casts of the weights, and with them this part's graph
            torch.clear_autocast_cache()
            sums = [_sum(before, gradient) for before, gradient in zip(sums, found, strict=True)]
            total = _sum(total, share * loss.detach())
            for name, value in named.items():
                terms[name] = _sum(terms.get(name), share * value.detach())
        ctx.sums = [None if each is None else each / scale for each in sums]
        return total

    @staticmethod
    def backward(ctx, gradient: Tensor):
        sums, ctx.sums = ctx.sums, None
        return (None, None, None, *(None if each is None else gradient * each for each in sums))


def _gradients(loss: Tensor, parameters: list[nn.Parameter]) -> list[Tensor | None]:
    """Gradients by `.backward()`: layers that run again in the backward pass (checkpoint_layers) allow no other way."""
    before = [parameter.grad for parameter in parameters]
    for parameter in parameters:
        parameter.grad = None
    try:
        loss.backward()
        return [parameter.grad for parameter in parameters]
    finally:
        for parameter, gradient in zip(parameters, before, strict=True):
            parameter.grad = gradient


def _sum(before: Tensor | None, value: Tensor | None) -> Tensor | None:
    if before is None or value is None:
        return value if before is None else before
    return before + value


def _genes(batch: Batch, some: slice) -> Batch:
    def cut(value):
        if isinstance(value, Elements):
            return Elements(*(cut(getattr(value, field.name)) for field in fields(value)))
        return value[some] if isinstance(value, Tensor) else value

    return replace(batch, **{field.name: cut(getattr(batch, field.name)) for field in fields(batch)})
