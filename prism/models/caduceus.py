"""Caduceus: expression from the sequence, without signals; the head gets gene features too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from prism.genome.batch import Batch
from prism.models.architecture import Architecture, at_least, check_widths, flag, stem_of
from prism.models.blocks.caduceus import BACKBONE_AUTHORS_NAMES, authors_backbone_sizes, caduceus_backbone
from prism.models.blocks.head import HEAD_AUTHORS_NAMES, Head, authors_rna_width, pool_centre
from prism.models.blocks.mamba import kept_by_mamba
from prism.models.blocks.stem import StemLinear
from prism.models.catalogue.tokens import MEAN, Stem
from prism.models.contract import Output
from prism.models.kept import Kept, Numbers


class Caduceus(Architecture):
    """Linear(4, d) on the one-hot sequence, the Caduceus backbone, central pooling, head (arXiv 2403.03234)."""

    AUTHORS_NAMES = ((r"^embed\.", ("input_layer.",)), *BACKBONE_AUTHORS_NAMES, *HEAD_AUTHORS_NAMES)

    def __init__(
        self,
        *,
        length: int,
        n_rna_features: int,
        d_model: int,
        n_layer: int,
        center_len: int,
        pool_bins: int,
        stem: Mapping[str, Any] | None,
        checkpoint_layers: bool,
    ) -> None:
        """Settings: see the catalogue."""
        super().__init__()
        self.n_rna_features = at_least("n_rna_features", n_rna_features, 0)
        self.stem = stem_of(length, center_len, pool_bins, stem)
        self.center_len, self.pool_bins = center_len, pool_bins
        self.embed = StemLinear(4, at_least("d_model", d_model, 1), self.stem)
        self.backbone = caduceus_backbone(
            d_model, at_least("n_layer", n_layer, 1), flag("checkpoint_layers", checkpoint_layers)
        )
        self.head = Head(pool_bins * d_model, n_rna_features, d_model)

    def forward(self, batch: Batch, with_details: bool = False) -> Output:
        """Predict `batch`; this model has no extra losses and no details."""
        check_widths(batch, self.n_rna_features)
        hidden = self.backbone(self.embed(batch.sequence))
        pooled = pool_centre(hidden, self.center_len, self.pool_bins, self.stem.size)
        return Output(self.head(pooled, batch.rna_features))

    @staticmethod
    def kept_per_gene(settings: Mapping[str, Any], length: int, device: str) -> Kept:
        """As `Architecture.kept_per_gene`."""
        stem = Stem.of(settings["stem"])
        means = 4 if stem.kind == MEAN else 0  # patches are views of the batch
        around = Numbers(whole=settings["d_model"] + means)
        return kept_by_mamba(settings, length // stem.size, device, around)

    @staticmethod
    def authors_sizes(state: Mapping[str, Tensor]) -> dict[str, Any]:
        """d_model, n_layer and n_rna_features as the state dict shows them."""
        return {**authors_backbone_sizes(state), **authors_rna_width(state)}
