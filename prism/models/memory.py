"""What training keeps in memory, worked out from what each operation keeps for its gradient.

Counted for one gene of a window and checked against a count of the kept tensors (tests/unit/models/test_memory.py).
Letters as in the models: d = d_model, D = 2 d the width inside a Mamba, r = ceil(d / 16), 16 states. A number
is `whole` where it is float32 whatever the precision of the products, else a `product`, of 2 bytes in bf16.

Mamba's counts are those of the fused kernels. On a CPU (`prism.ops.cpu_mixer`): input and gate, each direction's step,
B and C, and its states every 64 positions. On a GPU (`prism.ops.triton_scan`): no states, but the input of out_proj;
this one is read off the code, not measured. The plain twin (PRISM_SCAN=reference) keeps more than 16 * D numbers a
position and direction instead. What a layer at work in the backward pass needs besides is a rough upper count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from prism.models.registry import known_settings

FLOAT32 = 4  # bytes
STATES = 16
STATE_EVERY = 64  # positions between kept states of a scan
POSITIONS_AT_ONCE = 16_384  # `prism.models.blocks.residual.sequences_at_a_time` at d = 128
PER_PARAMETER = 4 * FLOAT32  # the weight, its gradient and AdamW's two means


@dataclass(frozen=True)
class Numbers:
    """Numbers kept for a gene: `products` in the precision of the products, `whole` in float32."""

    products: float = 0.0
    whole: float = 0.0

    def __add__(self, other: Numbers) -> Numbers:
        return Numbers(self.products + other.products, self.whole + other.whole)

    def __mul__(self, times: float) -> Numbers:
        return Numbers(times * self.products, times * self.whole)

    def bytes(self, product_bytes: int) -> float:
        """Bytes, where a product has `product_bytes`."""
        return product_bytes * self.products + FLOAT32 * self.whole


@dataclass(frozen=True)
class Kept:
    """What training keeps for one gene between the forward and the backward pass.

    layer: by one layer; n_layer: layers that a gene goes through, all branches and passes together;
    layer_input: by a layer that is checkpointed; around: by everything else; working: arrays and gradients that
    the part at work in the backward pass makes besides; checkpointed: whether the layers are; shared: by a
    layer once a batch, not for each gene.
    """

    layer: Numbers
    n_layer: int
    layer_input: Numbers
    around: Numbers
    working: Numbers
    checkpointed: bool
    shared: Numbers = Numbers()

    def of(self, genes: int) -> Numbers:
        """All that is kept for so many genes."""
        if self.checkpointed:
            return (self.layer_input * self.n_layer + self.around) * genes
        return (self.layer * self.n_layer + self.around) * genes + self.shared * self.n_layer


def kept(architecture: str, settings: Mapping[str, Any], length: int, device: str = "cpu") -> Kept:
    """What training keeps for one gene.

    settings: of `prism.models.build`, `n_signals` among them; defaults where left out. length: of the window,
    bp. device: cpu or cuda, whose kernels keep different things. Raises ValueError for an architecture that is
    not trained by gradients.
    """
    if architecture not in COUNTS:
        raise ValueError(f"{architecture}: no activations are kept; counted are {', '.join(COUNTS)}")
    given = {**known_settings(architecture), "n_signals": 3, **settings, "device": device}
    return COUNTS[architecture](given, length)


def kept_bytes(
    architecture: str,
    settings: Mapping[str, Any],
    length: int,
    genes: int = 1,
    device: str = "cpu",
    product_bytes: int = FLOAT32,
) -> float:
    """Bytes kept between a forward and a backward pass of `genes` genes."""
    return kept(architecture, settings, length, device).of(genes).bytes(product_bytes)


def training_bytes(
    architecture: str,
    settings: Mapping[str, Any],
    length: int,
    genes: int,
    parameters: int,
    device: str = "cpu",
    product_bytes: int = FLOAT32,
) -> float:
    """Estimated peak of training: weights and optimiser, what is kept, and the layer at work in the backward pass.

    genes: that go through the model at once. A CPU takes long windows through the layers one by one. The
    library, the GPU's context and the data are not in it.
    """
    counted = kept(architecture, settings, length, device)
    at_once = min(genes, max(1, POSITIONS_AT_ONCE // length)) if device == "cpu" else genes
    working = counted.working * at_once
    if counted.checkpointed:
        working = working + counted.layer * at_once + counted.shared
    return (counted.of(genes) + working).bytes(product_bytes) + PER_PARAMETER * parameters


def _mamba_layer(d: int, directions: int, device: str) -> Numbers:
    """Residual stream; input and gate; of each direction step, B, C and on a CPU states, on a GPU out_proj's input."""
    inner, rank = 2 * d, math.ceil(d / 16)
    products, whole = 2 * inner + directions * (rank + 2 * STATES), d
    if device == "cpu":
        return Numbers(products, whole + directions * inner * STATES / STATE_EVERY)
    return Numbers(products + inner, whole)


def _mamba_like(
    settings: Mapping[str, Any], length: int, around: Numbers, passes: int = 1, directions: int = 2
) -> Kept:
    d = settings["d_model"]
    return Kept(
        layer=_mamba_layer(d, directions, settings["device"]) * length,
        n_layer=passes * settings["n_layer"],
        layer_input=Numbers(whole=d) * length,
        around=around * length,
        # six arrays of D and the gradients of input and gate; states or sums of blocks, and the residual's gradient
        working=Numbers(products=16 * d, whole=8 * d) * length,
        checkpointed=settings.get("checkpoint_layers", False),
    )


def _caduceus(settings: Mapping[str, Any], length: int) -> Kept:
    return _mamba_like(settings, length, Numbers(whole=settings["d_model"]))


def _caduceus_signals(settings: Mapping[str, Any], length: int) -> Kept:
    joined = 4 + settings["n_signals"] + (settings["input_mask"] is not None)
    return _mamba_like(settings, length, Numbers(whole=settings["d_model"] + joined))


def _mamba(settings: Mapping[str, Any], length: int) -> Kept:
    tokens = 2  # int64
    return _mamba_like(settings, length, Numbers(whole=settings["d_model"] + tokens), directions=1)


def _prism(settings: Mapping[str, Any], length: int) -> Kept:
    d, n = settings["d_model"], settings["n_context"]
    # convolution, ReLU and the maximum's places of three stages, each at a quarter of the positions before it
    confounder = d + 4.75 * settings["cnn_dim"] + 2 if n else 0
    return _mamba_like(settings, length, Numbers(whole=(1 + n) * d + confounder), passes=1 + n)


def _seq2exp_soft(settings: Mapping[str, Any], length: int) -> Kept:
    # two final norms, the hidden states behind the logits, the embedding before the mask, and the Beta's arithmetic
    return _mamba_like(settings, length, Numbers(whole=4 * settings["d_model"] + 16), passes=2)


def _seq2exp_hard(settings: Mapping[str, Any], length: int) -> Kept:
    # where the mask keeps every position, which is the most; both passes then begin with the same array
    return _mamba_like(settings, length, Numbers(whole=2 * settings["d_model"] + 15), passes=2)


def _hyenadna(settings: Mapping[str, Any], length: int) -> Kept:
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


def _epinformer(settings: Mapping[str, Any], length: int) -> Kept:
    from prism.models import epinformer as model

    positions = model.ELEMENT_LENGTH
    tower = 4 * (2 * positions + model.STEM_KERNEL) + model.STEM_WIDTH * positions
    # convolution, BatchNorm with ELU in place, the maximum's places (int64, of half); then three of half the positions
    for width in model.STAGE_WIDTHS:
        tower += 3 * width * positions + 3 * width * positions // 2
        positions //= 2
    for width, dilation in zip((model.DILATED_WIDTH,) * 3, model.DILATIONS, strict=True):
        positions -= 2 * dilation
        tower += 2 * width * positions
    tower += 2 * model.CHANNELS_OUT * positions
    return Kept(
        layer=Numbers(products=tower) * (settings["n_enhancers"] + 1),
        n_layer=1,
        layer_input=Numbers(),
        around=Numbers(),
        working=Numbers(products=2 * model.STEM_WIDTH * model.ELEMENT_LENGTH) * (settings["n_enhancers"] + 1),
        checkpointed=False,
    )


def _enformer(settings: Mapping[str, Any], length: int) -> Kept:
    d, heads, crop = settings["d_model"], settings["n_heads"], settings["crop_length"]
    bins = crop // 128
    # BatchNorm, GELU and the attention pool keep six arrays of a stage's width and four of the width before it
    half = d // 2
    widths = [half] + [round(half * 2 ** (i / 5) / 128) * 128 for i in range(6)]
    tower = 6 * half + sum((4 * a + 6 * b) / 2**i for i, (a, b) in enumerate(pairwise(widths), 1))
    layer = Numbers(products=bins * (12 * d + 3 * 64 * heads), whole=3 * heads * bins**2)
    return Kept(
        layer=layer,
        n_layer=settings["n_layer"],
        layer_input=Numbers(whole=bins * d),
        around=Numbers(products=tower * crop + 10 * d * min(settings["target_bins"], bins)),
        working=Numbers(products=4 * half * crop),
        checkpointed=settings["checkpoint_layers"],
    )


COUNTS: dict[str, Callable[[Mapping[str, Any], int], Kept]] = {
    "caduceus": _caduceus,
    "caduceus_signals": _caduceus_signals,
    "enformer": _enformer,
    "epinformer": _epinformer,
    "hyenadna": _hyenadna,
    "mamba": _mamba,
    "prism": _prism,
    "seq2exp_hard": _seq2exp_hard,
    "seq2exp_soft": _seq2exp_soft,
}
