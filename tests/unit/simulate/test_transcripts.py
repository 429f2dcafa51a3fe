"""Simulated transcripts, worked out by hand."""

from __future__ import annotations

import numpy as np

from prism.simulate.transcripts import Transcript, draw_transcripts


def test_pieces_of_a_transcript():
    # Exons [0, 10), [15, 25), [32, 52) of the body; the CDS is mRNA [7, 16), the stop codon [16, 19).
    transcript = Transcript(
        utr5=7, cds=9, utr3=21, exon_ends=np.array([10, 20, 40]), introns=np.array([5, 7])
    )
    assert transcript.mrna_length == 40
    assert transcript.body_length == 52
    assert transcript.coding_exons == 2
    assert transcript.pieces(0, 40).tolist() == [[0, 10], [15, 25], [32, 52]]
    assert transcript.pieces(7, 16).tolist() == [[7, 10], [15, 21]]
    assert transcript.pieces(19, 40).tolist() == [[24, 25], [32, 52]]


def test_transcripts_fit_their_room():
    for longest in (6_400, 20_000):
        transcripts = draw_transcripts(np.random.default_rng(0), 500, longest)
        assert max(t.body_length for t in transcripts) <= longest
        assert min(t.exon_ends[0] for t in transcripts) >= 60
        assert all(t.cds % 3 == 0 and t.exon_ends[-1] == t.mrna_length for t in transcripts)
