"""Prism: expression from sequence and signals, regularised by intervening on a learned confounder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from prism.genome.batch import Batch
from prism.models.architecture import (
    Architecture,
    at_least,
    check_widths,
    flag,
    not_negative,
    one_of,
    part_below_one,
    stem_of,
)
from prism.models.authors import sizes
from prism.models.blocks.caduceus import BACKBONE_AUTHORS_NAMES, authors_backbone_sizes, caduceus_backbone
from prism.models.blocks.confounder import CONFOUNDER_AUTHORS_NAMES, SHORTEST, ConfounderEncoder, diversity
from prism.models.blocks.contexts import (
    CONSTANT,
    LEARNED,
    RANDOM,
    SHUFFLED,
    constant,
    of_another_gene,
    random_masks,
)
from prism.models.blocks.head import HEAD_AUTHORS_NAMES, Head, authors_rna_width, pool_centre
from prism.models.blocks.mamba import kept_by_mamba
from prism.models.blocks.signal_dropout import without_some_signals
from prism.models.blocks.stem import StemLinear
from prism.models.catalogue import traits
from prism.models.catalogue.tokens import MEAN, Stem
from prism.models.contract import Output
from prism.models.kept import Kept, Numbers

# Numbers of gene features of which the last is the promoter activity: alone, and after the eight mRNA features.
WITH_PROMOTER = (1, 9)


class Prism(Architecture):
    """Prism (arXiv 2602.21550): one backbone, an observed branch and, in training, n intervened ones.

    The prediction is the observed branch, Caduceus(e_X + e_S); in eval mode nothing else is computed unless
    details are asked for. In training, branch i is Caduceus(e_X + a_i * e_S); their hidden states are
    averaged and put through the same head. `n_context: 0` is the function of caduceus_signals and has no
    confounder encoder; nor have the controls whose contexts are random or constant (`context`).
    """

    AUTHORS_NAMES = (
        (r"^embed_sequence\.", ("seq_input_layer.",)),
        (r"^embed_signals\.", ("signal_input_layer.",)),
        *CONFOUNDER_AUTHORS_NAMES,
        *BACKBONE_AUTHORS_NAMES,
        *HEAD_AUTHORS_NAMES,
    )

    def __init__(
        self,
        *,
        length: int,
        n_signals: int,
        n_rna_features: int,
        d_model: int,
        n_layer: int,
        n_context: int,
        cnn_dim: int,
        center_len: int,
        pool_bins: int,
        stem: Mapping[str, Any] | None,
        alpha: float,
        beta: float,
        weight_act: str,
        context: str,
        normalise_contexts: bool,
        adjust_promoter: bool,
        signal_dropout: float,
    ) -> None:
        """Settings: see the catalogue."""
        super().__init__()
        if n_signals == 0:
            raise ValueError(
                "prism intervenes on signals, and n_signals is 0; give it signals or use caduceus"
            )
        for key, value in {"weight_act": weight_act, "context": context}.items():
            one_of(key, value, traits("prism").choices(key))
        self.n_signals = at_least("n_signals", n_signals, 1)
        self.n_rna_features = at_least("n_rna_features", n_rna_features, 0)
        self.n_context = at_least("n_context", n_context, 0)
        self.context, self.d_model = context, d_model
        self.adjust_promoter = flag("adjust_promoter", adjust_promoter)
        if adjust_promoter and n_rna_features not in WITH_PROMOTER:
            raise ValueError(
                f"setting adjust_promoter=True needs promoter activity among the gene features, and there are "
                f"{n_rna_features} without it; add promoter_activity to the entry's gene_features"
            )
        self.signal_dropout = part_below_one("signal_dropout", signal_dropout)
        self.stem = stem_of(length, center_len, pool_bins, stem)
        self.center_len, self.pool_bins = center_len, pool_bins
        self.embed_sequence = StemLinear(4, at_least("d_model", d_model, 1), self.stem)
        self.embed_signals = StemLinear(n_signals, d_model, self.stem)
        self.backbone = caduceus_backbone(d_model, at_least("n_layer", n_layer, 1))
        self.head = Head(pool_bins * d_model, n_rna_features, d_model)
        # drawn last: with one seed all kinds of contexts, and n_context 0, share every other weight of the start
        if self.encodes:
            at_least(f"length (with n_context {n_context})", length, SHORTEST)
            self.confounder = ConfounderEncoder(
                n_signals,
                d_model,
                n_context,
                at_least("cnn_dim", cnn_dim, 1),
                flag("normalise_contexts", normalise_contexts),
                adjust_promoter,
            )
        if n_context:
            self.loss_weights = {"intervention": not_negative("alpha", alpha)}
        if self.encodes:
            self.loss_weights["diversity"] = not_negative("beta", beta)

    @property
    def encodes(self) -> bool:
        """Whether there are context weights that are learned from the signals."""
        return self.n_context > 0 and self.context in (LEARNED, SHUFFLED)

    def forward(self, batch: Batch, with_details: bool = False) -> Output:
        """Predict `batch` (the observed branch).

        Train mode, n_context > 0: losses `intervention` (smooth-L1 of the intervened prediction against
        batch.expression) and, where the contexts are learned, `diversity`. Details, n_context > 0:
        intervention_prediction (batch,), context_weights (batch, d, n), diversity_loss (scalar).
        """
        check_widths(batch, self.n_rna_features, self.n_signals)
        from_sequence = self.embed_sequence(batch.sequence)
        signals = without_some_signals(batch.signals, self.signal_dropout if self.training else 0.0)
        from_signals = self.embed_signals(signals)
        if not self.n_context or not (self.training or with_details):
            hidden = self.backbone(from_sequence + from_signals)
            return Output(self.head(self._pooled(hidden), batch.rna_features))

        all_weights = self._all_weights(signals)
        weights = all_weights[:, : self.d_model]
        observed, intervened = self._branches(from_sequence, from_signals, weights)
        prediction = self.head(observed, batch.rna_features)
        features = self._adjusted(batch.rna_features, all_weights)
        intervention_prediction = self.head(intervened, features)
        diversity_loss = diversity(weights)
        losses = {}
        if self.training:
            losses = {"intervention": _smooth_l1(intervention_prediction, batch.expression)}
            if self.encodes:
                losses["diversity"] = diversity_loss
        details = {
            "intervention_prediction": intervention_prediction,
            "context_weights": weights,
            "diversity_loss": diversity_loss,
        }
        return Output(prediction, losses, details if with_details else {})

    def context_weights(self, signals: Tensor) -> Tensor:
        """Weights of the contexts, (batch, d, n), as the setting `context` says.

        signals: (batch, length, n_signals).
        """
        return self._all_weights(signals)[:, : self.d_model]

    def _all_weights(self, signals: Tensor) -> Tensor:
        """Those of the channels and, with `adjust_promoter`, below them that of the promoter activity."""
        shape = (len(signals), self.d_model + self.adjust_promoter, self.n_context)
        if self.context == CONSTANT:
            return constant(shape, self.embed_signals.weight)
        if self.context == RANDOM:
            return random_masks(shape, self.embed_signals.weight, fixed=not self.training)
        weights = self.confounder(signals)
        return of_another_gene(weights) if self.context == SHUFFLED else weights

    def _adjusted(self, features: Tensor, all_weights: Tensor) -> Tensor:
        """Gene features as the intervened branches see them, averaged over the contexts as the hidden states are."""
        if not self.adjust_promoter:
            return features
        weight = all_weights[:, self.d_model].mean(dim=1, keepdim=True).to(features.dtype)
        return torch.cat([features[:, :-1], features[:, -1:] * weight], dim=1)

    def _pooled(self, hidden: Tensor) -> Tensor:
        return pool_centre(hidden, self.center_len, self.pool_bins, self.stem.size)

    def _branches(
        self, from_sequence: Tensor, from_signals: Tensor, weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Pooled hidden states (batch, bins * d) of the observed branch, and averaged over the intervened ones."""
        inputs = [from_sequence + from_signals]
        inputs += [from_sequence + a[:, None, :] * from_signals for a in weights.unbind(dim=-1)]
        # One large batch: few, large kernels on a GPU; on a CPU the backbone takes it in slices, as memory
        # likes it.
        pooled = self._pooled(self.backbone(torch.cat(inputs))).unflatten(0, (len(inputs), -1))
        # Pooling is linear: the average of the pooled states is the pooled average of the hidden states.
        return pooled[0], pooled[1:].mean(dim=0)

    @staticmethod
    def kept_per_gene(settings: Mapping[str, Any], length: int, device: str) -> Kept:
        """As `Architecture.kept_per_gene`."""
        d, n, stem = settings["d_model"], settings["n_context"], Stem.of(settings["stem"])
        means = 4 + settings["n_signals"] if stem.kind == MEAN else 0  # patches are views of the batch
        # convolution, ReLU and the maximum's places of three stages, each at a quarter of the positions before it
        encoder = stem.size * (4.75 * settings["cnn_dim"] + 2)
        learned = d + encoder if n and settings["context"] in (LEARNED, SHUFFLED) else 0
        # a copy of the signals, where some are left out
        dropped = stem.size * settings["n_signals"] if settings["signal_dropout"] else 0
        dropped = 0 if stem.kind == MEAN and not learned else dropped
        around = Numbers(whole=(1 + n) * d + means + learned + dropped)
        return kept_by_mamba(settings, length // stem.size, device, around, passes=1 + n)

    @staticmethod
    def authors_sizes(state: Mapping[str, Tensor]) -> dict[str, Any]:
        """n_signals, n_context, cnn_dim, d_model, n_layer and n_rna_features as the state dict shows them."""
        found = sizes(
            state,
            n_signals=("signal_input_layer.weight", 1),
            cnn_dim=("weight_generator.cnn_encoder.0.weight", 0),
        )
        found |= authors_backbone_sizes(state) | authors_rna_width(state)
        projection = state.get("weight_generator.weight_projector.0.weight")
        if projection is not None and "d_model" in found:
            found["n_context"] = projection.shape[0] // found["d_model"]
        elif not any(name.startswith("weight_generator.") for name in state):
            found["n_context"] = 0
        return found


def _smooth_l1(prediction: Tensor, expression: Tensor | None) -> Tensor:
    if expression is None:
        raise ValueError("prism in train mode needs batch.expression; call .eval() to predict without labels")
    return F.smooth_l1_loss(prediction, expression.to(prediction.dtype))
