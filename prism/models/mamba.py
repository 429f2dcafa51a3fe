"""Mamba: expression from the sequence, read in one direction, without signals; the head gets gene features too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from prism import ops
from prism.genome.batch import Batch
from prism.models.architecture import Architecture, at_least, check_widths, flag, stem_of
from prism.models.authors import count_layers, sizes
from prism.models.blocks.head import HEAD_AUTHORS_NAMES, Head, authors_rna_width, pool_centre
from prism.models.blocks.mamba import DIRECTION_AUTHORS_NAMES, SelectiveDirection, kept_by_mamba, projections
from prism.models.blocks.residual import Backbone
from prism.models.blocks.stem import embedding_stem
from prism.models.blocks.tokens import NucleotideEmbedding
from prism.models.catalogue.tokens import MEAN, Stem
from prism.models.contract import Output
from prism.models.kept import Kept, Numbers


class MambaMixer(nn.Module):
    """One Mamba-1 mixer (Gu and Dao 2023), from the start of the window to its end.

    d_model: width of the hidden states.
    n_layer: layers of the whole stack, for the start of out_proj.
    """

    def __init__(self, d_model: int, n_layer: int) -> None:
        super().__init__()
        self.in_proj, self.out_proj = projections(d_model, n_layer)
        self.rightward = SelectiveDirection(d_model)

    def forward(self, hidden: Tensor) -> Tensor:
        """Mix positions from left to right, (batch, length, d_model).

        hidden: (batch, length, d_model).
        """
        return ops.mamba_inner(self.in_proj(hidden), [self.rightward.weights()], self.out_proj.weight)


class Mamba(Architecture):
    """Token embedding, pre-norm Mamba layers, central pooling, head (arXiv 2312.00752).

    Reads the + strand from left to right: half of the pooled positions have not seen what lies right of the TSS.
    """

    AUTHORS_NAMES = (
        (r"^embed\.", ("model.embedding.",)),
        (r"^backbone\.norm\.", ("model.norm_f.",)),
        (r"^backbone\.", ("model.",)),
        (r"\.mixer\.rightward\.", (".mixer.",)),
        *DIRECTION_AUTHORS_NAMES,
        *HEAD_AUTHORS_NAMES,
    )

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
        self.embed = NucleotideEmbedding(at_least("d_model", d_model, 1))
        self.stem_layer = embedding_stem(d_model, self.stem)
        mixers = (MambaMixer(d_model, n_layer) for _ in range(at_least("n_layer", n_layer, 1)))
        self.backbone = Backbone(d_model, mixers, flag("checkpoint_layers", checkpoint_layers))
        self.head = Head(pool_bins * d_model, n_rna_features, d_model)

    def forward(self, batch: Batch, with_details: bool = False) -> Output:
        """Predict `batch`; this model has no extra losses and no details."""
        check_widths(batch, self.n_rna_features)
        hidden = self.backbone(self.stem_layer(self.embed(batch.sequence)))
        pooled = pool_centre(hidden, self.center_len, self.pool_bins, self.stem.size)
        return Output(self.head(pooled, batch.rna_features))

    @staticmethod
    def kept_per_gene(settings: Mapping[str, Any], length: int, device: str) -> Kept:
        """As `Architecture.kept_per_gene`."""
        d, stem = settings["d_model"], Stem.of(settings["stem"])
        ids = 2 * stem.size  # int64
        patches = stem.size * d if stem.size > 1 and stem.kind != MEAN else 0
        around = Numbers(whole=d + ids + patches)
        return kept_by_mamba(settings, length // stem.size, device, around, directions=1)

    @staticmethod
    def authors_sizes(state: Mapping[str, Tensor]) -> dict[str, Any]:
        """d_model, n_layer and n_rna_features as the state dict shows them."""
        found = sizes(state, d_model=("model.embedding.weight", 1))
        return {**found, **count_layers(state, "model.layers."), **authors_rna_width(state)}
