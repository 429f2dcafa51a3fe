"""What training keeps of a gene between the forward and the backward pass: numbers, and which of them in float32."""

from __future__ import annotations

from dataclasses import dataclass

FLOAT32 = 4  # bytes


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
        """Bytes that the numbers take.

        product_bytes: bytes of a number that a matrix product made: 4, or 2 in bfloat16.
        """
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
        """All that is kept for some genes.

        genes: how many go through the model at once.
        """
        if self.checkpointed:
            return (self.layer_input * self.n_layer + self.around) * genes
        return (self.layer * self.n_layer + self.around) * genes + self.shared * self.n_layer
