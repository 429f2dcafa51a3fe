"""Random batches for small models, and what is counted of a module."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from prism import models
from prism.genome.batch import Batch


def random_batch(n: int, length: int, n_signals: int, n_rna_features: int, seed: int = 0) -> Batch:
    """`n` windows with unknown bases among their sequence and signals in [0, 1), the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randint(0, 5, (n, length), generator=generator)
    return Batch(
        sequence=F.one_hot(codes, 5)[..., :4].float(),
        signals=torch.rand(n, length, n_signals, generator=generator),
        rna_features=torch.randn(n, n_rna_features, generator=generator),
        expression=torch.rand(n, generator=generator),
    )


def batch_with_peaks(
    n: int = 2, length: int = 64, n_signals: int = 3, n_rna_features: int = 9, seed: int = 0
) -> Batch:
    """A random batch, half of whose positions lie in peaks."""
    batch = random_batch(n, length, n_signals, n_rna_features, seed)
    return replace(batch, peaks=random_mask(n, length, 0.5, seed))


def random_mask(n: int, length: int, share: float, seed: int = 0) -> torch.Tensor:
    """(n, length) bool, `share` of them true."""
    return torch.rand(n, length, generator=torch.Generator().manual_seed(seed + 1)) < share


def count(module: nn.Module) -> int:
    """Parameters of a module."""
    return sum(parameter.numel() for parameter in module.parameters())


def with_and_without_checkpoints(name: str, settings: dict[str, Any], batch: Batch) -> nn.Module:
    """Checks that checkpointed layers run twice and change no gradient; the plain model, its gradients in place."""
    plain, sparing = (
        models.build(name, settings | {"checkpoint_layers": checkpointed}) for checkpointed in (False, True)
    )
    sparing.load_state_dict(plain.state_dict())
    runs = []
    sparing.backbone.layers[0].register_forward_hook(lambda *_: runs.append(1))
    for model in (plain, sparing):
        model(batch).expression.sum().backward()
    assert len(runs) == 2
    for ours, theirs in zip(plain.parameters(), sparing.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=0, atol=0)
    return plain
