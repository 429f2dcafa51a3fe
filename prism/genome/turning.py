"""Turns some rows of a batch around: windows of genes on the - strand, as `prism.genome.reading` says."""

from __future__ import annotations

from torch import Tensor

KNOWN = 4  # codes below are bases, in an order in which 3 - code is the complement: A0 C1 G2 T3


def reversed_at(values: Tensor, places: Tensor) -> Tensor:
    """Reverse the positions of some rows, in place.

    values: (batch, ..., length) of one value a position.
    places: (k,) int64 rows, on the same device; none twice.

    Returns `values`.
    """
    # by numbers, not by a mask: a GPU would be waited for to count it
    values[places] = values[places].flip(-1)
    return values


def complemented_at(codes: Tensor, places: Tensor) -> Tensor:
    """Reverse-complement the bases of some rows, in place; an unknown base stays unknown.

    codes: (batch, ..., length) uint8, A0 C1 G2 T3, other 4.
    places: (k,) int64 rows, on the same device; none twice.

    Returns `codes`.
    """
    turned = codes[places].flip(-1)
    codes[places] = turned.where(turned >= KNOWN, KNOWN - 1 - turned)
    return codes
