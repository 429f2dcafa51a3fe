"""Enformer (Avsec et al. 2021) from scratch, by the package enformer-pytorch: expression from 196,608 bp."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from prism.genome.batch import Batch
from prism.models.architecture import Architecture, at_least, check_widths, flag
from prism.models.blocks.head import Head
from prism.models.blocks.precision import at_least_float32
from prism.models.catalogue.tokens import centre
from prism.models.contract import Output
from prism.models.kept import Kept, Numbers

BIN = 128  # bp of one output bin
WIDTH_STEP = 128  # the package rounds the tower's widths to this
POSITION_FEATURES = 6  # kinds of relative position features that share a head's width
HEAD_WIDTH = 128


class Enformer(Architecture):
    """The centre of the window through Enformer's trunk, the mean of its output bins, head.

    The trunk is the package's, with random weights and without its own output heads; it reads the sequence
    alone. Bins have 2 * d_model channels; the trunk crops them to the central `target_bins`.
    """

    def __init__(
        self,
        *,
        length: int,
        n_rna_features: int,
        crop_length: int,
        d_model: int,
        n_layer: int,
        n_heads: int,
        target_bins: int,
        checkpoint_layers: bool,
    ) -> None:
        """Settings: see the catalogue."""
        super().__init__()
        self.n_rna_features = at_least("n_rna_features", n_rna_features, 0)
        self.crop_length = _multiple("crop_length", crop_length, BIN)
        if at_least("length", length, 1) < crop_length:
            raise ValueError(
                f"setting crop_length={crop_length} is more than the window of {length} bp; "
                "give the entry a longer window or a smaller crop_length"
            )
        self.checkpoint_layers = flag("checkpoint_layers", checkpoint_layers)
        at_least("n_layer", n_layer, 1)
        _multiple("d_model", d_model, WIDTH_STEP)
        _multiple("d_model", d_model, at_least("n_heads", n_heads, 1) * POSITION_FEATURES)
        bins = min(at_least("target_bins", target_bins, 1), crop_length // BIN)
        self.trunk = _trunk(dim=d_model, depth=n_layer, heads=n_heads, target_length=bins)
        self.head = Head(2 * d_model, n_rna_features, HEAD_WIDTH)

    def forward(self, batch: Batch, with_details: bool = False) -> Output:
        """Predict `batch`; this model has no extra losses and no details."""
        check_widths(batch, self.n_rna_features)
        length = batch.sequence.shape[1]
        if length < self.crop_length:
            raise ValueError(
                f"window of {length} bp is shorter than crop_length={self.crop_length}; give it longer windows"
            )
        sequence = batch.sequence[:, centre(length, self.crop_length)].to(self.head.first.weight.dtype)
        pooled = at_least_float32(self._bins(sequence)).mean(dim=1)
        return Output(self.head(pooled, batch.rna_features))

    def _bins(self, sequence: Tensor) -> Tensor:
        """sequence: (batch, crop_length, 4) -> (batch, bins, 2 * d_model)."""
        if not (self.checkpoint_layers and torch.is_grad_enabled()):
            return self.trunk(sequence, return_only_embeddings=True)
        # The package's own checkpointing leaves `use_reentrant` open, which PyTorch warns of and will refuse.
        x = self.trunk.conv_tower(self.trunk.stem(sequence.transpose(1, 2))).transpose(1, 2)
        for layer in self.trunk.transformer:
            x = checkpoint(layer, x, use_reentrant=False)
        return self.trunk.final_pointwise(self.trunk.crop_final(x))

    @staticmethod
    def kept_per_gene(settings: Mapping[str, Any], length: int, device: str) -> Kept:
        """As `Architecture.kept_per_gene`."""
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


def _trunk(**sizes: int) -> nn.Module:
    """The package's Enformer without output heads; ValueError where the package is not installed."""
    try:
        import enformer_pytorch
    except ModuleNotFoundError as error:
        if error.name != "enformer_pytorch":
            raise
        raise ValueError(
            "enformer needs the package enformer-pytorch, which is not installed here: use the environment "
            "envs/enformer.yaml (snakemake --sdm conda does), or pip install -r requirements-enformer.txt"
        ) from None
    return enformer_pytorch.Enformer.from_hparams(output_heads={}, **sizes)


def _multiple(key: str, value: Any, of: int) -> int:
    if at_least(key, value, of) % of:
        raise ValueError(f"setting {key}={value} must be a multiple of {of}")
    return value
