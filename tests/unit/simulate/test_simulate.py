"""The simulated genome: its files against each other and against the ground truth."""

from __future__ import annotations

import gzip
import re
from itertools import pairwise

import cooler
import hictkpy
import numpy as np
import pandas as pd
import pyBigWig
import pytest

from prism.genome.genes.gtf import read_gtf
from prism.genome.genes.rna_features import measure, scaled
from prism.genome.tracks.fasta import Genome, write_fasta
from prism.simulate import Settings, simulate
from prism.simulate.cells import draw_cell
from prism.simulate.floor import mean_signals, simulated_means
from prism.simulate.landscape import lay_out
from prism.simulate.promoters import MOTIFS

COMPLEMENT = str.maketrans("ACGT", "TGCA")


def bases(genome, chrom, start, end, strand="+"):
    """Upper-case bases of [start, end), read on `strand`."""
    plus = genome.fetch(chrom, start, end).upper()
    return plus if strand == "+" else plus.translate(COMPLEMENT)[::-1]


# Files


def test_one_seed_gives_one_set_of_files(folder, tmp_path, small):
    simulate(small, tmp_path / "again")
    files = sorted(
        path.relative_to(folder) for path in folder.rglob("*") if path.suffix not in (".fai", ".gzi")
    )
    files = [path for path in files if (folder / path).is_file()]
    cell = [
        "CAGE.minus.bw",
        "CAGE.plus.bw",
        "DNase.bw",
        "H3K27ac.bw",
        "contacts.cool",
        "peaks.narrowPeak",
        "truth.tsv",
    ]
    expected = [
        "annotation.gtf.gz",
        "blacklist.bed",
        "genome.fa.gz",
        *(f"{c}/{f}" for c in ("simA", "simB") for f in cell),
    ]
    sums = [f"{path}.sha256" for path in expected]  # each file has its checksum beside it
    assert sorted(str(path) for path in files) == sorted(expected + sums)
    for path in files:
        assert (folder / path).read_bytes() == (tmp_path / "again" / path).read_bytes(), path


def test_another_seed_gives_another_genome(small):
    first, second = (lay_out(Settings.read({**small, "seed": seed})) for seed in (3, 4))
    assert (first.genes["tss"] != second.genes["tss"]).mean() > 0.9


def test_genome_opens_and_has_telomeres(genome, folder, small):
    length = small["chromosome_length"]
    assert list(genome.references) == ["chr1", "chr2", "chr3", "chr4"]
    assert list(genome.lengths) == [length] * 4
    assert set(genome.fetch("chr2", 0, 10_000)) == set(genome.fetch("chr2", length - 10_000, length)) == {"N"}
    assert set(bases(genome, "chr2", 10_000, length - 10_000)) == set("ACGT")
    with gzip.open(folder / "genome.fa.gz", "rt") as text:
        lines = [next(text).rstrip("\n") for _ in range(2_000)]
    assert lines[0] == ">chr1"
    assert {len(line) for line in lines[1:]} == {60}
    assert any(line.islower() for line in lines)


def test_bigwigs_open(folder, small):
    lengths = dict.fromkeys(["chr1", "chr2", "chr3", "chr4"], small["chromosome_length"])
    for name, low, high in [
        ("H3K27ac", 0, 1000),
        ("DNase", 0, 1000),
        ("CAGE.plus", 0, 50_000),
        ("CAGE.minus", -50_000, 0),
    ]:
        with pyBigWig.open(str(folder / "simB" / f"{name}.bw")) as bigwig:
            assert bigwig.chroms() == lengths
            values = np.nan_to_num(bigwig.values("chr3", 0, lengths["chr3"], numpy=True))
        assert low <= values.min() < values.max() <= high
        assert (values == 0).mean() > 0.5, "signals are sparse"


def test_signals_have_their_shapes(folder, truth):
    profile = {}
    for name in ("H3K27ac", "DNase"):
        with pyBigWig.open(str(folder / "simA" / f"{name}.bw")) as bigwig:
            rows = [
                bigwig.values(gene.chrom, gene.tss - 1000, gene.tss + 1000, numpy=True)[
                    :: 1 if gene.strand == "+" else -1
                ]
                for gene in truth.itertuples()
            ]
        profile[name] = np.nan_to_num(np.array(rows)).mean(axis=0)
    mark, access = profile["H3K27ac"], profile["DNase"]
    upstream, dip, downstream = mark[650:750].mean(), mark[970:1030].mean(), mark[1300:1400].mean()
    assert dip < 0.3 * upstream < 0.3 * downstream
    assert 900 < access.argmax() < 1030
    assert access[950:1000].mean() > 20 * access[:500].mean()


def test_contacts_open_and_are_balanced(folder):
    path = folder / "simA" / "contacts.cool"
    clr = cooler.Cooler(str(path))
    assert clr.binsize == 5000
    weights = clr.bins()[:]["weight"].to_numpy()
    assert np.isnan(weights[:2]).all(), "nothing maps to the telomeres"
    balanced = clr.matrix(balance=True).fetch("chr2")
    sums = np.nansum(balanced, axis=0)[~np.isnan(np.diag(balanced))]
    np.testing.assert_allclose(sums, 1, atol=1e-5)
    raw = clr.matrix(balance=False).fetch("chr2")[3:-3, 3:-3]
    decay = [np.diag(raw, distance).mean() for distance in (0, 4, 19, 79)]
    assert all(0.1 < far / near < 0.5 for near, far in pairwise(decay)), (
        "about 0.25 for each factor of 4 to 5"
    )
    file = hictkpy.File(str(path), 5000)
    assert file.avail_normalizations() == ["weight"]
    square = file.fetch("chr2", normalization="weight", count_type="float64").to_numpy()
    np.testing.assert_allclose(np.nan_to_num(square), np.nan_to_num(balanced), rtol=1e-9)


def test_peaks_lie_at_promoters_and_enhancers(folder, truth, small):
    peaks = pd.read_csv(folder / "simA" / "peaks.narrowPeak", sep="\t", header=None)
    assert peaks.shape[1] == 10
    assert ((peaks[1] >= 0) & (peaks[1] < peaks[2]) & (peaks[2] <= small["chromosome_length"])).all()
    assert peaks[4].between(0, 1000).all()
    summits = set(zip(peaks[0], peaks[1] + peaks[9], strict=True))
    promoters = sum((gene.chrom, gene.tss) in summits for gene in truth.itertuples())
    assert 0.7 * len(truth) < promoters <= len(truth)
    assert promoters < len(peaks)


def test_blacklist_lies_within_bounds_and_off_promoters(folder, truth, small):
    table = pd.read_csv(folder / "blacklist.bed", sep="\t", names=["chrom", "start", "end", "name"])
    assert ((table["start"] >= 0) & (table["start"] < table["end"])).all()
    assert (table["end"] <= small["chromosome_length"]).all()
    assert (table["name"] == "High Signal Region").any()
    for chrom, rows in table.groupby("chrom"):
        assert (rows["start"].to_numpy()[1:] > rows["end"].to_numpy()[:-1]).all()
        tss = truth.loc[truth["chrom"] == chrom, "tss"].to_numpy()
        near = (tss[:, None] + 1000 > rows["start"].to_numpy()) & (
            tss[:, None] - 1000 < rows["end"].to_numpy()
        )
        assert not near.any()


# Annotation


def test_promoters_hold_the_motifs_of_the_truth(truth, genome):
    for gene in truth.itertuples():
        start = gene.tss - 200 if gene.strand == "+" else gene.tss - 59
        zone = bases(genome, gene.chrom, start, start + 260, gene.strand)
        for motif in MOTIFS:
            patterns = {motif.sequence}
            if motif.both_strands:
                patterns.add(motif.sequence.translate(COMPLEMENT)[::-1])
            found = sum(len(re.findall(f"(?={pattern})", zone)) for pattern in patterns)
            assert found == getattr(gene, f"n_{motif.name}"), (gene.gene_id, motif.name)
        if gene.n_TATA:
            assert -33 <= zone.index("TATAAAAG") - 200 <= -29


def test_rna_cause_is_linear_in_the_workflow_s_features(folder, truth, tmp_path):
    write_fasta(folder / "genome.fa.gz", tmp_path / "genome.fa")
    transcripts = read_gtf(folder / "annotation.gtf.gz")
    features = scaled(measure(transcripts, Genome(tmp_path / "genome.fa")))
    assert transcripts.frame["gene_id"].tolist() == truth["gene_id"].tolist()
    design = np.column_stack([features.to_numpy(), np.ones(len(features))])
    fitted = design @ np.linalg.lstsq(design, truth["mrna"], rcond=None)[0]
    assert np.corrcoef(fitted, truth["mrna"])[0, 1] > 0.998


# Truth


@pytest.mark.parametrize("cell_type", ["simA", "simB"])
def test_labels_are_sums_of_the_cage_bigwigs(folder, cell_type):
    truth = pd.read_csv(folder / cell_type / "truth.tsv", sep="\t")
    tracks = {
        "+": pyBigWig.open(str(folder / cell_type / "CAGE.plus.bw")),
        "-": pyBigWig.open(str(folder / cell_type / "CAGE.minus.bw")),
    }
    for gene in truth.itertuples():
        values = tracks[gene.strand].values(gene.chrom, gene.tss - 192, gene.tss + 192, numpy=True)
        assert abs(np.nansum(values)) == gene.count
        assert gene.expression == pytest.approx(np.log10(gene.count + 1))


def test_causes_add_up_to_the_expression(truth):
    causes = truth[["motif", "mark", "mrna", "enhancer", "noise"]].sum(axis=1)
    np.testing.assert_allclose(truth["log10_rate"], 1.6 + causes, rtol=1e-9)
    weights = {motif.name: motif.weight for motif in MOTIFS}
    motifs = sum(weight * truth[f"n_{name}"] for name, weight in weights.items())
    assert np.corrcoef(motifs, truth["motif"])[0, 1] == pytest.approx(1)
    expressed = truth[truth["log10_rate"] > 1.5]
    assert np.abs(expressed["expression"] - expressed["log10_rate"]).mean() < 0.08


def test_cell_types_share_the_genome_and_differ_in_the_mark(folder, truth):
    other = pd.read_csv(folder / "simB" / "truth.tsv", sep="\t")
    shared = ["gene_id", "chrom", "strand", "tss", "n_TATA", "motif", "mrna", "split"]
    pd.testing.assert_frame_equal(truth[shared], other[shared])
    assert 0.2 < np.corrcoef(truth["mark_state"], other["mark_state"])[0, 1] < 0.75
    assert np.corrcoef(truth["expression"], other["expression"])[0, 1] < 0.95


def test_files_hold_the_simulated_signals(folder, truth, small):
    landscape = lay_out(Settings.read(small))
    direct = simulated_means(landscape, draw_cell(landscape, "simA"))
    np.testing.assert_allclose(mean_signals(folder / "simA", truth), direct, rtol=1e-5, atol=1e-6)
