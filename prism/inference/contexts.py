"""How much the contexts of a trained Prism differ between genes, between channels, and from one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prism.compute.batches import chunks

# The weights lie between 0 and 1. Below this standard deviation over genes they are called collapsed: every gene has
# the same contexts, and the intervention is a fixed mask of channels.
COLLAPSED = 0.02


def context_spread(
    module: nn.Module, windows, indices: Sequence[int], device: torch.device, batch_size: int
) -> dict[str, Any]:
    """Spread of the context weights of some genes, in eval mode.

    module: a Prism with contexts, on `device`.
    windows: a `Windows` reader.
    indices: (n,) places of the genes in the dataset.
    device: where the model computes.
    batch_size: genes that go through the encoder at once.

    Returns what `spread_of` does and `collapsed`: whether learned contexts are the same for every gene.
    """
    was_training, weights = module.training, []
    module.eval()
    with torch.inference_mode():
        for chunk in chunks(indices, batch_size):
            batch = windows.batch(chunk).without_expression().to(device)
            weights.append(module.context_weights(batch.signals).cpu())
    module.train(was_training)
    found = spread_of(torch.cat(weights))
    return found | {"collapsed": module.encodes and found["genes"] > 1 and found["sd_over_genes"] < COLLAPSED}


def spread_of(weights: Tensor) -> dict[str, Any]:
    """Spread of context weights: plain numbers; standard deviations are those of the population.

    weights: (genes, d, n).

    Returns genes: their number; sd_over_genes: of a weight, the mean over channels and contexts; sd_over_channels: of
    the weights of a context, the mean over genes and contexts; mean_cosine: of two contexts of a gene, the mean over
    pairs and genes, None where there is one context.
    """
    weights = weights.double()
    genes, _, n = weights.shape
    columns = F.normalize(weights, dim=1)
    cosines = columns.transpose(1, 2) @ columns
    first, second = torch.triu_indices(n, n, offset=1)
    return {
        "genes": genes,
        "sd_over_genes": weights.std(dim=0, correction=0).mean().item(),
        "sd_over_channels": weights.std(dim=1, correction=0).mean().item(),
        "mean_cosine": cosines[:, first, second].mean().item() if n > 1 else None,
    }


def collapse_warning(spread: dict[str, Any]) -> str | None:
    """A line that says that contexts have collapsed; None where they have not.

    spread: as `context_spread` returns it.
    """
    if not spread["collapsed"]:
        return None
    return (
        f"warning: the learned contexts are the same for every gene: over {spread['genes']:,} genes their weights have "
        f"a standard deviation of {spread['sd_over_genes']:.3f} (below {COLLAPSED}), over channels of "
        f"{spread['sd_over_channels']:.3f}; the intervention is a fixed mask of channels. normalise_contexts: true "
        "keeps genes apart"
    )
