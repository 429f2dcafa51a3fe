"""A whole optimiser step, captured once and replayed: on a GPU one launch (a CUDA graph) instead of a thousand.

A replay does the same work at the same addresses. So the batch is copied into tensors that stay, the learning rate and
the counts of steps are on the device, and everything that a step changes is changed in place. What `obstacle` names is
not captured: models whose forward pass is not `capturable`, `micro_batch` and `checkpoint_layers` (backward passes
within the backward pass), and fp16 (its loss scale is decided on the host after each step).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from prism.compute.precision import autocast
from prism.genome.batch import Batch
from prism.protocol.settings import TrainingSettings
from prism.training.loop.micro_batches import LossOf
from prism.training.loop.state import random_state, restore_random_state

# takes a step, returns what repeats it
Capture = Callable[[Callable[[], None]], Callable[[], None]]

# steps before a capture, as PyTorch's notes on CUDA graphs have it: kernels are compiled, plans made
WARM_UP = 3
TOLERANCE = {"fp32": 1e-4, "bf16": 1e-2}  # of loss and gradient's norm, relative
# part of the first change of the weights by which a replay's may differ: AdamW's first change is the sign of the
# gradient, which rounding may turn where it is almost 0; no change, or twice the change, is wrong by the whole of it
PART = 0.5


def cuda_graph(step: Callable[[], None]) -> Callable[[], None]:
    """Capture a step on the current GPU, without doing it.

    step: the work, which changes everything in place.

    Returns a function that repeats the step.
    Raises RuntimeError where the step cannot be captured.
    """
    graph = torch.cuda.CUDAGraph()
    try:
        # after a failure torch.cuda.graph would leave its own stream the current one
        with torch.cuda.stream(torch.cuda.current_stream()), torch.cuda.graph(graph):
            step()
    except RuntimeError:
        # and the generator in the state of a capture, in which it draws no more numbers
        generator = torch.cuda.default_generators[torch.cuda.current_device()]
        generator.graphsafe_set_state(torch.Generator(generator.device))
        raise
    return graph.replay


def obstacle(module: nn.Module, settings: TrainingSettings, precision: str) -> str | None:
    """Why the steps of a training cannot be captured; None where they can.

    module: the model.
    settings: of the training.
    precision: of matrix products: fp32, bf16 or fp16.
    """
    if not module.capturable:
        return f"{module.architecture}'s forward pass is not made for it"
    if any(getattr(inner, "checkpoint_layers", False) for inner in module.modules()):
        return "checkpoint_layers"
    if settings.micro_batch and settings.micro_batch < settings.batch_size:
        return "micro_batch"
    return "the loss scale of fp16" if precision == "fp16" else None


class CapturedStep:
    """Forward, loss, backward, clipping and AdamW on one batch after another of the same shape.

    loss_of: the loss of a batch, and its terms by name.
    module: the model.
    optimiser: an AdamW after `make_capturable`.
    batch: the first one, on the device.
    precision: of matrix products: fp32 or bf16.
    largest_norm: to which the gradient is clipped.
    """

    def __init__(
        self,
        loss_of: LossOf,
        module: nn.Module,
        optimiser: Optimizer,
        batch: Batch,
        precision: str,
        largest_norm: float,
    ) -> None:
        self.loss_of, self.module, self.optimiser = loss_of, module, optimiser
        self.precision, self.largest_norm = precision, largest_norm
        self.batch = Batch(**{name: value.clone() for name, value in _tensors(batch).items()})
        self.device = batch.sequence.device
        # loss, its terms, gradient's norm: by name, and overwritten by each step
        self.names: list[str] = []
        self.values: Tensor | None = None
        self._replay: Callable[[], None] | None = None

    def prepare(self, capture: Capture) -> None:
        """Capture the step, and leave weights, optimiser and random numbers as they are.

        The first replay is compared with a warm-up step from the same weights, random numbers and batch.

        capture: `cuda_graph`, or what replaces it in tests.
        Raises RuntimeError where the step cannot be captured, or where a replay does something else.
        """
        snapshot, start = Snapshot(self.module, self.optimiser, self.device), self._weights()
        try:
            expected, weights = self._warm_up()
            snapshot.restore()
            replay = capture(self._step)
            snapshot.restore()
            replay()
            self._refuse_another(expected, weights, start)
        finally:
            snapshot.restore()
        self._replay = replay

    def fits(self, batch: Batch) -> bool:
        """Whether a batch has the captured shapes.

        batch: on any device.
        """
        return _shapes(batch) == _shapes(self.batch)

    def replay(self, batch: Batch) -> dict[str, Tensor]:
        """Do the step with a batch of the captured shapes.

        batch: its tensors are copied into the captured ones.
        Returns views of `values` by name, good until the next replay.
        """
        for name, value in _tensors(batch).items():
            getattr(self.batch, name).copy_(value, non_blocking=True)
        self._replay()
        return dict(zip(self.names, self.values.unbind(), strict=True))

    def _step(self) -> None:
        # gradients are made anew within the step and let go at its end: a graph can use their memory again
        self.optimiser.zero_grad(set_to_none=True)
        # Lightning's autocast may be around, which keeps casts of the weights: they would be captured stale
        with torch.autocast(self.device.type, enabled=False):
            with autocast(self.device, self.precision, cached=False):
                loss, terms = self.loss_of(self.batch)
            loss.backward()
            norm = nn.utils.clip_grad_norm_(self.module.parameters(), self.largest_norm)
            self.optimiser.step()
            self.optimiser.zero_grad(set_to_none=True)
            self.names = ["train_loss", *(f"loss_{name}" for name in terms), "grad_norm"]
            values = torch.stack([loss.detach(), *(term.detach() for term in terms.values()), norm.detach()])
            if self.values is None:
                self.values = torch.empty_like(values)
            self.values.copy_(values)

    def _warm_up(self) -> tuple[Tensor, Tensor]:
        """The values and the weights after the first of a few steps."""
        with _side_stream(self.device), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch would have a capturable optimiser captured at once
            self._step()
            first = self.values.clone(), self._weights()
            for _ in range(WARM_UP - 1):
                self._step()
        return first

    def _weights(self) -> Tensor:
        return torch.cat([parameter.detach().flatten() for parameter in self.module.parameters()])

    def _refuse_another(self, values: Tensor, weights: Tensor, start: Tensor) -> None:
        expected, found = values[[0, -1]].tolist(), self.values[[0, -1]].tolist()
        close = {"rtol": TOLERANCE[self.precision], "atol": 0.0, "equal_nan": True}
        if not torch.allclose(torch.tensor(found), torch.tensor(expected), **close):
            raise RuntimeError(
                f"a replay has loss {found[0]:.6g} and gradient norm {found[1]:.6g}, the step itself "
                f"{expected[0]:.6g} and {expected[1]:.6g}"
            )
        moved, off = (weights - start).norm().item(), (self._weights() - weights).norm().item()
        if off > PART * moved:
            raise RuntimeError(
                f"a replay leaves other weights: they differ by {off:.3g}, a step moves {moved:.3g}"
            )


class Snapshot:
    """Copies of all that a step changes, to be put back in place, because a captured step keeps the addresses.

    module: the model.
    optimiser: of its parameters.
    device: where the model computes.
    """

    def __init__(self, module: nn.Module, optimiser: Optimizer, device: torch.device) -> None:
        self._optimiser, self._device, self._random = optimiser, device, random_state(device)
        changed = [*module.parameters(), *module.buffers(), *self._of_optimiser()]
        self._copies = [(tensor, tensor.detach().clone()) for tensor in changed]

    @torch.no_grad()
    def restore(self) -> None:
        """Put everything back; states that the optimiser has made since are set to zeros, as they began."""
        for tensor, copy in self._copies:
            tensor.copy_(copy)
        known = {id(tensor) for tensor, _ in self._copies}
        for tensor in self._of_optimiser():
            if id(tensor) not in known:
                tensor.zero_()
        restore_random_state(self._random, self._device)

    def _of_optimiser(self) -> list[Tensor]:
        return [value for state in self._optimiser.state.values() for value in state.values()]


def _tensors(batch: Batch) -> dict[str, Tensor]:
    """A batch's tensors by name, without elements: no capturable model reads them."""
    named = {field.name: getattr(batch, field.name) for field in fields(batch)}
    return {name: value for name, value in named.items() if isinstance(value, Tensor)}


def _shapes(batch: Batch) -> dict[str, tuple[torch.Size, torch.dtype]]:
    return {name: (value.shape, value.dtype) for name, value in _tensors(batch).items()}


@contextmanager
def _side_stream(device: torch.device) -> Iterator[None]:
    """Another stream than the current one, on a GPU: what autograd does on the default stream cannot be captured."""
    if device.type != "cuda":
        yield
        return
    side, current = torch.cuda.Stream(device), torch.cuda.current_stream(device)
    side.wait_stream(current)
    with torch.cuda.stream(side):
        yield
    current.wait_stream(side)
