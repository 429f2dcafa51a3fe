"""A golden file: inputs, weights, outputs and gradients of the authors' own models."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from prism.genome.batch import Batch

OUTPUT_TOLERANCE = 1e-5  # absolute


@dataclass
class Golden:
    """One golden file, by kind of array."""

    meta: dict
    state: dict = field(default_factory=dict)
    input: dict = field(default_factory=dict)
    output: dict = field(default_factory=dict)
    grad: dict = field(default_factory=dict)

    def batch(self) -> Batch:
        """Its inputs, as our models take them."""
        return Batch(
            sequence=torch.tensor(self.input["seqs"]),
            signals=torch.tensor(self.input["signals"]),
            rna_features=torch.tensor(self.input["rna_feat"]),
            expression=torch.tensor(self.input["target"]).squeeze(-1),
        )


def assert_outputs_equal(ours: torch.Tensor, theirs: np.ndarray) -> None:
    """Ours are float32 and within the absolute tolerance of theirs."""
    assert ours.dtype == torch.float32
    np.testing.assert_allclose(
        ours.detach().numpy(), theirs.reshape(ours.shape), rtol=0, atol=OUTPUT_TOLERANCE
    )
