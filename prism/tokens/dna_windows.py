"""The TSS windows of genes, as a DNA encoder is given them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from prism.genome.reading import GENE
from prism.genome.turning import complemented_at, reversed_at


@dataclass(frozen=True)
class DnaWindows:
    """Windows of some genes, stored on the + strand as in a dataset file, with the TSS at length / 2.

    sequence: (n, length) uint8, A0 C1 G2 T3, other 4.
    minus: (n,) bool, the genes on the - strand.
    signals: (n, length, n_signals) float32, of an encoder that reads some; default None.
    Raises ValueError where the three do not fit each other.
    """

    sequence: np.ndarray
    minus: np.ndarray
    signals: np.ndarray | None = None

    def __post_init__(self) -> None:
        n, length = self.sequence.shape
        if self.minus.shape != (n,):
            raise ValueError(f"{n} windows, and strands of {len(self.minus)}; give one for each window")
        if self.signals is not None and self.signals.shape[:2] != (n, length):
            raise ValueError(
                f"windows of {(n, length)}, and signals of {self.signals.shape[:2]}; give signals for each base"
            )

    def __len__(self) -> int:
        return len(self.sequence)

    def __getitem__(self, rows: np.ndarray) -> DnaWindows:
        """Some of them.

        rows: (k,) places.
        """
        signals = None if self.signals is None else self.signals[rows]
        return DnaWindows(self.sequence[rows], self.minus[rows], signals)

    def keys(self, identity: str) -> list[bytes]:
        """What each embedding depends on, as 32 bytes: encoder, bases, strand, signals.

        identity: of the encoder.
        """
        found = []
        for row in range(len(self)):
            key = hashlib.sha256(f"{identity}\0{self.sequence.shape[1]}\0{int(self.minus[row])}\0".encode())
            key.update(np.ascontiguousarray(self.sequence[row], np.uint8).tobytes())
            if self.signals is not None:
                key.update(np.ascontiguousarray(self.signals[row], "<f4").tobytes())
            found.append(key.digest())
        return found

    def read(self, orientation: str) -> tuple[Tensor, Tensor | None]:
        """Bases (n, length) uint8 and signals (n, length, n_signals) float32 in the direction of reading.

        orientation: plus, or gene: genes on the - strand are turned.
        """
        sequence = torch.from_numpy(self.sequence.astype(np.uint8, copy=True))
        signals = (
            None if self.signals is None else torch.from_numpy(self.signals.astype(np.float32, copy=True))
        )
        turned = torch.from_numpy(np.flatnonzero(self.minus))
        if orientation == GENE and len(turned):
            complemented_at(sequence, turned)
            if signals is not None:
                reversed_at(signals.transpose(1, 2), turned)
        return sequence, signals
