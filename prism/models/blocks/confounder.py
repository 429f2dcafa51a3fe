"""The confounder encoder of Prism (arXiv 2602.21550): context weights from the signals, and how alike they are."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prism.models.blocks.linear import ZeroBiasLinear
from prism.models.blocks.precision import at_least_float32, full_precision

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


class OverGenes(nn.BatchNorm1d):
    """Numbers of genes with mean 0 and standard deviation 1 over the batch; in eval mode over the training's genes.

    One gene alone has no spread: it is treated as in eval mode.

    width: numbers of a gene.
    """

    def __init__(self, width: int) -> None:
        super().__init__(width, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each number over the genes.

        x: (batch, width), as is the result.
        """
        if len(x) == 1:
            return F.batch_norm(x, self.running_mean, self.running_var, eps=self.eps)
        return super().forward(x)


class ConfounderEncoder(nn.Module):
    """n weights per gene and hidden channel, in (0, 1), from the signals alone.

    Three times Conv1d ('same': 7, 5, 3 positions; c, 2c, 4c channels), BatchNorm, ReLU, MaxPool 4; mean over
    what is left; Linear(4c, d * n); sigmoid. In full precision whatever autocast says: it is a thousandth of
    the model's work.

    n_signals: number of signals.
    d_model: d, the model's width.
    n_context: n, the number of contexts.
    cnn_dim: c, the channels of the first convolution.
    normalise: whether the weights are normalised over genes before the sigmoid; default False.
    promoter: whether there is one weight more in each context, the promoter activity's; default False.
    """

    def __init__(
        self,
        n_signals: int,
        d_model: int,
        n_context: int,
        cnn_dim: int,
        normalise: bool = False,
        promoter: bool = False,
    ) -> None:
        super().__init__()
        self.n_context = n_context
        widths = (n_signals, cnn_dim, 2 * cnn_dim, 4 * cnn_dim)
        self.convs = nn.ModuleList(
            nn.Conv1d(widths[i], widths[i + 1], kernel, padding="same") for i, kernel in enumerate(KERNELS)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for width in widths[1:])
        self.projection = ZeroBiasLinear(4 * cnn_dim, d_model * n_context)
        # a layer of its own, drawn last: the projection of the channels begins as it does without
        self.promoter = ZeroBiasLinear(4 * cnn_dim, n_context) if promoter else None
        self.over_genes = OverGenes((d_model + promoter) * n_context) if normalise else None

    def forward(self, signals: Tensor) -> Tensor:
        """Weights of the contexts, (batch, d_model, n_context); (batch, d_model + 1, n_context) with the promoter's.

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
            x = x.mean(dim=-1)
            logits = self.projection(x)
            if self.promoter:
                logits = torch.cat([logits, self.promoter(x)], dim=1)
            if self.over_genes:
                logits = self.over_genes(logits)
            return torch.sigmoid(logits).unflatten(1, (-1, self.n_context))


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
