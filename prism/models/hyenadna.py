"""HyenaDNA: expression from the sequence by long convolutions, without signals; the head gets gene features too."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prism.genome.batch import Batch
from prism.models.architecture import Architecture, at_least, check_widths, flag
from prism.models.authors import count_layers, sizes
from prism.models.blocks.head import HEAD_AUTHORS_NAMES, Head, authors_rna_width, pool_centre
from prism.models.blocks.precision import at_least_float32, full_precision
from prism.models.blocks.residual import LayerStack
from prism.models.blocks.tokens import NucleotideEmbedding
from prism.models.contract import Output
from prism.models.kept import Kept, Numbers

SHORT_FILTER = 3  # positions
FILTER_WIDTH = 64
FILTER_LAYERS = 3  # Linear-sine pairs
BANDS = (1e-4, 1.0)
START_FREQUENCY = 10.0
FAST_DECAY, SLOW_DECAY, DECAY_TARGET = 0.3, 1.5, 1e-2
BEYOND_WINDOW = 2  # l_max is the window and so many positions more
LINEAR_STD = 0.02
EXPAND = 4  # of the MLP

# Our names in a HyenaOperator, of any layer -> the authors'. The three sines share one vector: three names.
OPERATOR_AUTHORS_NAMES = (
    (r"(^|\.)filter\.features$", (r"\1filter_fn.pos_emb.z",)),
    (r"(^|\.)filter\.times$", (r"\1filter_fn.pos_emb.t",)),
    (r"(^|\.)filter\.decay$", (r"\1filter_fn.modulation.deltas",)),
    (
        r"(^|\.)filter\.frequency$",
        tuple(rf"\1filter_fn.implicit_filter.{2 * i + 1}.freq" for i in range(FILTER_LAYERS)),
    ),
    *(
        (rf"(^|\.)filter\.layers\.{i}\.", (rf"\1filter_fn.implicit_filter.{2 * i}.",))
        for i in range(FILTER_LAYERS + 1)
    ),
    (r"(^|\.)filter\.bias$", (r"\1filter_fn.bias",)),
)


def long_convolution(x: Tensor, kernel: Tensor) -> Tensor:
    """Causal convolution over the whole length, by FFT: y_t = sum_s kernel[:, s] * x_(t - s).

    x: (batch, d, length), as is the result, in at least float32.
    kernel: (d, length), from the position itself backwards.
    """
    length = x.shape[-1]
    padded = 2 * length  # no wrapping round
    with full_precision(x):
        spectrum = torch.fft.rfft(at_least_float32(x), padded) * torch.fft.rfft(
            at_least_float32(kernel), padded
        )
        return torch.fft.irfft(spectrum, padded)[..., :length]


class HyenaFilter(nn.Module):
    """The long convolution's kernel as a function of the position: a small sine network under a decaying window.

    Features of position s of l_max, t = s / (l_max - 1): t, cos(f w), -sin(f w), with w = 2 pi s / l_max and
    two bands f. Linear-sine three times, Linear to d_model, times exp(-t |decay|), whose rates lie between
    those that reach 1e-2 at 0.3 and at 1.5 of l_max. `bias` (d_model,) is the weight of the input itself. In
    full precision.

    d_model: width of the hidden states.
    l_max: positions of the longest sequence; the kernel's time scale is relative to it.
    """

    def __init__(self, d_model: int, l_max: int) -> None:
        super().__init__()
        steps = torch.arange(l_max, dtype=torch.float64)
        times = steps / max(l_max - 1, 1)
        angles = 2 * math.pi * steps[:, None] / l_max * torch.tensor(BANDS, dtype=torch.float64)
        features = torch.cat([times[:, None], angles.cos(), -angles.sin()], dim=1)
        rates = [math.log(DECAY_TARGET) / decay for decay in (SLOW_DECAY, FAST_DECAY)]
        self.register_buffer("features", features.float())
        self.register_buffer("times", times.float())
        self.register_buffer("decay", torch.linspace(*rates, d_model))
        widths = (features.shape[1], *[FILTER_WIDTH] * FILTER_LAYERS)
        layers = [nn.Linear(widths[i], widths[i + 1]) for i in range(FILTER_LAYERS)]
        self.layers = nn.ModuleList([*layers, nn.Linear(FILTER_WIDTH, d_model, bias=False)])
        self.frequency = nn.Parameter(torch.full((FILTER_WIDTH,), START_FREQUENCY))
        self.bias = nn.Parameter(torch.randn(d_model))

    def forward(self, length: int) -> Tensor:
        """The kernel at the first positions: (d_model, length).

        length: number of positions, at most l_max.
        """
        with full_precision(self.features):
            x = self.features[:length]
            for layer in self.layers[:-1]:
                x = torch.sin(self.frequency * layer(x))
            window = torch.exp(-self.times[:length, None] * self.decay.abs())
            return (self.layers[-1](x) * window).T


class HyenaOperator(nn.Module):
    """The Hyena operator of order 2 (Poli et al. 2023); causal.

    in_proj to 3 d, depthwise causal convolution of 3, split into x0, x1, v; v <- longconv(v * x1) + bias * (v
    * x1); out_proj(v * x0).

    d_model: d, the width of the hidden states.
    l_max: positions of the longest sequence; the kernel's time scale is relative to it.
    """

    def __init__(self, d_model: int, l_max: int) -> None:
        super().__init__()
        self.l_max = l_max
        self.in_proj = nn.Linear(d_model, 3 * d_model)
        self.out_proj = nn.Linear(d_model, d_model)
        width = 3 * d_model
        self.short_filter = nn.Conv1d(width, width, SHORT_FILTER, groups=width, padding=SHORT_FILTER - 1)
        self.filter = HyenaFilter(d_model, l_max)

    def forward(self, u: Tensor) -> Tensor:
        """Mix positions by gated long convolutions, (batch, length, d_model).

        u: (batch, length, d_model).
        Raises ValueError for a length above l_max.
        """
        length = u.shape[1]
        if length > self.l_max:
            raise ValueError(
                f"window of {length} bp is longer than this Hyena operator's l_max of {self.l_max}; "
                "build the model with the window's length"
            )
        projected = self.short_filter(self.in_proj(u).transpose(1, 2))[..., :length]
        x0, x1, v = at_least_float32(projected).chunk(3, dim=1)
        v = v * x1
        v = long_convolution(v, self.filter(length)) + self.filter.bias[:, None] * v
        return self.out_proj((v * x0).transpose(1, 2))


class HyenaLayer(nn.Module):
    """x + operator(LayerNorm(x)), then x + MLP(LayerNorm(x)): 4 d, GELU (its tanh form).

    d_model: d, the width of the hidden states.
    l_max: as for `HyenaOperator`.
    """

    def __init__(self, d_model: int, l_max: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(d_model)
        self.mixer = HyenaOperator(d_model, l_max)
        self.norm2 = nn.LayerNorm(d_model)
        self.widen = nn.Linear(d_model, EXPAND * d_model)
        self.narrow = nn.Linear(EXPAND * d_model, d_model)

    def forward(self, x: Tensor) -> Tensor:
        """The operator, then the MLP, each added to its input, (batch, length, d_model).

        x: (batch, length, d_model).
        """
        x = x + self.mixer(self.norm1(x))
        return x + self.narrow(F.gelu(self.widen(self.norm2(x)), approximate="tanh"))


class HyenaDNA(Architecture):
    """Token embedding with dropout, Hyena layers, a final LayerNorm, central pooling, head (arXiv 2306.15794).

    Causal: half of the pooled positions have not seen what lies right of the TSS. At the start every Linear of the
    layers is normal with standard deviation 0.02, those that write to the residual stream 0.02 / sqrt(2 n_layer),
    as published (Nguyen et al. 2023).
    """

    # The operator's names are those of the golden file; around it, the public HyenaDNA's.
    AUTHORS_NAMES = (
        (r"^embed\.", ("backbone.embeddings.word_embeddings.",)),
        (r"^backbone\.norm\.", ("backbone.ln_f.",)),
        (r"\.widen\.", (".mlp.fc1.",)),
        (r"\.narrow\.", (".mlp.fc2.",)),
        *OPERATOR_AUTHORS_NAMES,
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
        embed_dropout: float,
        checkpoint_layers: bool,
    ) -> None:
        """Settings: see the catalogue."""
        super().__init__()
        if isinstance(embed_dropout, bool) or not 0 <= embed_dropout < 1:
            raise ValueError(f"setting embed_dropout={embed_dropout!r} must be a number from 0 to below 1")
        self.n_rna_features = at_least("n_rna_features", n_rna_features, 0)
        self.center_len = at_least("center_len", center_len, 1)
        l_max = at_least("length", length, 1) + BEYOND_WINDOW
        self.embed = NucleotideEmbedding(at_least("d_model", d_model, 1))
        self.dropout = nn.Dropout(embed_dropout)
        layers = (HyenaLayer(d_model, l_max) for _ in range(at_least("n_layer", n_layer, 1)))
        self.backbone = LayerStack(
            layers, nn.LayerNorm(d_model), flag("checkpoint_layers", checkpoint_layers)
        )
        self.head = Head(d_model, n_rna_features)
        self._start_weights(n_layer)

    def _start_weights(self, n_layer: int) -> None:
        for name, module in self.backbone.named_modules():
            if isinstance(module, nn.Linear):
                to_residual = name.endswith(("mixer.out_proj", "narrow"))
                nn.init.normal_(
                    module.weight, std=LINEAR_STD / (math.sqrt(2 * n_layer) if to_residual else 1)
                )
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, batch: Batch, with_details: bool = False) -> Output:
        """Predict `batch`; this model has no extra losses and no details."""
        check_widths(batch, self.n_rna_features)
        hidden = self.backbone(self.dropout(self.embed(batch.sequence)))
        return Output(self.head(pool_centre(hidden, self.center_len), batch.rna_features))

    @staticmethod
    def kept_per_gene(settings: Mapping[str, Any], length: int, device: str) -> Kept:
        """As `Architecture.kept_per_gene`."""
        d = settings["d_model"]
        # two LayerNorms, each its input and statistics; the complex spectrum and its factors; the rest are products
        layer = Numbers(products=14 * d, whole=11 * d + 4)
        kernel = Numbers(
            whole=9 * 64 + 5 * d
        )  # the filter's sine network, window and spectrum: one for all genes
        return Kept(
            layer=layer * length,
            n_layer=settings["n_layer"],
            layer_input=Numbers(whole=d) * length,
            around=Numbers(whole=2 * d + 4) * length,
            working=Numbers(products=12 * d, whole=6 * d) * length,
            checkpointed=settings["checkpoint_layers"],
            shared=kernel * length,
        )

    @staticmethod
    def authors_sizes(state: Mapping[str, Tensor]) -> dict[str, Any]:
        """d_model, n_layer, length and n_rna_features as the state dict shows them."""
        found = sizes(state, d_model=("backbone.ln_f.weight", 0))
        positions = state.get("backbone.layers.0.mixer.filter_fn.pos_emb.z")
        if positions is not None:
            found["length"] = positions.shape[-2] - BEYOND_WINDOW
        return {**found, **count_layers(state, "backbone.layers."), **authors_rna_width(state)}
