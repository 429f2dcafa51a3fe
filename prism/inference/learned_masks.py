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
from prism.genome.reading import refuse_other_orientation
from prism.inference.prediction import with_columns
from prism.inference.trained import Trained
from prism.jobs.log import Countdown, say
from prism.models.catalogue import names
from prism.protocol.settings import TrainingSettings


class LearnedMasks(NamedTuple):
    """Masks and signals of some genes' windows as the model in eval mode saw them; always on the + strand.

    Windows that the model reads turned are turned back.

    indices: (genes,) places in the dataset.
    mask: (genes, length) float32 in [0, 1]; 0 in the blacklist, 1 around the TSS.
    signals: (genes, length, n_signals) float32.
    """

    indices: list[int]
    mask: np.ndarray
    signals: np.ndarray


def learned_masks(
    trained: Trained,
    data: Windows,
    indices: Sequence[int],
    device: str = "auto",
    cpu_precision: str = "fp32",
) -> Iterator[LearnedMasks]:
    """Yield the masks of some genes of a dataset, a few genes at a time.

    trained: seq2exp_soft or seq2exp_hard.
    data: opened with the checkpoint's length, signals and orientation.
    indices: (n,) places of the genes in the dataset.
    device: auto (the default), cpu, cuda or cuda:<number>.
    cpu_precision: of matrix products on a CPU, fp32 (the default) or bf16.
    Raises ValueError for a model that learns no mask, another orientation, and where the genes lack a feature of the
    model's training.
    """
    refuse_other_orientation(data, trained.checkpoint["entry"], "the model")
    columns = trained.feature_columns(data.rna_feature_names)
    settings = TrainingSettings.from_entry(trained.checkpoint["entry"].get("training") or {})
    with reserved(device, say) as place:
        precision = usable_precision(settings.precision, place, cpu_precision)
        say(
            f"device: {describe(place)}, products in {precision}; {len(indices):,} genes x {data.length:,} bp"
        )
        module = trained.module.to(place)
        progress, done = Countdown(len(indices), "genes"), 0
        for chunk in chunks(indices, settings.genes_at_once(data.length)):
            batch = with_columns(data.batch(chunk).without_expression().to(place), columns)
            with torch.inference_mode(), autocast(place, precision):
                details = module(batch, with_details=True).details
            if "mask" not in details:
                masking = names(lambda entry: entry.learns_a_mask)
                raise ValueError(
                    f"{trained.checkpoint['architecture']} learns no mask; ask for that of {' or '.join(masking)}"
                )
            mask, signals = (each.float().cpu().numpy() for each in (details["mask"], batch.signals))
            turned = data.turned[chunk]
            for values in (mask, signals):
                values[turned] = values[turned, ::-1]
            yield LearnedMasks(chunk, mask, signals)
            done += len(chunk)
            progress.reached(done)
