"""Nucleotides as tokens of a language model."""

from __future__ import annotations

import torch
from torch import Tensor, nn

VOCABULARY = 12  # 0 to 6 are the tokenizer's special tokens, which windows do not hold
FIRST_BASE = 7  # A7 C8 G9 T10
UNKNOWN_BASE = 11
EMBEDDING_STD = 0.02


def token_ids(sequence: Tensor) -> Tensor:
    """The ids of bases, (batch, length): 7 to 11.

    sequence: (batch, length, 4) one-hot A C G T, unknown bases rows of zeros.
    """
    return torch.where(sequence.any(dim=-1), sequence.argmax(dim=-1) + FIRST_BASE, UNKNOWN_BASE)


class NucleotideEmbedding(nn.Embedding):
    """The embedding of `token_ids`, (12, d_model); weights normal, standard deviation 0.02, at the start.

    d_model: width of the embedding.
    """

    def __init__(self, d_model: int) -> None:
        super().__init__(VOCABULARY, d_model)

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        nn.init.normal_(self.weight, std=EMBEDDING_STD)

    def forward(self, sequence: Tensor) -> Tensor:
        """Embed bases, (batch, length, d_model).

        sequence: (batch, length, 4) one-hot A C G T, unknown bases rows of zeros.
        """
        return super().forward(token_ids(sequence))
