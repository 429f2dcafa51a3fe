"""Motifs of simulated promoters, counted by hand."""

from __future__ import annotations

import numpy as np

from prism.genome.tracks.sequence import encode
from prism.simulate.promoters import count_motifs, reverse_complement


def test_motifs_are_counted_by_strand():
    zones = np.stack([encode(s) for s in ["TATAAAAGCC", "CTTTTATACC", "ACTTCCGGCC", "CTGACGTCAC"]])
    counts = {name: list(count) for name, count in count_motifs(zones).items()}
    assert counts == {"TATA": [1, 0, 0, 0], "SP1": [0] * 4, "CRE": [0, 0, 0, 1], "ETS": [0, 0, 1, 0]}
    assert reverse_complement(encode("AACGN")).tolist() == encode("NCGTT").tolist()
