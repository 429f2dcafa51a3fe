"""Caduceus with signals; masked to accessibility peaks, it is the MACS3 baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from prism.genome.batch import Batch
from prism.models.architecture import Architecture, at_least, check_widths, flag
from prism.models.blocks.caduceus import BACKBONE_AUTHORS_NAMES, authors_backbone_sizes, caduceus_backbone
from prism.models.blocks.head import HEAD_AUTHORS_NAMES, Head, authors_rna_width, pool_centre
from prism.models.blocks.linear import InputLinear
from prism.models.blocks.mamba import kept_by_mamba
from prism.models.contract import Output
from prism.models.kept import Kept, Numbers

INPUT_MASKS = (None, "peaks")


class CaduceusSignals(Architecture):
    """Linear(4 + n_signals, d) on sequence and signals side by side, the Caduceus backbone, pooling, head.

    With `input_mask: peaks` (the MACS3 baseline) the embedded positions outside Batch.peaks, bias included,
    are set to 0, the promoter's too where it is no peak: the published way (arXiv 2502.13991). Without
    signals it is Caduceus.
    """

    AUTHORS_NAMES = ((r"^embed\.", ("input_layer.",)), *BACKBONE_AUTHORS_NAMES, *HEAD_AUTHORS_NAMES)

    def __init__(
        self,
        *,
        n_signals: int,
        n_rna_features: int,
        d_model: int,
        n_layer: int,
        center_len: int,
        input_mask: str | None,
        checkpoint_layers: bool,
    ) -> None:
        """Settings: see the catalogue."""
        super().__init__()
        if input_mask not in INPUT_MASKS:
            raise ValueError(f"setting input_mask={input_mask!r} must be null or peaks")
        self.n_signals = at_least("n_signals", n_signals, 0)
        self.n_rna_features = at_least("n_rna_features", n_rna_features, 0)
        self.center_len = at_least("center_len", center_len, 1)
        self.input_mask = input_mask
        self.embed = InputLinear(4 + n_signals, at_least("d_model", d_model, 1))
        self.backbone = caduceus_backbone(
            d_model, at_least("n_layer", n_layer, 1), flag("checkpoint_layers", checkpoint_layers)
        )
        self.head = Head(d_model, n_rna_features)

    def forward(self, batch: Batch, with_details: bool = False) -> Output:
        """Predict `batch`; details: `mask` (batch, length) of 0 and 1, where the input is masked."""
        check_widths(batch, self.n_rna_features, self.n_signals)
        embedded = self.embed(torch.cat([batch.sequence, batch.signals], dim=-1))
        details = {}
        if self.input_mask == "peaks":
            if batch.peaks is None:
                raise ValueError(
                    "input_mask: peaks needs peaks in the dataset; name a peak file for this cell type"
                )
            mask = batch.peaks.to(embedded.dtype)
            embedded = embedded * mask[..., None]
            details = {"mask": mask.float()}
        pooled = pool_centre(self.backbone(embedded), self.center_len)
        return Output(self.head(pooled, batch.rna_features), details=details if with_details else {})

    @staticmethod
    def kept_per_gene(settings: Mapping[str, Any], length: int, device: str) -> Kept:
        """As `Architecture.kept_per_gene`."""
        joined = 4 + settings["n_signals"] + (settings["input_mask"] is not None)
        return kept_by_mamba(settings, length, device, Numbers(whole=settings["d_model"] + joined))

    @staticmethod
    def authors_sizes(state: Mapping[str, Tensor]) -> dict[str, Any]:
        """n_signals, d_model, n_layer and n_rna_features as the state dict shows them."""
        weight = state.get("input_layer.weight")
        width = {} if weight is None else {"n_signals": weight.shape[1] - 4}
        return {**width, **authors_backbone_sizes(state), **authors_rna_width(state)}
