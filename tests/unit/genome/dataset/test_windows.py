"""The dataset file as batches: types, crops, memory and streaming, and what is refused."""

import pickle

import h5py
import numpy as np
import pandas as pd
import pyBigWig
import pysam
import pytest
import torch

from prism.genome.dataset import cut
from prism.genome.dataset.windows import Windows
from prism.genome.genes.table import RNA_FEATURES
from prism.genome.tracks.fasta import write_fasta
from prism.genome.tracks.sequence import decode, encode
from prism.genome.tracks.signal_sources import Signal
from tests.unit.genome import tiny_genome
from tests.unit.genome.tiny_genome import LENGTHS, LOCI

LONG, SHORT = 12_000, 2_000
PIXELS = [(0, 0, 9), (0, 1, 4), (2, 3, 6), (3, 3, 20), (3, 4, 2), (4, 5, 1), (5, 5, 3), (6, 7, 5), (7, 7, 8)]
EXPRESSION = [0.5, 1.0, 0.0, 2.25, 3.0, 0.125]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The tiny genome, cut at 12,000 bp (long.h5) and directly at 2,000 bp (short.h5)."""
    folder = tmp_path_factory.mktemp("windows")
    write_fasta(tiny_genome.write_fasta(folder / "in.fa", tiny_genome.bases()), folder / "genome.fa")
    tiny_genome.write_bigwig(folder / "a.bw", tiny_genome.random_track(1), LENGTHS)
    tiny_genome.write_bigwig(folder / "b.bw", tiny_genome.random_track(2), LENGTHS)
    tiny_genome.write_cool(folder / "map.cool", LENGTHS, PIXELS)
    features = {name: np.arange(6) / 7 + i for i, name in enumerate(RNA_FEATURES)}
    tiny_genome.write_genes(folder / "genes.tsv", **features, promoter_activity=0.75, expression=EXPRESSION)
    (folder / "peaks.bed").write_text("chrA\t14990\t15010\nchrB\t6500\t6600\n")
    (folder / "blacklist.bed").write_text("chrA\t0\t40\n")
    signals = [
        Signal("a", "bigwig", (str(folder / "a.bw"),)),
        Signal("HiC", "contacts", (str(folder / "map.cool"),)),
        Signal("b", "bigwig", (str(folder / "b.bw"),), transform="log1p"),
    ]
    for name, length in (("long", LONG), ("short", SHORT)):
        cut.cut(
            folder / "genes.tsv", folder / "genome.fa", length, signals, folder / f"{name}.h5", cell_type="X",
            assembly="tiny", blacklist=folder / "blacklist.bed", peaks=folder / "peaks.bed",
        )  # fmt: skip
    return folder


def assert_equal(one, other):
    for name in ("sequence", "signals", "rna_features", "expression", "peaks", "blacklist"):
        assert torch.equal(getattr(one, name), getattr(other, name)), name


def test_shapes_and_types(files):
    windows = Windows(files / "short.h5", files / "genes.tsv")
    batch = windows.batch([3, 0])
    assert len(windows) == 6
    assert len(batch) == 2
    assert (batch.sequence.shape, batch.sequence.dtype) == ((2, SHORT, 4), torch.float32)
    assert (batch.signals.shape, batch.signals.dtype) == ((2, SHORT, 3), torch.float32)
    assert (batch.rna_features.shape, batch.rna_features.dtype) == ((2, 9), torch.float32)
    assert (batch.peaks.dtype, batch.blacklist.dtype) == (torch.bool, torch.bool)
    assert batch.expression.tolist() == [2.25, 0.5]
    assert batch.rna_features[:, 0].tolist() == pytest.approx([3 / 7, 0])
    assert windows.rna_feature_names == [*RNA_FEATURES, "promoter_activity"]
    assert windows.signal_names == ["a", "HiC", "b"]
    assert (windows.gene_id, windows.cell_type, windows.assembly) == ([row[0] for row in LOCI], "X", "tiny")
    assert windows.chrom == [row[1] for row in LOCI]
    assert windows.sources["b"]["transform"] == "log1p"


def test_gene_features_are_chosen_by_group(files):
    def opened(*chosen):
        return Windows(files / "short.h5", files / "genes.tsv", rna_features=list(chosen))

    mrna, activity = opened("mrna"), opened("promoter_activity")
    assert mrna.rna_feature_names == list(RNA_FEATURES)
    assert mrna.batch([3]).rna_features.shape == (1, 8)
    assert activity.rna_feature_names == ["promoter_activity"]
    assert activity.batch([0, 1]).rna_features.tolist() == [[0.75], [0.75]]
    whole = Windows(files / "short.h5", files / "genes.tsv").identity
    assert opened("promoter_activity", "mrna").identity == whole
    assert opened().identity == Windows(files / "short.h5", files / "genes.tsv", rna_features=False).identity
    assert len({whole, mrna.identity, activity.identity, opened().identity}) == 4
    with pytest.raises(ValueError, match=r"unknown gene features 'mrnas'; did you mean 'mrna'"):
        opened("mrnas")


def test_unknown_bases_are_zero_rows(files):
    sequence = Windows(files / "short.h5").batch([0]).sequence[0]
    assert not sequence[:850].any()  # g1, tss 150: 850 positions before the chromosome
    with h5py.File(files / "short.h5") as file:
        codes = torch.from_numpy(file["sequence"][0])
    assert torch.equal(sequence.sum(-1), (codes < 4).float())
    assert torch.equal(sequence[codes < 4].argmax(-1), codes[codes < 4].long())


def test_contacts_are_spread_over_the_bases_of_their_bins(files):
    contacts = Windows(files / "short.h5", signals=["HiC"]).batch([0, 2, 3]).signals[..., 0]
    value = {count: np.float32(np.log10(count + 1 + 0.0012291959)) for count in (0, 1, 3, 6, 9, 20)}
    # g1, tss 150 on chrA: [-850, 1150) lies in bin 0 but for 850 positions off the chromosome.
    np.testing.assert_allclose(contacts[0], [0.0] * 850 + [value[9]] * 1150, rtol=1e-6)
    # g3, tss 29,990: [28,990, 30,990), bin 5 up to the end at 30,000.
    np.testing.assert_allclose(contacts[1], [value[3]] * 1010 + [0.0] * 990, rtol=1e-6)
    # g4, tss 15,000: 1,000 positions of bin 2, then 1,000 of bin 3.
    np.testing.assert_allclose(contacts[2], [value[6]] * 1000 + [value[20]] * 1000, rtol=1e-6)


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_crop_equals_a_file_cut_at_that_length(files, in_memory):
    cropped = Windows(files / "long.h5", files / "genes.tsv", length=SHORT, in_memory=in_memory)
    direct = Windows(files / "short.h5", files / "genes.tsv")
    assert_equal(cropped.batch(range(6)), direct.batch(range(6)))
    assert cropped.batch([0]).signals[..., 1].any()


@pytest.mark.parametrize("length", [LONG, 7_776, 2])
def test_in_memory_equals_streamed(files, length):
    held = Windows(files / "long.h5", files / "genes.tsv", length=length, in_memory=True)
    streamed = Windows(files / "long.h5", files / "genes.tsv", length=length, in_memory=False)
    assert (held.in_memory, streamed.in_memory) == (True, False)
    assert_equal(held.batch([5, 0, 5, 2, 1]), streamed.batch(torch.tensor([5, 0, 5, 2, 1])))
    assert_equal(pickle.loads(pickle.dumps(streamed)).batch([4]), held.batch([4]))
    assert held.identity == streamed.identity
    one_row = length * (1 + 2 * 4 + 2) + 4 * 4  # sequence, two tracks, two masks, four bins of contacts
    assert held.nbytes == streamed.nbytes == 6 * one_row


def test_what_fits_is_held_in_memory(files, monkeypatch):
    assert Windows(files / "short.h5").in_memory
    monkeypatch.setattr("prism.genome.dataset.windows.LARGEST_IN_MEMORY", 100_000)
    assert not Windows(files / "short.h5").in_memory
    assert Windows(files / "long.h5", length=500).in_memory


def test_signals_are_chosen_and_ordered(files):
    both = Windows(files / "short.h5").batch([1, 4])
    chosen = Windows(files / "short.h5", signals=["b", "a"])
    assert torch.equal(chosen.batch([1, 4]).signals, both.signals[..., [2, 0]])
    assert Windows(files / "short.h5", signals=[]).batch([1, 4]).signals.shape == (2, SHORT, 0)


def test_without_genes_table_there_are_no_features_nor_labels(files):
    windows = Windows(files / "short.h5")
    batch = windows.batch([1, 2])
    assert windows.expression is None
    assert batch.expression is None
    assert batch.rna_features.shape == (2, 0)
    without = Windows(files / "short.h5", files / "genes.tsv", rna_features=False)
    assert without.batch([1]).rna_features.shape == (1, 0)
    assert without.expression.tolist() == EXPRESSION


def test_features_follow_the_gene_not_the_row(files, tmp_path):
    table = pd.read_csv(files / "genes.tsv", sep="\t", float_precision="round_trip")
    table.iloc[::-1].to_csv(tmp_path / "g.tsv", sep="\t", index=False)
    turned = Windows(files / "short.h5", tmp_path / "g.tsv")
    straight = Windows(files / "short.h5", files / "genes.tsv")
    assert_equal(turned.batch(range(6)), straight.batch(range(6)))
    assert turned.identity == straight.identity


def test_the_identity_follows_labels_features_and_content(files, tmp_path):
    table = pd.read_csv(files / "genes.tsv", sep="\t", float_precision="round_trip")
    seen = {Windows(files / name, files / "genes.tsv").identity for name in ("short.h5", "long.h5")}
    seen |= {
        Windows(files / "short.h5").identity,
        Windows(files / "short.h5", files / "genes.tsv", rna_features=False).identity,
    }
    for column in ("expression", "UTR5GC", "promoter_activity"):
        table.assign(**{column: table[column] + 0.25}).to_csv(tmp_path / "g.tsv", sep="\t", index=False)
        seen.add(Windows(files / "short.h5", tmp_path / "g.tsv").identity)
    assert len(seen) == 7
    table.assign(symbol="other").to_csv(tmp_path / "g.tsv", sep="\t", index=False)
    assert Windows(files / "short.h5", tmp_path / "g.tsv").identity in seen  # not a column that is used


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"length": 2_002}, "windows of 2002 bp asked for, but the file's have 2000"),
        ({"length": 1_999}, "window length 1999 must be an even"),
        ({"signals": ["a", "DNase"]}, "no signal DNase; wanted are a, DNase; it has a, HiC, b"),
        ({"in_memory": "gpu"}, "in_memory 'gpu'"),
    ],
)
def test_bad_requests_are_refused(files, settings, message):
    with pytest.raises(ValueError, match=message):
        Windows(files / "short.h5", **settings)


def test_bad_files_are_refused(files, tmp_path):
    table = pd.read_csv(files / "genes.tsv", sep="\t", float_precision="round_trip")
    table[table["gene_id"] != "g4"].to_csv(tmp_path / "g.tsv", sep="\t", index=False)
    with pytest.raises(
        ValueError, match=r"1 genes of .*short\.h5 are not in the table or dropped there \(g4\)"
    ):
        Windows(files / "short.h5", tmp_path / "g.tsv")
    with pytest.raises(ValueError, match=r"gone\.h5: no such dataset file"):
        Windows(tmp_path / "gone.h5")
    (tmp_path / "cut.h5").write_bytes((files / "short.h5").read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"cut\.h5: not a readable dataset file"):
        Windows(tmp_path / "cut.h5")
    with h5py.File(tmp_path / "new.h5", "w") as file:
        file.attrs["schema_version"] = 2
    with pytest.raises(ValueError, match=r"new\.h5: layout version 2, this program reads 1"):
        Windows(tmp_path / "new.h5")
    with pytest.raises(IndexError, match="gene 6 was asked for; the genes are 0 to 5"):
        Windows(files / "short.h5").batch([6])


def test_a_device_holds_the_packed_arrays(files):
    windows = Windows(files / "short.h5", files / "genes.tsv", in_memory=True)
    device = "cuda" if torch.cuda.is_available() else "meta"
    batch = windows.to(device).batch([1, 3])
    assert batch.sequence.device.type == batch.signals.device.type == batch.expression.device.type == device
    assert windows._arrays["sequence"].dtype == torch.uint8
    if device == "cuda":
        assert_equal(batch.to("cpu"), Windows(files / "short.h5", files / "genes.tsv").batch([1, 3]))


@pytest.mark.parametrize(
    ("place", "fasta", "genes", "track", "names"),
    [
        ("yeast", "R64-1-1.fa.gz", "genes.tsv", "ATAC.bw", {"gene": "gene_id"}),
        ("human_chr22", "hg38_chr22.fa.gz", "genes.tsv", "K562/ATAC.bw", {"Ensembl_ID": "gene_id"}),
    ],
)
def test_real_windows_agree_with_the_files(shared, tmp_path, place, fasta, genes, track, names):
    folder = shared / "real" / place
    write_fasta(folder / fasta, tmp_path / "genome.fa")
    table = pd.read_csv(folder / genes, sep="\t").rename(columns=names)
    table = table[table.get("seqfrac_2000", 1.0) == 1.0] if "seqfrac_2000" in table else table
    table = table.iloc[:: len(table) // 12].assign(dropped="")
    table["symbol"] = table["gene_id"]
    table[["gene_id", "symbol", "chrom", "tss", "strand", "dropped"]].to_csv(
        tmp_path / "g.tsv", sep="\t", index=False
    )
    signals = [Signal("ATAC", "bigwig", (str(folder / track),))]
    if place == "human_chr22":
        signals.append(Signal("HiC", "contacts", (str(folder / "K562/contacts.5kb.cool"),)))
    cut.cut(
        tmp_path / "g.tsv", tmp_path / "genome.fa", SHORT, signals, tmp_path / "x.h5", cell_type="X", assembly="A"
    )  # fmt: skip
    windows = Windows(tmp_path / "x.h5", tmp_path / "g.tsv")
    batch = windows.batch(range(len(windows)))
    bases, atac = pysam.FastaFile(str(folder / fasta)), pyBigWig.open(str(folder / track))
    for row, (chrom, tss) in enumerate(zip(windows.chrom, windows.tss.tolist(), strict=True)):
        start, end = max(0, tss - SHORT // 2), min(tss + SHORT // 2, bases.get_reference_length(chrom))
        inside = slice(start - tss + SHORT // 2, end - tss + SHORT // 2)
        codes = batch.sequence[row, inside].argmax(-1).numpy().astype(np.uint8)
        expected = encode(bases.fetch(chrom, start, end))
        assert decode(codes[expected < 4]) == decode(expected[expected < 4])
        values = np.nan_to_num(atac.values(chrom, start, end, numpy=True))
        assert np.array_equal(batch.signals[row, inside, 0].numpy(), values)
    assert batch.sequence.any(-1).float().mean() > 0.95
    if place == "human_chr22":
        assert windows.sources["HiC"]["normalisation"] == "weight"
        assert (batch.signals[..., 1].amax(1) > 0).float().mean() > 0.5


def test_the_file_is_plain_hdf5_with_one_chunk_a_gene(files):
    with h5py.File(files / "short.h5") as file:
        for path in ("sequence", "signals/a", "signals/b", "peaks", "blacklist"):
            assert (file[path].compression, file[path].chunks) == ("gzip", (1, SHORT))
