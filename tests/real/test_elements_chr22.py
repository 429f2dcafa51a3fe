"""Candidate elements of K562 on chr22 against those that the ABC model made of the same peaks."""

from __future__ import annotations

import shutil
import subprocess

import h5py
import numpy as np
import pandas as pd
import pytest

from prism.genome.elements.make import make
from prism.genome.elements.peaks import read_peaks
from prism.genome.tracks.bedgraph import write_bedgraph
from prism.genome.tracks.fasta import write_fasta
from prism.genome.tracks.signal_sources import Signal
from tests.real.prepare import chr22_genes

LENGTHS = {"chr22": 50_818_468}


@pytest.fixture(scope="module")
def folder(shared):
    return shared / "real" / "human_chr22"


@pytest.fixture(scope="module")
def elements(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("chr22")
    write_fasta(folder / "hg38_chr22.fa.gz", out / "genome.fa")
    genes = chr22_genes(folder.parents[1] / "real").rename(columns={"Ensembl_ID": "gene_id"})
    genes[["gene_id", "symbol", "chrom", "tss", "strand"]].assign(dropped="").to_csv(
        out / "genes.tsv", sep="\t", index=False
    )
    k562 = folder / "K562"
    make(
        out / "genes.tsv", out / "genome.fa", k562 / "DNase.macs2_peaks.narrowPeak.gz", out / "e.h5",
        cell_type="K562", assembly="hg38", contacts=Signal("HiC", "contacts", (str(k562 / "contacts.5kb.cool"),)),
        activity={name: [str(k562 / f"{name}.elements.bw")] for name in ("H3K27ac", "DNase")},
    )  # fmt: skip
    with h5py.File(out / "e.h5") as file:
        yield file


def abc(folder) -> pd.DataFrame:
    """ABC's candidate elements: the summits of its peaks +-250 bp, merged."""
    table = pd.read_csv(folder / "K562" / "candidate_elements.bed.gz", sep="\t", header=None)
    return table.rename(columns={1: "start", 2: "end"}).sort_values("start")


def test_they_are_those_of_abc(elements, folder):
    unique = elements["elements/unique"]
    centre = (unique["start"][:] + unique["end"][:]) // 2
    known = abc(folder)
    before = np.searchsorted(known["start"], centre, side="right") - 1
    inside = (before >= 0) & (centre < known["end"].to_numpy()[np.maximum(before, 0)])
    assert len(centre) > 10_000
    assert inside.mean() > 0.99


def test_features_are_plausible(elements):
    table = {name: elements[f"elements/{name}"][:] for name in ("distance", "contact", "activity", "count")}
    present = np.arange(60) < table["count"][:, None]
    distance, contact = table["distance"][present], table["contact"][present]
    assert distance.min() > 1_000
    assert distance.max() <= 100_000
    assert table["count"].mean() > 50
    used = contact > 0
    assert used.mean() > 0.9
    assert np.corrcoef(np.log(distance[used]), np.log(contact[used]))[0, 1] < -0.5
    assert 0.3 < (table["activity"][present] > 0).mean() < 1


def test_called_peaks_lie_where_abc_has_elements(folder, tmp_path):
    if shutil.which("macs3") is None:
        pytest.skip("macs3 is not on PATH")
    write_bedgraph([folder / "K562" / "ATAC.bw"], tmp_path / "a.bdg")
    command = [
        "macs3",
        "bdgpeakcall",
        "--ifile",
        "a.bdg",
        "--cutoff",
        "10",
        "--min-length",
        "150",
        "--max-gap",
        "75",
    ]
    subprocess.run(
        [*command, "--no-trackline", "--ofile", "p"], cwd=tmp_path, check=True, capture_output=True
    )
    peaks, known = read_peaks(tmp_path / "p", LENGTHS)["chr22"], abc(folder)
    touched = np.searchsorted(known["end"], peaks.start, side="right") < np.searchsorted(
        known["start"], peaks.end, side="left"
    )
    assert 500 < len(peaks) < 5_000
    assert touched.mean() > 0.65
