"""The features of the ridge regression: binned signals, GC content, k-mers, RNA features."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor

from prism.genome.batch import Batch
from prism.models.catalogue.tokens import centre

UNIFORM_BINS = 10  # bins of `bin_size` on each side of the TSS, before they begin to double
TRANSFORMS = ("none", "log1p")
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def bin_edges(length: int, bin_size: int) -> list[int]:
    """Edges of the bins of a window, 0-based bp from its start.

    On each side of the TSS ten bins of `bin_size`, then each twice as wide as the last. A 2 kb window in bins
    of 100 bp has 20 equal bins; a 200 kb window has 38, not 2,000, and loses little far from the TSS. The
    outermost bins are cut at the edge of the window.

    length: of the window, bp.
    bin_size: of the innermost bins, bp.
    """
    half = length // 2
    offsets, width = [0], bin_size
    while offsets[-1] < half:
        if len(offsets) > UNIFORM_BINS:
            width *= 2
        offsets.append(min(offsets[-1] + width, half))
    return [half - offset for offset in reversed(offsets)] + [half + offset for offset in offsets[1:]]


def strand_folded(k: int) -> tuple[list[str], list[int]]:
    """One k-mer of each reverse-complement pair, and for each of the 4^k k-mers (ACGT order) its place among them.

    k: letters of a k-mer.
    """
    words = ["".join(letters) for letters in product("ACGT", repeat=k)]
    canonical = [min(word, word.translate(COMPLEMENT)[::-1]) for word in words]
    kept = sorted(set(canonical))
    place = {word: i for i, word in enumerate(kept)}
    return kept, [place[word] for word in canonical]


def kmer_frequencies(codes: Tensor, k: int) -> Tensor:
    """Frequencies (batch, n_folded) float64 of the strand-folded k-mers; zeros if every k-mer has an unknown base.

    K-mers with an unknown base are not counted.

    codes: (batch, length) int64, A0 C1 G2 T3, other 4.
    k: letters of a k-mer.
    """
    batch, length = codes.shape
    kept, place = strand_folded(k)
    n_places = max(length - k + 1, 0)
    index = torch.zeros(batch, n_places, dtype=torch.long, device=codes.device)
    known = torch.ones(batch, n_places, dtype=torch.bool, device=codes.device)
    for offset in range(k):
        letter = codes[:, offset : offset + n_places]
        index = index * 4 + letter.clamp(max=3)
        known &= letter < 4
    counts = torch.zeros(batch, len(kept), dtype=torch.float64, device=codes.device)
    counts.scatter_add_(1, torch.tensor(place, device=codes.device)[index], known.double())
    return counts / counts.sum(dim=1, keepdim=True).clamp(min=1)


class RidgeFeatures:
    """Batch -> (batch, n_features) float64, in the order of `names`.

    Per signal: sign(x) log1p|x| of its mean in each bin of `bin_edges` and in the whole window (with transform log1p,
    of the mean of sign(x) log1p|x|); GC content of the whole window (share of G and C among the known bases);
    frequencies of strand-folded k-mers, k = 1..kmer, in the central min(center_len, length) bp; the RNA features as
    they are.

    length: of the window, bp.
    n_signals, n_rna_features: widths of the batch's signals and gene features.
    bin_size: of the innermost bins, bp.
    kmer: letters of the longest k-mers.
    center_len: bp around the TSS whose k-mers are counted.
    signals: names of the signals; default None, for signal_0, signal_1 and so on.
    transform: of each value before the means: none (the default) or log1p.
    Raises ValueError for another transform, and for names of another number than the signals.
    """

    def __init__(
        self,
        length: int,
        n_signals: int,
        n_rna_features: int,
        bin_size: int,
        kmer: int,
        center_len: int,
        signals: Sequence[str] | None = None,
        transform: str = TRANSFORMS[0],
    ) -> None:
        if transform not in TRANSFORMS:
            raise ValueError(f"setting transform={transform!r} must be one of {', '.join(TRANSFORMS)}")
        self.length, self.kmer, self.transform = length, kmer, transform
        self.widths = {"sequence": 4, "signals": n_signals, "rna_features": n_rna_features}
        self.edges = bin_edges(length, bin_size)
        self.centre = centre(length, center_len)
        signals = list(signals) if signals is not None else [f"signal_{i}" for i in range(n_signals)]
        if len(signals) != n_signals:
            raise ValueError(f"{n_signals} signals, but {len(signals)} names: {', '.join(signals)}")
        tss = length // 2
        places = [f"[{a - tss}, {b - tss})" for a, b in zip(self.edges, self.edges[1:], strict=False)]
        self.names = [f"{signal} {place}" for place in [*places, "window"] for signal in signals]
        self.names.append("GC")
        self.names += [word for k in range(1, kmer + 1) for word in strand_folded(k)[0]]
        self.names += [f"rna_feature_{i}" for i in range(n_rna_features)]

    def __call__(self, batch: Batch) -> Tensor:
        """Features of `batch`, on its device; ValueError if its length or widths are not the settings'."""
        if batch.sequence.shape[1] != self.length:
            raise ValueError(
                f"batch has windows of {batch.sequence.shape[1]} bp, ridge was built for {self.length} bp"
            )
        for name, width in self.widths.items():
            if getattr(batch, name).shape[-1] != width:
                found = getattr(batch, name).shape[-1]
                raise ValueError(f"batch.{name} has width {found}, ridge was built for {width}")
        known = batch.sequence.sum(dim=-1) > 0
        codes = torch.where(known, batch.sequence.argmax(dim=-1), 4)
        gc = ((codes == 1) | (codes == 2)).double().sum(dim=1) / known.double().sum(dim=1).clamp(min=1)
        frequencies = [kmer_frequencies(codes[:, self.centre], k) for k in range(1, self.kmer + 1)]
        return torch.cat(
            [self._binned(batch.signals), gc[:, None], *frequencies, batch.rna_features.double()], dim=1
        )

    def _binned(self, signals: Tensor) -> Tensor:
        widths = [b - a for a, b in zip(self.edges, self.edges[1:], strict=False)]
        if self.transform == "log1p":
            signals = _logarithm(signals)
        means = [part.double().mean(dim=1) for part in signals.split(widths, dim=1)]
        means.append(signals.double().mean(dim=1))
        return _logarithm(torch.cat(means, dim=1))


def _logarithm(values: Tensor) -> Tensor:
    return torch.sign(values) * torch.log1p(values.abs())
