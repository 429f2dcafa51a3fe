"""EPInformer: expression from the promoter and its candidate enhancers, by attention (and the RNA features)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prism.genome.batch import Batch, Elements
from prism.models.architecture import Architecture, at_least, check_widths
from prism.models.authors import count_layers, sizes
from prism.models.blocks.counted_norm import CountedBatchNorm1d
from prism.models.blocks.head import HEAD_AUTHORS_NAMES, Head
from prism.models.blocks.linear import ZeroBiasLinear
from prism.models.blocks.precision import at_least_float32
from prism.models.catalogue.tokens import centre
from prism.models.contract import Output
from prism.models.kept import Kept, Numbers

ELEMENT_LENGTH = 2000  # positions of an element, and of the promoter
N_FEATURES = 3  # distance, contact, activity
STEM_WIDTH, STEM_KERNEL = 256, 8
STAGE_WIDTHS = (128, 64, 64, 128)
DILATED_WIDTH, DILATIONS = 64, (2, 4, 6)
CHANNELS_OUT, HEAD_WIDTH = 32, 128
ELEMENTS_AT_ONCE = 256  # without gradients: 0.5 GB for the widest array of the tower

# `tower.blocks` are the three dilated convolutions and the last one of 1 position.
EPINFORMER_AUTHORS_NAMES = (
    (r"^tower\.stem\.", ("seq_encoder.stem_conv.0.",)),
    *(
        (rf"^tower\.stages\.{i}\.{ours}\.", (f"seq_encoder.conv_tower.{theirs}.",))
        for i in range(len(STAGE_WIDTHS))
        for ours, theirs in (
            (r"block\.conv", f"{2 * i}.0"),
            (r"block\.norm", f"{2 * i}.1"),
            ("pointwise", f"{2 * i + 1}.0"),
        )
    ),
    *(
        (rf"^tower\.blocks\.{i}\.{ours}\.", (f"conv_out.{3 * i + place}.",))
        for i in range(len(DILATIONS) + 1)
        for ours, place in (("conv", 0), ("norm", 1))
    ),
    (r"^tower\.summary\.", ("conv_out.12.",)),
    (r"^combine\.(\d)\.", (r"add_pos_conv.\1.",)),
    (r"^attention\.(\d+)\.in_proj\.", (r"attn_encoder.\1.self_attn.in_proj_",)),
    (r"^attention\.(\d+)\.out_proj\.", (r"attn_encoder.\1.self_attn.out_proj.",)),
    (r"^attention\.(\d+)\.widen\.", (r"attn_encoder.\1.ff.0.",)),
    (r"^attention\.(\d+)\.narrow\.", (r"attn_encoder.\1.ff.2.",)),
    (r"^attention\.", ("attn_encoder.",)),
    *HEAD_AUTHORS_NAMES,
)


class ConvBlock(nn.Module):
    """Convolution, BatchNorm, ELU.

    width_in, width_out, kernel, **options: of nn.Conv1d.
    """

    def __init__(self, width_in: int, width_out: int, kernel: int, **options: Any) -> None:
        super().__init__()
        self.conv = nn.Conv1d(width_in, width_out, kernel, **options)
        self.norm = CountedBatchNorm1d(width_out)

    def forward(self, x: Tensor, copies: Tensor | None = None) -> Tensor:
        """Convolve and normalise: (n, width_out, positions or fewer).

        x: (n, width_in, positions).
        copies: as for `CountedBatchNorm1d`; default None.
        """
        return F.elu(self.norm(self.conv(x), copies), inplace=True)


class TowerStage(nn.Module):
    """ConvBlock of 3 positions, maximum of each 2; then x + ELU(convolution of 1).

    width_in, width_out: channels.
    """

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.block = ConvBlock(width_in, width_out, 3, padding=1)
        self.pointwise = nn.Conv1d(width_out, width_out, 1)

    def forward(self, x: Tensor, copies: Tensor | None = None) -> Tensor:
        """Halve the positions: (n, width_out, positions / 2).

        x: (n, width_in, positions).
        copies: as for `CountedBatchNorm1d`; default None.
        """
        x = F.max_pool1d(self.block(x, copies), 2)
        return x + F.elu(self.pointwise(x), inplace=True)


class ConvolutionTower(nn.Module):
    """2,000 bp to `out_dim` numbers; in eval mode an element does not depend on the others.

    out_dim: numbers that an element is encoded in, a multiple of 32.
    """

    def __init__(self, out_dim: int) -> None:
        super().__init__()
        self.stem = nn.Conv1d(4, STEM_WIDTH, STEM_KERNEL)
        self.stages = nn.ModuleList(TowerStage(*widths) for widths in pairwise((STEM_WIDTH, *STAGE_WIDTHS)))
        widths = pairwise((STAGE_WIDTHS[-1], *[DILATED_WIDTH] * len(DILATIONS)))
        blocks = [
            ConvBlock(*width, 3, dilation=dilation) for width, dilation in zip(widths, DILATIONS, strict=True)
        ]
        self.blocks = nn.ModuleList([*blocks, ConvBlock(DILATED_WIDTH, CHANNELS_OUT, 1)])
        positions = ELEMENT_LENGTH // 2 ** len(STAGE_WIDTHS) - 2 * sum(DILATIONS)
        self.summary = ZeroBiasLinear(positions, out_dim // CHANNELS_OUT)

    def forward(self, sequence: Tensor, copies: Tensor | None = None) -> Tensor:
        """Encode sequences: (n, out_dim).

        sequence: (n, 2000, 4) one-hot.
        copies: (n,), how many times BatchNorm counts each; default None, for once each.
        """
        if self.training or torch.is_grad_enabled():  # BatchNorm sees all of a training batch
            return self._encoded(sequence, copies)
        return torch.cat([self._encoded(part) for part in sequence.split(ELEMENTS_AT_ONCE)])

    def _encoded(self, sequence: Tensor, copies: Tensor | None = None) -> Tensor:
        x = sequence.to(self.stem.weight.dtype).transpose(1, 2)
        left = (STEM_KERNEL - 1) // 2
        # in place, for arrays of the tower are what training keeps; the gradient needs the result alone
        x = F.elu(self.stem(F.pad(x, (left, STEM_KERNEL - 1 - left))), inplace=True)
        for layer in (*self.stages, *self.blocks):
            x = layer(x, copies)
        return F.elu(self.summary(x)).flatten(1)


class AttentionLayer(nn.Module):
    """x + attention(LayerNorm(x)), then x + MLP(LayerNorm(x)): 4 d, ReLU.

    width: d, of a token.
    n_heads: heads of the attention, a divisor of the width.
    """

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm1 = nn.LayerNorm(width)
        self.in_proj = ZeroBiasLinear(width, 3 * width)
        nn.init.xavier_uniform_(self.in_proj.weight)
        self.out_proj = ZeroBiasLinear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.widen = ZeroBiasLinear(width, 4 * width)
        self.narrow = ZeroBiasLinear(4 * width, width)

    def forward(self, x: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
        """Update tokens by those that they see.

        x: (batch, n, width).
        visible: (batch, n, n) bool, what each token (row) sees.
        Returns the new tokens, shaped as x, and the attention (batch, n, n), a mean over heads; rows sum to 1.
        """
        projected = self.in_proj(self.norm1(x)).unflatten(-1, (3, self.n_heads, -1))
        query, key, value = projected.permute(2, 0, 3, 1, 4)  # each (batch, heads, n, width / heads)
        scores = at_least_float32(query / math.sqrt(query.shape[-1]) @ key.transpose(-1, -2))
        weights = scores.masked_fill(~visible[:, None], -math.inf).softmax(dim=-1)
        attended = (weights.to(value.dtype) @ value).transpose(1, 2).flatten(2)
        x = x + self.out_proj(attended)
        return x + self.narrow(self.widen(self.norm2(x)).relu()), weights.mean(dim=1)


class EPInformer(Architecture):
    """Promoter and candidate elements through one tower, then attention from the promoter (EPInformer).

    The promoter is the central 2,000 bp of the window, the elements are Batch.elements. The promoter sees all, an
    element itself and the promoter. As in the authors' training, each gene is padded to `n_enhancers` elements with
    rows of zeros, which BatchNorm counts; all padding of a batch is computed as one row.
    """

    AUTHORS_NAMES = EPINFORMER_AUTHORS_NAMES

    def __init__(
        self,
        *,
        length: int,
        n_rna_features: int,
        out_dim: int,
        n_encoder: int,
        head: int,
        n_enhancers: int,
    ) -> None:
        """Settings: see the catalogue."""
        super().__init__()
        at_least("length", length, ELEMENT_LENGTH)
        for key, divisor in (("32", CHANNELS_OUT), (f"head={head!r}", at_least("head", head, 1))):
            if at_least("out_dim", out_dim, 1) % divisor:
                raise ValueError(f"setting out_dim={out_dim!r} must be a multiple of {key}")
        self.n_rna_features = at_least("n_rna_features", n_rna_features, 0)
        self.n_enhancers = at_least("n_enhancers", n_enhancers, 1)
        self.tower = ConvolutionTower(out_dim)
        self.combine = nn.Sequential(
            ZeroBiasLinear(out_dim + N_FEATURES, out_dim),
            nn.ReLU(),
            ZeroBiasLinear(out_dim, out_dim),
            nn.ReLU(),
        )
        self.attention = nn.ModuleList(
            AttentionLayer(out_dim, head) for _ in range(at_least("n_encoder", n_encoder, 1))
        )
        self.head = Head(out_dim, n_rna_features, HEAD_WIDTH)

    def forward(self, batch: Batch, with_details: bool = False) -> Output:
        """Predict `batch`; details: `attention` (n_encoder, batch, 1 + n, 1 + n), the mean over heads, the promoter
        first; rows and columns of padded elements mean nothing.
        """
        check_widths(batch, self.n_rna_features)
        elements = self._checked(batch)
        promoter = batch.sequence[:, centre(batch.sequence.shape[1], ELEMENT_LENGTH)]
        sequence = torch.cat([promoter[:, None], elements.sequence], dim=1)
        present = F.pad(elements.present, (1, 0), value=True)
        features = F.pad(elements.features.masked_fill(~elements.present[..., None], 0), (0, 0, 1, 0))
        encoded = at_least_float32(self._encoded(sequence[present], len(present)))
        placed = encoded.new_zeros(*present.shape, encoded.shape[-1])
        placed[present] = encoded
        tokens = at_least_float32(self.combine(torch.cat([placed, features.to(placed.dtype)], dim=-1)))
        visible, attention = _visible(present), []
        for layer in self.attention:
            tokens, weights = layer(tokens, visible)
            attention.append(weights)
        details = {"attention": torch.stack(attention)} if with_details else {}
        return Output(self.head(tokens[:, 0], batch.rna_features), details=details)

    def _encoded(self, sequence: Tensor, genes: int) -> Tensor:
        """sequence: (n, 2000, 4), promoters and elements that are there -> (n, out_dim)."""
        padding = genes * (1 + self.n_enhancers) - len(sequence)
        if not (self.training and padding):
            return self.tower(sequence)
        copies = torch.ones(len(sequence) + 1, dtype=self.head.first.weight.dtype, device=sequence.device)
        copies[-1] = padding
        return self.tower(torch.cat([sequence, torch.zeros_like(sequence[:1])]), copies)[:-1]

    def _checked(self, batch: Batch) -> Elements:
        if batch.elements is None:
            raise ValueError(
                "epinformer needs candidate elements and this batch has none; give the file that "
                "workflow_scripts.inputs.elements makes (--elements, or Windows(..., elements=...))"
            )
        elements = batch.elements
        for name, width in (("sequence", (ELEMENT_LENGTH, 4)), ("features", (N_FEATURES,))):
            shape = tuple(getattr(elements, name).shape[2:])
            if shape != width:
                raise ValueError(f"batch.elements.{name} of each element has shape {shape}, expected {width}")
        if batch.sequence.shape[1] < ELEMENT_LENGTH:
            raise ValueError(
                f"window of {batch.sequence.shape[1]} bp does not hold epinformer's promoter of {ELEMENT_LENGTH} bp; "
                f"use windows of at least {ELEMENT_LENGTH}"
            )
        kept = slice(None), slice(self.n_enhancers)
        return Elements(elements.sequence[kept], elements.features[kept], elements.present[kept])

    @staticmethod
    def kept_per_gene(settings: Mapping[str, Any], length: int, device: str) -> Kept:
        """As `Architecture.kept_per_gene`."""
        positions = ELEMENT_LENGTH
        tower = 4 * (2 * positions + STEM_KERNEL) + STEM_WIDTH * positions
        # convolution, BatchNorm with ELU in place, places of the maximum (int64, of half); then three of half size
        for width in STAGE_WIDTHS:
            tower += 3 * width * positions + 3 * width * positions // 2
            positions //= 2
        for width, dilation in zip((DILATED_WIDTH,) * 3, DILATIONS, strict=True):
            positions -= 2 * dilation
            tower += 2 * width * positions
        tower += 2 * CHANNELS_OUT * positions
        return Kept(
            layer=Numbers(products=tower) * (settings["n_enhancers"] + 1),
            n_layer=1,
            layer_input=Numbers(),
            around=Numbers(),
            working=Numbers(products=2 * STEM_WIDTH * ELEMENT_LENGTH) * (settings["n_enhancers"] + 1),
            checkpointed=False,
        )

    @staticmethod
    def authors_sizes(state: Mapping[str, Tensor]) -> dict[str, Any]:
        """out_dim, n_encoder and n_rna_features as the state dict shows them."""
        found = sizes(state, out_dim=("add_pos_conv.2.weight", 0), n_rna_features=("pToExpr.0.weight", 1))
        if "out_dim" in found and "n_rna_features" in found:
            found["n_rna_features"] -= found["out_dim"]
        layers = count_layers(state, "attn_encoder.")
        return {**found, **({"n_encoder": layers["n_layer"]} if layers else {})}


def _visible(present: Tensor) -> Tensor:
    """present: (batch, n), the promoter first -> (batch, n, n): what each token sees."""
    n = present.shape[1]
    allowed = torch.eye(n, dtype=torch.bool, device=present.device)
    allowed[0] = allowed[:, 0] = True
    return allowed & present[:, None, :]
