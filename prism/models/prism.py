"""Prism: expression from sequence and signals, regularised by intervening on a learned confounder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prism.genome.batch import Batch
from prism.models.architecture import Architecture, at_least, check_widths, not_negative
from prism.models.authors import sizes
from prism.models.blocks.caduceus import BACKBONE_AUTHORS_NAMES, authors_backbone_sizes, caduceus_backbone
from prism.models.blocks.head import HEAD_AUTHORS_NAMES, Head, authors_rna_width, pool_centre
from prism.models.blocks.linear import InputLinear, ZeroBiasLinear
from prism.models.blocks.mamba import kept_by_mamba
from prism.models.blocks.precision import at_least_float32, full_precision
from prism.models.contract import Output
from prism.models.kept import Kept, Numbers

POOL = 4
KERNELS = (7, 5, 3)
SHORTEST = POOL ** len(KERNELS)  # bp; a shorter window has nothing left after the three poolings
DIVERSITY_T = 2.0

CONFOUNDER_AUTHORS_NAMES = (
    *(
        (rf"^confounder\.convs\.{i}\.", (f"weight_generator.cnn_encoder.{4 * i}.",))
        for i in range(len(KERNELS))
    ),
    *(
        (rf"^confounder\.norms\.{i}\.", (f"weight_generator.cnn_encoder.{4 * i + 1}.",))
        for i in range(len(KERNELS))
    ),
    (r"^confounder\.projection\.", ("weight_generator.weight_projector.0.",)),
)


class ConfounderEncoder(nn.Module):
    """n weights per gene and hidden channel, in (0, 1), from the signals alone.

    Three times Conv1d ('same': 7, 5, 3 positions; c, 2c, 4c channels), BatchNorm, ReLU, MaxPool 4; mean over
    what is left; Linear(4c, d * n); sigmoid. In full precision whatever autocast says: it is a thousandth of
    the model's work.

    n_signals: number of signals.
    d_model: d, the model's width.
    n_context: n, the number of contexts.
    cnn_dim: c, the channels of the first convolution.
    """

    def __init__(self, n_signals: int, d_model: int, n_context: int, cnn_dim: int) -> None:
        super().__init__()
        self.n_context = n_context
        widths = (n_signals, cnn_dim, 2 * cnn_dim, 4 * cnn_dim)
        self.convs = nn.ModuleList(
            nn.Conv1d(widths[i], widths[i + 1], kernel, padding="same") for i, kernel in enumerate(KERNELS)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for width in widths[1:])
        self.projection = ZeroBiasLinear(4 * cnn_dim, d_model * n_context)

    def forward(self, signals: Tensor) -> Tensor:
        """Weights of the contexts, (batch, d_model, n_context).

        signals: (batch, length, n_signals), length >= 64 bp.
        Raises ValueError for a shorter window.
        """
        if signals.shape[1] < SHORTEST:
            raise ValueError(
                f"window of {signals.shape[1]} bp is too short for the confounder encoder; "
                f"use at least {SHORTEST} bp, or n_context: 0"
            )
        with full_precision(signals):
            x = signals.transpose(1, 2).to(self.projection.weight.dtype)
            for conv, norm in zip(self.convs, self.norms, strict=True):
                x = F.max_pool1d(norm(conv(x)).relu(), POOL)
            return torch.sigmoid(self.projection(x.mean(dim=-1))).unflatten(1, (-1, self.n_context))


def diversity(weights: Tensor) -> Tensor:
    """Mean over the batch of log sum_ij exp(2t (a_i . a_j) - 2t), a_i the normalised columns, t = 2.

    weights: (batch, d, n); i = j is included. Scalar, float32 or more: 0 for n = 1, at most 2 log n, where
        all columns are equal.
    """
    columns = F.normalize(at_least_float32(weights), dim=1)
    with full_precision(columns):
        similarity = columns.transpose(1, 2) @ columns
    exponents = 2 * DIVERSITY_T * (similarity - 1)
    return torch.logsumexp(exponents.flatten(1), dim=1).mean()


class Prism(Architecture):
    """Prism (arXiv 2602.21550): one backbone, an observed branch and, in training, n intervened ones.

    The prediction is the observed branch, Caduceus(e_X + e_S); in eval mode nothing else is computed unless
    details are asked for. In training, branch i is Caduceus(e_X + a_i * e_S); their hidden states are
    averaged and put through the same head. `n_context: 0` is the function of caduceus_signals and has no
    confounder encoder.
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
        alpha: float,
        beta: float,
        weight_act: str,
    ) -> None:
        """Settings: see the catalogue."""
        super().__init__()
        if n_signals == 0:
            raise ValueError(
                "prism intervenes on signals, and n_signals is 0; give it signals or use caduceus"
            )
        if weight_act != "sigmoid":
            raise ValueError(f"setting weight_act={weight_act!r} must be sigmoid")
        self.n_signals = at_least("n_signals", n_signals, 1)
        self.n_rna_features = at_least("n_rna_features", n_rna_features, 0)
        self.n_context = at_least("n_context", n_context, 0)
        self.center_len = at_least("center_len", center_len, 1)
        self.embed_sequence = InputLinear(4, at_least("d_model", d_model, 1))
        self.embed_signals = InputLinear(n_signals, d_model)
        self.backbone = caduceus_backbone(d_model, at_least("n_layer", n_layer, 1))
        self.head = Head(d_model, n_rna_features)
        if n_context:
            at_least(f"length (with n_context {n_context})", length, SHORTEST)
            self.confounder = ConfounderEncoder(
                n_signals, d_model, n_context, at_least("cnn_dim", cnn_dim, 1)
            )
            self.loss_weights = {
                "intervention": not_negative("alpha", alpha),
                "diversity": not_negative("beta", beta),
            }

    def forward(self, batch: Batch, with_details: bool = False) -> Output:
        """Predict `batch` (the observed branch).

        Train mode, n_context > 0: losses `intervention` (smooth-L1 of the intervened prediction against
        batch.expression) and `diversity`. Details, n_context > 0: intervention_prediction (batch,),
        context_weights (batch, d, n), diversity_loss (scalar).
        """
        check_widths(batch, self.n_rna_features, self.n_signals)
        from_sequence = self.embed_sequence(batch.sequence)
        from_signals = self.embed_signals(batch.signals)
        if not self.n_context or not (self.training or with_details):
            hidden = self.backbone(from_sequence + from_signals)
            return Output(self.head(pool_centre(hidden, self.center_len), batch.rna_features))

        weights = self.confounder(batch.signals)
        observed, intervened = self._branches(from_sequence, from_signals, weights)
        prediction = self.head(observed, batch.rna_features)
        intervention_prediction = self.head(intervened, batch.rna_features)
        diversity_loss = diversity(weights)
        losses = {}
        if self.training:
            losses = {
                "intervention": _smooth_l1(intervention_prediction, batch.expression),
                "diversity": diversity_loss,
            }
        details = {
            "intervention_prediction": intervention_prediction,
            "context_weights": weights,
            "diversity_loss": diversity_loss,
        }
        return Output(prediction, losses, details if with_details else {})

    def _branches(
        self, from_sequence: Tensor, from_signals: Tensor, weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Pooled hidden states (batch, d) of the observed branch, and averaged over the intervened ones."""
        inputs = [from_sequence + from_signals]
        inputs += [from_sequence + a[:, None, :] * from_signals for a in weights.unbind(dim=-1)]
        # One large batch: few, large kernels on a GPU; on a CPU the backbone takes it in slices, as memory
        # likes it.
        pooled = pool_centre(self.backbone(torch.cat(inputs)), self.center_len).unflatten(
            0, (len(inputs), -1)
        )
        # Pooling is linear: the average of the pooled states is the pooled average of the hidden states.
        return pooled[0], pooled[1:].mean(dim=0)

    @staticmethod
    def kept_per_gene(settings: Mapping[str, Any], length: int, device: str) -> Kept:
        """As `Architecture.kept_per_gene`."""
        d, n = settings["d_model"], settings["n_context"]
        # convolution, ReLU and the maximum's places of three stages, each at a quarter of the positions before it
        confounder = d + 4.75 * settings["cnn_dim"] + 2 if n else 0
        return kept_by_mamba(settings, length, device, Numbers(whole=(1 + n) * d + confounder), passes=1 + n)

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
