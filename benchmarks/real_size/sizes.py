"""How large the files of the main job are, and on what everything that is drawn depends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

# bp of hg38's chromosomes, and of unplaced sequences: 3.11 Gb
HG38 = {
    "chr1": 248_956_422, "chr2": 242_193_529, "chr3": 198_295_559, "chr4": 190_214_555, "chr5": 181_538_259,
    "chr6": 170_805_979, "chr7": 159_345_973, "chr8": 145_138_636, "chr9": 138_394_717, "chr10": 133_797_422,
    "chr11": 135_086_622, "chr12": 133_275_309, "chr13": 114_364_328, "chr14": 107_043_718,
    "chr15": 101_991_189, "chr16": 90_338_345, "chr17": 83_257_441, "chr18": 80_373_285, "chr19": 58_617_616,
    "chr20": 64_444_167, "chr21": 46_709_983, "chr22": 50_818_468, "chrX": 156_040_895, "chrY": 57_227_415,
    **{f"chrUn_SYN{number:06d}v1": 1_085_000 for number in range(20)},
}  # fmt: skip
# Genes of the published table on each chromosome: with fold 11, 1,167 to test, 1,225 to validate, 15,985 to train
LISTED = {
    "chr1": 1896, "chr2": 1184, "chr3": 1014, "chr4": 718, "chr5": 823, "chr6": 928, "chr7": 835, "chr8": 625,
    "chr9": 723, "chr10": 692, "chr11": 1203, "chr12": 993, "chr13": 306, "chr14": 585, "chr15": 541, "chr16": 792,
    "chr17": 1042, "chr18": 257, "chr19": 1324, "chr20": 518, "chr21": 211, "chr22": 418, "chrX": 749,
}  # fmt: skip
SPLIT = {"chr22": "test", "chrX": "test", "chr3": "valid", "chr21": "valid"}  # of fold 11; the others train
# Genes of each split that the GTF lacks (920), and that the table of labels lacks (735)
ABSENT = {"test": 54, "valid": 60, "train": 806}
UNLABELLED = {"test": 43, "valid": 50, "train": 642}
GTF_GENES = 60_649
INTERVALS = 20_000_000  # of each bigWig
_SHORTEST = 200_000  # bp of a chromosome at a small scale
_FEWEST = 0.02  # share of the genes at a small scale: a few in every split


@dataclass(frozen=True)
class Sizes:
    """The sizes at a scale.

    scale: 1 for real size; a small number for a test. Chromosomes keep 200 kb, and 2 % of the genes stay.
    """

    scale: float = 1.0

    @cached_property
    def lengths(self) -> dict[str, int]:
        """bp of each chromosome."""
        return {name: max(round(bp * self.scale), min(bp, _SHORTEST)) for name, bp in HG38.items()}

    @property
    def total(self) -> int:
        """bp of the genome."""
        return sum(self.lengths.values())

    def genes(self, count: int) -> int:
        """As many genes as stand for `count` at real size, at least one."""
        return max(1, round(count * max(self.scale, _FEWEST)))

    @cached_property
    def intervals(self) -> dict[str, int]:
        """Intervals of a bigWig on each chromosome; their sum is 20 million at real size."""
        wanted = INTERVALS * self.total / sum(HG38.values())
        counts = {name: int(wanted * bp / self.total) for name, bp in self.lengths.items()}
        counts["chr1"] += round(wanted) - sum(counts.values())
        return counts

    def draw(self, *names: object) -> np.random.Generator:
        """A generator of its own for what is named, so that any part can be drawn again by itself."""
        key = [byte for name in names for byte in (*str(name).encode(), 0)]
        return np.random.default_rng([12, *key])
