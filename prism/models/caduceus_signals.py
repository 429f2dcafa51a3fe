"""Caduceus with signals; masked to accessibility peaks, it is the MACS3 baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from prism.genome.batch import Batch
from prism.models.architecture import (
    Architecture,
    at_least,
    check_widths,
    flag,
    one_of,
    part_below_one,
    stem_of,
)
from prism.models.blocks.caduceus import BACKBONE_AUTHORS_NAMES, authors_backbone_sizes, caduceus_backbone
from prism.models.blocks.head import HEAD_AUTHORS_NAMES, Head, authors_rna_width, pool_centre
from prism.models.blocks.mamba import kept_by_mamba
from prism.models.blocks.signal_dropout import without_some_signals
from prism.models.blocks.stem import StemLinear, patches
from prism.models.catalogue import traits
from prism.models.catalogue.tokens import MEAN, Stem
from prism.models.contract import Output
from prism.models.kept import Kept, Numbers

INPUT_MASKS = traits("caduceus_signals").choices("input_mask")


class CaduceusSignals(Architecture):
    """Linear(4 + n_signals, d) on sequence and signals side by side, the Caduceus backbone, pooling, head.

    With `input_mask: peaks` (the MACS3 baseline) the embedded positions outside Batch.peaks, bias included,
    are set to 0, the promoter's too where it is no peak: the published way (arXiv 2502.13991). With a stem, the bases
    outside the peaks are set to 0 before it, and a token without a base in a peak is 0. Without signals it is Caduceus.
    """

    AUTHORS_NAMES = ((r"^embed\.", ("input_layer.",)), *BACKBONE_AUTHORS_NAMES, *HEAD_AUTHORS_NAMES)

    def __init__(
        self,
        *,
        length: int,
        n_signals: int,
        n_rna_features: int,
        d_model: int,
        n_layer: int,
        center_len: int,
        pool_bins: int,
        stem: Mapping[str, Any] | None,
        input_mask: str | None,
        signal_dropout: float,
        checkpoint_layers: bool,
    ) -> None:
        """Settings: see the catalogue."""
        super().__init__()
        self.n_signals = at_least("n_signals", n_signals, 0)
        self.n_rna_features = at_least("n_rna_features", n_rna_features, 0)
        self.stem = stem_of(length, center_len, pool_bins, stem)
        self.center_len, self.pool_bins = center_len, pool_bins
        self.signal_dropout = part_below_one("signal_dropout", signal_dropout)
        self.input_mask = one_of("input_mask", input_mask, INPUT_MASKS)
        self.embed = StemLinear(4 + n_signals, at_least("d_model", d_model, 1), self.stem)
        self.backbone = caduceus_backbone(
            d_model, at_least("n_layer", n_layer, 1), flag("checkpoint_layers", checkpoint_layers)
        )
        self.head = Head(pool_bins * d_model, n_rna_features, d_model)

    def forward(self, batch: Batch, with_details: bool = False) -> Output:
        """Predict `batch`; details: `mask` (batch, length) of 0 and 1, where the input is masked."""
        check_widths(batch, self.n_rna_features, self.n_signals)
        signals = without_some_signals(batch.signals, self.signal_dropout if self.training else 0.0)
        inputs, details = torch.cat([batch.sequence, signals], dim=-1), {}
        if self.input_mask == "peaks":
            if batch.peaks is None:
                raise ValueError(
                    "input_mask: peaks needs peaks in the dataset; name a peak file for this cell type"
                )
            mask = batch.peaks.to(inputs.dtype)
            details = {"mask": mask.float()}
            if self.stem.size > 1:  # a token may hold bases of both kinds
                inputs = inputs * mask[..., None]
            embedded = self.embed(inputs)
            of_tokens = patches(mask[..., None], self.stem.size).amax(dim=-1, keepdim=True)
            embedded = embedded * of_tokens.to(embedded.dtype)
        else:
            embedded = self.embed(inputs)
        pooled = pool_centre(self.backbone(embedded), self.center_len, self.pool_bins, self.stem.size)
        return Output(self.head(pooled, batch.rna_features), details=details if with_details else {})

    @staticmethod
    def kept_per_gene(settings: Mapping[str, Any], length: int, device: str) -> Kept:
        """As `Architecture.kept_per_gene`."""
        stem, joined = Stem.of(settings["stem"]), 4 + settings["n_signals"]
        embedded = joined if stem.kind == MEAN else stem.size * joined
        mask = settings["input_mask"] is not None
        around = Numbers(whole=settings["d_model"] + embedded + mask)
        return kept_by_mamba(settings, length // stem.size, device, around)

    @staticmethod
    def authors_sizes(state: Mapping[str, Tensor]) -> dict[str, Any]:
        """n_signals, d_model, n_layer and n_rna_features as the state dict shows them."""
        weight = state.get("input_layer.weight")
        width = {} if weight is None else {"n_signals": weight.shape[1] - 4}
        return {**width, **authors_backbone_sizes(state), **authors_rna_width(state)}
