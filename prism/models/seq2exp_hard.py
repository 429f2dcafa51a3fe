"""Seq2Exp with a hard mask: the model reads only the positions that the mask keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from prism.genome.batch import Batch
from prism.models.architecture import Architecture, at_least, check_widths, flag, not_negative
from prism.models.authors import sizes
from prism.models.blocks.beta_mask import (
    MASK_AUTHORS_NAMES,
    BetaMask,
    Concentrations,
    authors_mask_sizes,
    priors_in_order,
    with_regions,
)
from prism.models.blocks.caduceus import BACKBONE_AUTHORS_NAMES, authors_backbone_sizes, caduceus_backbone
from prism.models.blocks.head import HEAD_AUTHORS_NAMES, Head, authors_rna_width
from prism.models.blocks.linear import InputLinear
from prism.models.blocks.mamba import kept_by_mamba
from prism.models.blocks.packing import pooled_over_kept
from prism.models.catalogue.tokens import centre
from prism.models.contract import Output
from prism.models.kept import Kept, Numbers

THRESHOLD = 0.5  # of z: from here on, a position is kept

# Generator and encoder are one module; the authors' state has it under both names.
SHARED_AUTHORS_NAMES = (
    (r"^backbone\.norm\.", ("generator.backbone.norm_f.", "encoder.backbone.norm_f.")),
    (r"^backbone\.layers\.", ("generator.backbone.layers.", "encoder.backbone.layers.")),
)


class Seq2ExpHard(Architecture):
    """Seq2Exp-hard (arXiv 2502.13991): one Caduceus makes the mask, then reads the kept positions alone.

    Both passes see e_X + learned positions + e_S. Kept positions are gathered in order; the mask multiplies
    nothing, so the prediction gives its logits no gradient, and only the KL does. The window's length is fixed
    by the learned positions.
    """

    no_weight_decay: ClassVar[frozenset[str]] = frozenset({"pos_emb"})

    AUTHORS_NAMES = (
        (r"^embed_sequence\.", ("seq_input_layer.",)),
        (r"^embed_signals\.", ("signal_input_layer.",)),
        *SHARED_AUTHORS_NAMES,
        *MASK_AUTHORS_NAMES,
        *BACKBONE_AUTHORS_NAMES,
        *HEAD_AUTHORS_NAMES,
    )

    def __init__(
        self,
        *,
        length: int,
        n_signals: int,
        n_rna_features: int,
        signals: Sequence[str] | None,
        d_model: int,
        n_layer: int,
        center_len: int,
        signal_priors: Mapping[str, Sequence[float]] | None,
        prior_scale: float,
        beta_min: float,
        marginal_mean: float,
        marginal_scale: float,
        z_scale: float,
        kl_weight: float,
        checkpoint_layers: bool,
    ) -> None:
        """Settings: see the catalogue."""
        super().__init__()
        priors = priors_in_order(n_signals, signals, signal_priors)
        self.length = at_least("length", length, 1)
        self.n_signals = at_least("n_signals", n_signals, 1)
        self.n_rna_features = at_least("n_rna_features", n_rna_features, 0)
        self.center_len = at_least("center_len", center_len, 1)
        self.embed_sequence = InputLinear(4, at_least("d_model", d_model, 1))
        self.embed_signals = InputLinear(n_signals, d_model)
        self.pos_emb = nn.Parameter(torch.zeros(1, length, d_model))
        self.backbone = caduceus_backbone(
            d_model, at_least("n_layer", n_layer, 1), flag("checkpoint_layers", checkpoint_layers)
        )
        self.mask = BetaMask(
            d_model,
            priors,
            prior_scale=prior_scale,
            beta_min=beta_min,
            marginal_mean=marginal_mean,
            marginal_scale=marginal_scale,
            z_scale=z_scale,
        )
        self.head = Head(d_model, n_rna_features)
        self.loss_weights = {"kl": not_negative("kl_weight", kl_weight)}

    def forward(self, batch: Batch, with_details: bool = False) -> Output:
        """Predict `batch`, whose windows have the model's length.

        Train mode: loss `kl` (scalar). Details: mask (batch, length) of 0 and 1, kl_loss (scalar), z_alpha and
        z_beta (batch, length). In training the mask is that of a draw, with the draw's gradient
        (straight-through).
        """
        check_widths(batch, self.n_rna_features, self.n_signals)
        if batch.sequence.shape[1] != self.length:
            raise ValueError(
                f"window of {batch.sequence.shape[1]} bp, and seq2exp_hard was built for {self.length} bp (its "
                "learned positions); give it windows of that length, or train another"
            )
        embedded = self.embed_sequence(batch.sequence) + self.pos_emb + self.embed_signals(batch.signals)
        z = self.mask(self.backbone(embedded), batch.signals)
        mask = with_regions(self._hard(z), batch, self.center_len)
        pooled = pooled_over_kept(
            self.backbone, embedded, mask > THRESHOLD, centre(self.length, self.center_len)
        )
        return Output(
            self.head(pooled, batch.rna_features),
            {"kl": self.mask.kl(z)} if self.training else {},
            self.mask.details(z, mask) if with_details else {},
        )

    def _hard(self, z: Concentrations) -> Tensor:
        if not self.training:
            return (z.mean() >= THRESHOLD).to(z.alpha.dtype)
        drawn = z.draw()
        return (drawn >= THRESHOLD).to(drawn.dtype) + (drawn - drawn.detach())

    @staticmethod
    def kept_per_gene(settings: Mapping[str, Any], length: int, device: str) -> Kept:
        """As `Architecture.kept_per_gene`."""
        # where the mask keeps every position, which is the most; both passes then begin with the same array
        return kept_by_mamba(settings, length, device, Numbers(whole=2 * settings["d_model"] + 15), passes=2)

    @staticmethod
    def authors_sizes(state: Mapping[str, Tensor]) -> dict[str, Any]:
        """length, n_signals, d_model, n_layer and n_rna_features as the state dict shows them."""
        length = sizes(state, length=("pos_emb", 1))
        return {
            **length,
            **authors_mask_sizes(state),
            **authors_backbone_sizes(state, "encoder"),
            **authors_rna_width(state),
        }
