"""Windows of random bases and signals, as `prism.genome.dataset.windows.Windows` gives them, for measuring models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

from prism.genome.batch import Batch, Elements
from prism.genome.genes.feature_groups import columns_of

SIGNALS = ("H3K27ac", "DNase", "contacts")
PEAKS = 0.1  # share of the positions


class SyntheticWindows:
    """`n` genes, of which a batch is drawn anew, from the gene's number, each time it is asked for.

    signals: names, or None for the three published ones; elements: candidate elements of each gene, 0 for none.
    """

    in_memory = False
    nbytes = 0
    identity = "synthetic"
    elements_origin = None
    sources: dict[str, dict] = {}  # noqa: RUF012

    def __init__(
        self,
        n: int,
        length: int,
        signals: Sequence[str] | None,
        rna_features: bool | Sequence[str],
        elements: int,
    ) -> None:
        self.length, self.n_elements = length, elements
        self.signal_names = list(SIGNALS if signals is None else signals)
        self.rna_feature_names = columns_of(rna_features)
        self.gene_id = [f"gene{i}" for i in range(n)]
        self.chrom = ["chr1"] * n
        self.tss = np.arange(n)
        self.expression = torch.rand(n, generator=torch.Generator().manual_seed(1))

    def __len__(self) -> int:
        return len(self.gene_id)

    def elements_per_gene(self, genes: int, at_most: int) -> float:
        """Every gene has all."""
        return float(min(self.n_elements, at_most))

    def batch(self, indices: Sequence[int]) -> Batch:
        """The windows of some genes."""
        n, length = len(indices), self.length
        draw = torch.Generator().manual_seed(int(sum(indices)))

        def bases(*shape: int) -> torch.Tensor:
            return F.one_hot(torch.randint(0, 4, shape, generator=draw, dtype=torch.uint8).long(), 4).float()

        return Batch(
            sequence=bases(n, length),
            signals=torch.rand(n, length, len(self.signal_names), generator=draw),
            rna_features=torch.rand(n, len(self.rna_feature_names), generator=draw),
            expression=self.expression[torch.as_tensor(indices)],
            peaks=torch.rand(n, length, generator=draw) < PEAKS,
            blacklist=torch.rand(n, length, generator=draw) < PEAKS,
            elements=self._elements(n, bases, draw) if self.n_elements else None,
        )

    def _elements(self, n: int, bases, draw: torch.Generator) -> Elements:
        present = torch.ones(n, self.n_elements, dtype=torch.bool)
        features = torch.rand(n, self.n_elements, 3, generator=draw)
        return Elements(bases(n, self.n_elements, 2000), features, present)
