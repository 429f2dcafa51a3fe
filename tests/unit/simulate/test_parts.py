"""The simulation's settings, its parts worked out by hand, and its script's errors."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pyBigWig
import pytest

from prism.genome.tracks.sequence import encode
from prism.simulate import Settings
from prism.simulate.contacts import balance
from prism.simulate.files import write_bigwig
from prism.simulate.promoters import count_motifs, reverse_complement
from prism.simulate.transcripts import Transcript, draw_transcripts
from workflow_scripts import cli
from workflow_scripts.simulate import main


def test_defaults_are_the_demo_s_folds(root):
    table = pd.read_csv(root / "config" / "demo" / "folds.tsv", sep="\t")
    pd.testing.assert_frame_equal(table, Settings.read({}).folds(), check_dtype=False)
    assert list(table["split"]) == ["train"] * 6 + ["valid", "test"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sed": 1}, "unknown settings.*sed.*known ones.*seed"),
        ({"seed": 1.5}, "seed = 1.5; give a whole number"),
        ({"seed": True}, "seed = True"),
        ({"seed": -1}, "seed = -1"),
        ({"cell_types": "simA"}, "cell_types = 'simA'; give a list"),
        ({"cell_types": []}, "one or more"),
        ({"cell_types": ["a", "a"]}, "different names"),
        ({"cell_types": ["../a"]}, "names a folder"),
        ({"confounding": 1.1}, "confounding = 1.1"),
        ({"noise": -0.1}, "noise = -0.1"),
        ({"mean_expression": 9}, "mean_expression = 9"),
        ({"n_chromosomes": 2}, "leaves no training chromosome"),
        ({"chromosome_length": 100_000}, "give at least 840000 bp"),
        ({"confounding": float("nan")}, "confounding = nan"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        Settings.read(settings)


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


def test_motifs_are_counted_by_strand():
    zones = np.stack([encode(s) for s in ["TATAAAAGCC", "CTTTTATACC", "ACTTCCGGCC", "CTGACGTCAC"]])
    counts = {name: list(count) for name, count in count_motifs(zones).items()}
    assert counts == {"TATA": [1, 0, 0, 0], "SP1": [0] * 4, "CRE": [0, 0, 0, 1], "ETS": [0, 0, 1, 0]}
    assert reverse_complement(encode("AACGN")).tolist() == encode("NCGTT").tolist()


def test_balance_by_hand():
    # Rows of [[3, 1, 0], [1, 3, 0], [0, 0, 0]] sum to 4, so w = 1/2; the empty bin has none.
    weights = balance(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([3, 1, 3]), 3)
    np.testing.assert_allclose(weights, [0.5, 0.5, np.nan], rtol=1e-6)


def test_bigwig_merges_runs_and_leaves_zeros_out(tmp_path):
    write_bigwig(tmp_path / "x.bw", {"chr1": np.array([0, 2, 2, 0, -1]), "chr2": np.zeros(5)}, 23, 5)
    with pyBigWig.open(str(tmp_path / "x.bw")) as bigwig:
        assert bigwig.intervals("chr1") == ((5, 15, 2.0), (20, 23, -1.0))
        assert bigwig.intervals("chr2") is None
        assert bigwig.chroms() == {"chr1": 23, "chr2": 23}


@pytest.mark.parametrize(
    ("settings", "message"),
    [('{"seed": "x"}', "seed = 'x'; give a whole number"), ("{seed}", "not JSON"), ("[1]", "JSON object")],
)
def test_script_says_what_is_wrong(settings, message, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["simulate", "--settings", settings, "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as stopped:
        cli.run(main)
    printed = capsys.readouterr().err
    assert stopped.value.code == 1
    assert printed.startswith("error: ")
    assert message in printed
    assert len(printed.splitlines()) == 1
    assert not list(tmp_path.iterdir())
