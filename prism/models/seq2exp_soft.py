"""Seq2Exp with a soft mask: the signals say where to look, a Beta mask scales every position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from prism.genome.batch import Batch
from prism.models.architecture import Architecture, at_least, check_widths, flag, not_negative
from prism.models.blocks.beta_mask import (
    MASK_AUTHORS_NAMES,
    BetaMask,
    authors_mask_sizes,
    priors_in_order,
    with_regions,
)
from prism.models.blocks.caduceus import BACKBONE_AUTHORS_NAMES, authors_backbone_sizes, caduceus_backbone
from prism.models.blocks.head import HEAD_AUTHORS_NAMES, Head, authors_rna_width, pool_centre
from prism.models.blocks.linear import InputLinear
from prism.models.blocks.mamba import kept_by_mamba
from prism.models.contract import Output
from prism.models.kept import Kept, Numbers


class Seq2ExpSoft(Architecture):
    """Seq2Exp-soft (arXiv 2502.13991): Caduceus((e_X + e_S) * mask), the mask from a second Caduceus.

    The generator reads the sequence alone; its Beta is mixed with a prior from the signals. In training the
    mask is a draw, in eval mode its mean; then blacklist -> 0 and the central `center_len` positions -> 1.
    """

    AUTHORS_NAMES = (
        (r"^embed_sequence\.", ("seq_input_layer.",)),
        (r"^embed_signals\.", ("signal_input_layer.",)),
        (r"^(generator|encoder)\.norm\.", (r"\1.backbone.norm_f.",)),
        (r"^(generator|encoder)\.layers\.", (r"\1.backbone.layers.",)),
        *MASK_AUTHORS_NAMES,
        *BACKBONE_AUTHORS_NAMES,
        *HEAD_AUTHORS_NAMES,
    )

    def __init__(
        self,
        *,
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
        self.n_signals = at_least("n_signals", n_signals, 1)
        self.n_rna_features = at_least("n_rna_features", n_rna_features, 0)
        self.center_len = at_least("center_len", center_len, 1)
        self.embed_sequence = InputLinear(4, at_least("d_model", d_model, 1))
        self.embed_signals = InputLinear(n_signals, d_model)
        self.generator = caduceus_backbone(
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
        self.encoder = caduceus_backbone(d_model, n_layer, checkpoint_layers)
        self.head = Head(d_model, n_rna_features)
        self.loss_weights = {"kl": not_negative("kl_weight", kl_weight)}

    def forward(self, batch: Batch, with_details: bool = False) -> Output:
        """Predict `batch`.

        Train mode: loss `kl` (scalar). Details: mask (batch, length) in [0, 1], kl_loss (scalar), z_alpha and
        z_beta (batch, length).
        """
        check_widths(batch, self.n_rna_features, self.n_signals)
        from_sequence = self.embed_sequence(batch.sequence)
        from_signals = self.embed_signals(batch.signals)
        z = self.mask(self.generator(from_sequence), batch.signals)
        mask = with_regions(z.draw() if self.training else z.mean(), batch, self.center_len)
        hidden = self.encoder((from_sequence + from_signals) * mask[..., None])
        prediction = self.head(pool_centre(hidden, self.center_len), batch.rna_features)
        return Output(
            prediction,
            {"kl": self.mask.kl(z)} if self.training else {},
            self.mask.details(z, mask) if with_details else {},
        )

    @staticmethod
    def kept_per_gene(settings: Mapping[str, Any], length: int, device: str) -> Kept:
        """As `Architecture.kept_per_gene`."""
        # two final norms, the hidden states behind the logits, the embedding before the mask, and the Beta's arithmetic
        return kept_by_mamba(settings, length, device, Numbers(whole=4 * settings["d_model"] + 16), passes=2)

    @staticmethod
    def authors_sizes(state: Mapping[str, Tensor]) -> dict[str, Any]:
        """n_signals, d_model, n_layer and n_rna_features as the state dict shows them."""
        return {
            **authors_mask_sizes(state),
            **authors_backbone_sizes(state, "encoder"),
            **authors_rna_width(state),
        }
