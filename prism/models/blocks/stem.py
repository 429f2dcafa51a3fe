"""From a window's bases to the tokens that a backbone reads."""

from __future__ import annotations

from torch import Tensor, nn

from prism.models.blocks.linear import InputLinear
from prism.models.catalogue.tokens import MEAN, Stem


def patches(x: Tensor, size: int) -> Tensor:
    """Neighbouring positions side by side: (batch, length / size, size * channels), position by position.

    x: (batch, length, channels).
    size: positions of a patch.
    Raises ValueError unless the length is a multiple of the size.
    """
    if x.shape[1] % size:
        raise ValueError(
            f"a window of {x.shape[1]} bp is no whole number of tokens of {size} bp; give one that is, or another stem"
        )
    return x.unflatten(1, (-1, size)).flatten(2)


class StemLinear(InputLinear):
    """Linear(channels, d) on each base; with a stem, a convolution of kernel and stride `size`, or means of bases.

    The convolution is a linear layer on patches, Linear(size * channels, d): the weight of torch's Conv1d is
    `weight.unflatten(1, (size, channels)).transpose(1, 2)`, and it starts with the same distribution.

    channels: numbers of a base.
    d_model: width of a token.
    stem: kind and size.
    """

    def __init__(self, channels: int, d_model: int, stem: Stem) -> None:
        super().__init__(channels if stem.kind == MEAN else stem.size * channels, d_model)
        self.stem = stem
        self.means = MeanStem(stem.size) if stem.kind == MEAN else None

    def forward(self, x: Tensor) -> Tensor:
        """Tokens of a window, (batch, length / size, d_model).

        x: (batch, length, channels) of any floating type.
        Raises ValueError unless the length is a multiple of the stem's size.
        """
        x = x.to(self.weight.dtype)
        return super().forward(self.means(x) if self.means else patches(x, self.stem.size))


class MeanStem(nn.Module):
    """Means of neighbouring positions.

    size: positions of a mean.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Means, (batch, length / size, channels).

        x: (batch, length, channels).
        Raises ValueError unless the length is a multiple of the size.
        """
        return patches(x, self.size).unflatten(2, (self.size, x.shape[2])).mean(dim=2)


def embedding_stem(d_model: int, stem: Stem) -> nn.Module:
    """What makes tokens of embedded nucleotides: (batch, length, d_model) -> (batch, length / size, d_model).

    d_model: width of the embedding and of a token.
    stem: kind and size; of size 1 it leaves everything as it is.
    """
    if stem.size == 1:
        return nn.Identity()
    return MeanStem(stem.size) if stem.kind == MEAN else StemLinear(d_model, d_model, stem)
