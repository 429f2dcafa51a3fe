"""The mask that a trained Seq2Exp lays over each window (Seq2Exp, ICLR 2025, section 3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from prism.compute.batches import chunks
from prism.compute.device import describe
from prism.compute.gpu_lock import reserved
from prism.compute.precision import autocast, usable_precision
from prism.genome.dataset.windows import Windows
from prism.inference.prediction import Trained, with_columns
from prism.jobs.log import say
from prism.models.catalogue import names
from prism.protocol.settings import TrainingSettings


class Masked(NamedTuple):
    """Some genes' windows on the + strand, as the model in eval mode saw them."""

    indices: list[int]  # of the dataset
    mask: np.ndarray  # (genes, length) float32 in [0, 1]: 0 in the blacklist, 1 around the TSS
    signals: np.ndarray  # (genes, length, n_signals) float32


def masks(
    trained: Trained,
    data: Windows,
    indices: Sequence[int],
    device: str = "auto",
    cpu_precision: str = "fp32",
) -> Iterator[Masked]:
    """The masks of some genes of a dataset, opened with the checkpoint's length and signals; a few genes at a time.

    Raises ValueError for a model that learns none, and where the genes lack a feature that it was trained with.
    """
    columns = trained.feature_columns(data.rna_feature_names)
    settings = TrainingSettings.from_entry(trained.checkpoint["entry"].get("training") or {})
    with reserved(device, say) as place:
        precision = usable_precision(settings.precision, place, cpu_precision)
        say(
            f"device: {describe(place)}, products in {precision}; {len(indices):,} genes x {data.length:,} bp"
        )
        module = trained.module.to(place)
        for chunk in chunks(indices, settings.genes_at_once(data.length)):
            batch = with_columns(data.batch(chunk).without_expression().to(place), columns)
            with torch.inference_mode(), autocast(place, precision):
                details = module(batch, with_details=True).details
            if "mask" not in details:
                masking = names(lambda entry: entry.learns_a_mask)
                raise ValueError(
                    f"{trained.checkpoint['architecture']} learns no mask; ask for that of {' or '.join(masking)}"
                )
            yield Masked(chunk, details["mask"].float().cpu().numpy(), batch.signals.float().cpu().numpy())
