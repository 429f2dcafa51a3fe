"""Cutting the dataset file: read back base by base, its identity, and bad input by name."""

import hashlib
import json
import os
import subprocess
import sys

import h5py
import numpy as np
import pyBigWig
import pyfaidx
import pytest

from prism.genome.dataset import cut as cutting
from prism.genome.tracks.fasta import write_fasta
from prism.genome.tracks.sequence import decode
from prism.genome.tracks.signal_sources import Signal, parse_signals
from tests.unit.genome import tiny_genome
from tests.unit.genome.tiny_genome import LENGTHS, LOCI

LENGTH = 2000
# On chrA (bins 0..5) and chrB (bins 6..8): contacts near the TSS of every gene but g2 and g5 (chrB, bin 7).
PIXELS = [(0, 0, 9), (0, 1, 4), (2, 3, 6), (3, 3, 20), (3, 4, 2), (4, 5, 1), (5, 5, 3), (6, 6, 5)]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    source = tiny_genome.write_fasta(folder / "in.fa", tiny_genome.bases())
    write_fasta(source, folder / "genome.fa")
    tiny_genome.write_bigwig(folder / "a.bw", tiny_genome.random_track(1), LENGTHS)
    tiny_genome.write_bigwig(folder / "b.bw", tiny_genome.random_track(2), LENGTHS)
    tiny_genome.write_cool(folder / "map.cool", LENGTHS, PIXELS)
    tiny_genome.write_genes(folder / "genes.tsv")
    (folder / "peaks.bed").write_text("chrA\t14990\t15010\nchrB\t6500\t6600\n")
    (folder / "blacklist.bed").write_text("chrA\t0\t40\n")
    return folder


def signals(folder):
    return [
        Signal("a", "bigwig", (str(folder / "a.bw"),), output_type="signal p-value"),
        Signal("HiC", "contacts", (str(folder / "map.cool"),)),
        Signal("mean", "bigwig", (str(folder / "a.bw"), str(folder / "b.bw")), transform="log1p"),
    ]


def cut(folder, out, length=LENGTH, genes="genes.tsv", fasta="genome.fa", which=None, masks=True, **settings):
    if masks:
        settings |= {"blacklist": folder / "blacklist.bed", "peaks": folder / "peaks.bed"}
    which = signals(folder) if which is None else which
    return cutting.cut(
        folder / genes, folder / fasta, length, which, out, cell_type="X", assembly="tiny", **settings
    )  # fmt: skip


def whole(path, name):
    with pyBigWig.open(str(path)) as handle:
        return np.pad(np.nan_to_num(handle.values(name, 0, LENGTHS[name], numpy=True)), LENGTH)


def test_every_base_and_value_is_read_back(files, tmp_path):
    cut(files, tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5") as file, pyfaidx.Fasta(str(files / "in.fa")) as fasta:
        assert file["genes/gene_id"].asstr()[:].tolist() == [gene for gene, *_ in LOCI]
        assert file["genes/strand"].asstr()[:].tolist() == [strand for *_, strand in LOCI]
        assert file["sequence"].shape == (6, LENGTH)
        for row, (_, chrom, tss, _) in enumerate(LOCI):  # also '-': every window is read on the + strand
            start = tss - LENGTH // 2
            off_left, off_right = max(0, -start), max(0, start + LENGTH - LENGTHS[chrom])
            inside = str(fasta[chrom][max(0, start) : start + LENGTH]).upper().replace("R", "N")
            assert decode(file["sequence"][row]) == "N" * off_left + inside + "N" * off_right
            a, b = (whole(files / f"{name}.bw", chrom)[start + LENGTH : start + 2 * LENGTH] for name in "ab")
            assert np.array_equal(file["signals/a"][row], a)
            np.testing.assert_allclose(file["signals/mean"][row], np.log1p((a + b) / 2), rtol=1e-6)
            region = np.arange(start, start + LENGTH)
            in_peak = (chrom == "chrA") & (region >= 14_990) & (region < 15_010)
            in_peak |= (chrom == "chrB") & (region >= 6_500) & (region < 6_600)
            assert np.array_equal(file["peaks"][row], in_peak)
            assert np.array_equal(file["blacklist"][row], (chrom == "chrA") & (region >= 0) & (region < 40))
        assert file["signals/HiC"].shape == (6, 2)
        assert dict(file["signals/HiC"].attrs) == {"kind": "contacts", "bin_size": 5000}
        assert file["signals/HiC"][1].tolist() == [0, 0]  # g2 has no contacts near its TSS
        # g4, tss 15,000: its window opens in bin 2 and it lies in bin 3; pseudocount of 1 Mb: 0.0012292.
        np.testing.assert_allclose(file["signals/HiC"][3], np.log10([7.0012292, 21.0012292]), rtol=1e-6)


def test_attributes_carry_the_provenance(files, tmp_path):
    manifest = files / "b.bw.json"
    body = (files / "b.bw").read_bytes()
    theirs = hashlib.md5(body).hexdigest()
    facts = {"address": "https://example.org/b.bw", "md5": theirs, "size": len(body), "date": "x"}
    manifest.write_text(json.dumps(facts))
    content_hash = cut(files, tmp_path / "x.h5")
    manifest.unlink()
    with h5py.File(tmp_path / "x.h5") as file:
        facts = dict(file.attrs)
    assert (facts["schema_version"], facts["length"]) == (1, LENGTH)
    assert (facts["assembly"], facts["cell_type"], facts["content_hash"]) == ("tiny", "X", content_hash)
    assert json.loads(facts["signals"]) == ["a", "HiC", "mean"]
    sources = json.loads(facts["sources"])
    md5 = hashlib.md5((files / "a.bw").read_bytes()).hexdigest()
    assert sources["a"]["output_type"] == "signal p-value"
    assert sources["a"]["md5"] == md5
    assert (sources["mean"]["md5"], sources["mean"]["address"]) == (
        f"{md5},{theirs}",
        "https://example.org/b.bw",
    )
    assert sources["mean"]["transform"] == "log1p"
    assert sources["HiC"]["normalisation"] == "none"
    assert {"sequence", "blacklist", "peaks"} < set(sources)


@pytest.mark.parametrize(("threads", "block_bytes"), [(1, 1), (1, 40_000), (2, 1)])
def test_threads_and_blocks_change_nothing(files, tmp_path, threads, block_bytes):
    expected = cut(files, tmp_path / "one.h5")
    assert cut(files, tmp_path / "other.h5", threads=threads, block_bytes=block_bytes) == expected
    with h5py.File(tmp_path / "one.h5") as one, h5py.File(tmp_path / "other.h5") as other:
        for path in ("sequence", "signals/a", "signals/HiC", "signals/mean", "peaks", "blacklist"):
            assert np.array_equal(one[path], other[path])


def test_the_hash_follows_the_content(files, tmp_path):
    expected = cut(files, tmp_path / "x.h5")
    sequences = tiny_genome.bases()
    at = LOCI[3][2] - LENGTH // 2  # first base of g4's window
    other = "A" if sequences["chrA"][at].upper() != "A" else "C"
    sequences["chrA"] = sequences["chrA"][:at] + other + sequences["chrA"][at + 1 :]
    write_fasta(tiny_genome.write_fasta(tmp_path / "in.fa", sequences), tmp_path / "changed.fa")
    assert cut(files, tmp_path / "x.h5", fasta=tmp_path / "changed.fa") != expected
    swapped = [signals(files)[index] for index in (2, 1, 0)]
    assert cut(files, tmp_path / "x.h5", which=swapped) != expected
    assert cut(files, tmp_path / "x.h5", masks=False) != expected
    sequences = {name: bases.lower() for name, bases in tiny_genome.bases().items()}
    write_fasta(tiny_genome.write_fasta(tmp_path / "in.fa", sequences), tmp_path / "lower.fa")
    assert cut(files, tmp_path / "x.h5", fasta=tmp_path / "lower.fa") == expected


def test_dropped_genes_have_no_window(files, tmp_path):
    tiny_genome.write_genes(tmp_path / "g.tsv", dropped=["", "no label", "", "", "", "low"])
    cut(files, tmp_path / "x.h5", genes=tmp_path / "g.tsv")
    with h5py.File(tmp_path / "x.h5") as file:
        assert file["genes/gene_id"].asstr()[:].tolist() == ["g1", "g3", "g4", "g5"]


@pytest.mark.parametrize(("kind", "threads"), [(ValueError, 1), (KeyboardInterrupt, 1), (ValueError, 2)])
def test_a_crash_leaves_nothing_and_no_old_file_is_harmed(files, tmp_path, monkeypatch, kind, threads):
    def fail(self, block):
        raise kind("in the middle")

    out = tmp_path / "x.h5"
    monkeypatch.setattr("prism.genome.dataset.layout.DatasetWriter.add", fail)
    with pytest.raises(kind, match="in the middle"):
        cut(files, out, threads=threads, block_bytes=1)
    assert list(tmp_path.iterdir()) == []
    out.write_text("an earlier file")
    with pytest.raises(kind, match="in the middle"):
        cut(files, out)
    assert out.read_text() == "an earlier file"


def test_a_workers_error_reaches_the_user(files, tmp_path):
    track = tiny_genome.random_track(1) | {"chrB": [(6000, 6001, -4.0)]}
    path = tiny_genome.write_bigwig(tmp_path / "minus.bw", track, LENGTHS)
    which = [Signal("minus", "bigwig", (str(path),), transform="log1p")]
    with pytest.raises(ValueError, match="signal minus: log1p of a negative value"):
        cut(files, tmp_path / "x.h5", which=which, threads=2, block_bytes=1)


class DyingCutter:
    """Stands for a worker that the system kills."""

    def block(self, *task):
        os._exit(9)


def test_a_killed_worker_is_explained():
    with pytest.raises(OSError, match="a worker process was killed, most likely because memory ran out"):
        list(cutting._blocks(DyingCutter(), [()] * 5, threads=2))


@pytest.mark.parametrize("value", [0.0, 1.5])
def test_a_constant_signal_is_refused_unless_allowed(files, tmp_path, value):
    track = {name: [(0, length, value)] for name, length in LENGTHS.items()}
    path = tiny_genome.write_bigwig(tmp_path / "flat.bw", track, LENGTHS)
    which = [Signal("flat", "bigwig", (str(path),))]
    with pytest.raises(ValueError, match=rf"signal flat is {value:g} in every window \(.*flat\.bw\)"):
        cut(files, tmp_path / "x.h5", which=which)
    assert not (tmp_path / "x.h5").exists()
    cut(files, tmp_path / "x.h5", which=which, allow_constant=True)


@pytest.mark.parametrize(
    ("loci", "message"),
    [
        ([("g1", "chrA", 30_000, "+")], "g1: tss 30000 is not on chrA, which has 30000 bp"),
        ([("g1", "chrC", 5, "+")], "no chromosome chrC; it has chrA, chrB"),
        ([("g1", "chrA", 5, "+"), ("g1", "chrA", 9, "+")], "g1"),
    ],
)
def test_bad_genes_are_refused(files, tmp_path, loci, message):
    tiny_genome.write_genes(tmp_path / "g.tsv", loci)
    with pytest.raises(ValueError, match=message):
        cut(files, tmp_path / "x.h5", genes=tmp_path / "g.tsv")


def test_odd_lengths_and_empty_tables_are_refused(files, tmp_path):
    with pytest.raises(ValueError, match="window length 1999 must be an even"):
        cut(files, tmp_path / "x.h5", length=1999)
    tiny_genome.write_genes(tmp_path / "g.tsv", dropped="no label")
    with pytest.raises(ValueError, match="no gene to cut a window for"):
        cut(files, tmp_path / "x.h5", genes=tmp_path / "g.tsv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{", "--signals is not JSON"),
        ("{}", "must be a JSON list"),
        ('[{"name": "a", "kind": "bigwig"}]', "signal a: files missing"),
        ('[{"name": "a", "kind": "bed", "files": ["x"]}]', "signal a: kind 'bed' is not one of bigwig, contacts"),
        ('[{"name": "a", "kind": "bigwig", "files": ["x"], "scale": 2}]', "signal a: unknown scale"),
        ('[{"name": "peaks", "kind": "bigwig", "files": ["x"]}]', "signal 'peaks': this name is taken"),
        ('[{"name": "h", "kind": "contacts", "files": ["x", "y"]}]', "signal h: contacts take one file"),
        ('[{"name": "a", "kind": "bigwig", "files": ["x"], "transform": "sqrt"}]', "transform 'sqrt'"),
        ('[{"name": "a", "kind": "bigwig", "files": ["x"]}, {"name": "a", "kind": "bigwig", "files": ["y"]}]', "two"),
    ],
)  # fmt: skip
def test_bad_signal_lists_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_signals(text)


def script(root, files, out, *more):
    listed = [{"name": "a", "kind": "bigwig", "files": [str(files / "a.bw")], "transform": "none"}]
    listed += [{"name": "HiC", "kind": "contacts", "files": [str(files / "map.cool")]}]
    command = [
        sys.executable, "-m", "workflow_scripts.inputs.windows", "--genes", str(files / "genes.tsv"), "--fasta",
        str(files / "genome.fa"), "--cell-type", "X", "--assembly", "tiny", "--signals", json.dumps(listed),
        "--threads", "2", "--out", str(out), *more,
    ]  # fmt: skip
    return subprocess.run(command, cwd=root, capture_output=True, text=True)


def test_the_script_cuts_and_refuses(files, tmp_path, root):
    done = script(root, files, tmp_path / "x.h5", "--length", "400")
    assert done.returncode == 0, done.stderr
    expected = cut(files, tmp_path / "y.h5", length=400, which=signals(files)[:2], masks=False)
    assert expected in done.stdout
    assert "6 of 6 genes" in done.stderr
    done = script(root, files, tmp_path / "z.h5", "--length", "401")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("error: window length 401")
