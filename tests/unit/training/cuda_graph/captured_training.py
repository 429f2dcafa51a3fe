"""Small trainings whose step is captured, and what stands in for CUDA's capture on a CPU."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

from tests.unit.training.tiny_training import CLOCK, ENTRY

LENGTH = 64
SMALL = {"d_model": 8, "n_layer": 1, "center_len": LENGTH}
CAPTURABLE = ("caduceus", "caduceus_signals", "hyenadna", "mamba", "prism")
SYNCHRONISING = {
    "aten::_local_scalar_dense", "aten::is_nonzero", "aten::nonzero", "aten::masked_select", "aten::equal",
    "aten::_unique2", "aten::unique_dim", "aten::bincount",
}  # fmt: skip


def entry_of(name: str, **training) -> dict:
    """Prism has BatchNorm's buffers and three loss terms, HyenaDNA draws random numbers."""
    return ENTRY | {
        "architecture": name,
        "length": LENGTH,
        "settings": SMALL,
        "training": ENTRY["training"] | training,
    }


class StandIn:
    """Captures a step without doing it, as CUDA does, and repeats it by calling it; after a replay it calls `look`."""

    def __init__(self, look=lambda step: None):
        self.look, self.replays = look, 0

    def __call__(self, step):
        def replay():
            step()
            self.replays += 1
            self.look(step.__self__)

        return replay


class RefusesQuestions(TorchDispatchMode):
    """Refuses operations that wait for a GPU: those of which a shape, or a Python number, depends on values."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func._schema.name
        if name in ("aten::index", "aten::index_put", "aten::index_put_"):
            kinds = {index.dtype for index in args[1] if index is not None}
            name = "a boolean index" if kinds & {torch.bool, torch.uint8} else name
        if name in SYNCHRONISING or name == "a boolean index":
            raise RuntimeError(f"{name} waits for the device")
        return func(*args, **(kwargs or {}))


class Tape(RefusesQuestions):
    """Every operation of torch's, to be done again with the same tensors: as in a CUDA graph, no Python runs again."""

    def __init__(self):
        super().__init__()
        self.operations = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        # views of what is given and made: a squeeze_ may change the shape of a tensor, but not that of its view
        given, named = tree_map_only(torch.Tensor, torch.ops.aten.alias, (args, kwargs or {}))
        done = super().__torch_dispatch__(func, types, args, kwargs)
        made = tree_map_only(torch.Tensor, torch.ops.aten.alias, done)
        self.operations.append((partial(func, *given, **named), made))
        return done

    def replay(self):
        with torch._C._AutoDispatchBelowAutograd():
            for operation, made in self.operations:
                for old, new in zip(tree_leaves(made), tree_leaves(operation()), strict=True):
                    if isinstance(old, torch.Tensor) and old.numel() and old.data_ptr() != new.data_ptr():
                        old.copy_(new)


def taped(step):
    """Capture a step on a tape."""
    tape = Tape()
    with tape:
        step()
    return tape.replay


def same_numbers(paths, others, relative):
    """History and predictions of two runs, but for rounding; on a CPU they are the same bit for bit (`same_files`)."""
    histories = [pd.read_csv(each.history).drop(columns=CLOCK) for each in (paths, others)]
    pd.testing.assert_frame_equal(*histories, check_exact=False, rtol=relative, atol=relative)
    predictions = [pd.read_csv(each.predictions, sep="\t")["prediction"] for each in (paths, others)]
    np.testing.assert_allclose(*predictions, rtol=relative, atol=relative)
