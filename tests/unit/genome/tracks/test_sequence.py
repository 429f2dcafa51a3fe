"""The genome's bases: codes, windows, the index beside samtools' and pyfaidx's, and what is refused."""

import gzip
import pickle
import subprocess
import sys

import numpy as np
import pyfaidx
import pysam
import pytest

from prism.genome.tracks.fasta import Genome, write_fasta
from prism.genome.tracks.sequence import decode, encode, one_hot
from tests.unit.genome import tiny_genome


@pytest.mark.parametrize(
    ("bases", "codes"),
    [
        ("ACGT", [0, 1, 2, 3]),
        ("acgtn", [0, 1, 2, 3, 4]),
        ("NRYSWKMBDHVXU-*", [4] * 15),
        ("A\nC\r\nG", [0, 1, 2]),
        ("", []),
    ],
)
def test_codes(bases, codes):
    assert encode(bases).tolist() == codes
    assert encode(bases.encode()).dtype == np.uint8


def test_one_hot_rows():
    expected = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    assert one_hot(np.arange(5, dtype=np.uint8)).tolist() == expected


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "in.fa"
    path.write_text(">chr1 first\nACGTA\nCG\n>chr2\nnnRyA\n")
    write_fasta(path, path.with_name("genome.fa"))
    return Genome(path.with_name("genome.fa"))


@pytest.mark.parametrize(
    ("chrom", "start", "end", "bases"),
    [
        ("chr1", 0, 7, "ACGTACG"),
        ("chr1", -3, 5, "NNNACGTA"),
        ("chr1", 4, 10, "ACGNNN"),
        ("chr1", -2, 9, "NNACGTACGNN"),
        ("chr1", -5, -2, "NNN"),
        ("chr1", 7, 9, "NN"),
        ("chr1", 4, 6, "AC"),  # across the end of a line
        ("chr2", 0, 5, "NNNNA"),  # lower-case n, IUPAC codes
        ("chr2", 4, 6, "AN"),
    ],
)
def test_literal_regions(genome, chrom, start, end, bases):
    assert decode(genome.codes(chrom, start, end)) == bases


def test_windows_are_rows(genome):
    windows = genome.windows("chr1", np.array([-1, 3]), 4)
    assert [decode(row) for row in windows] == ["NACG", "TACG"]
    assert genome.lengths == {"chr1": 7, "chr2": 5}


def test_every_base_is_the_one_that_was_written(tmp_path):
    bases = tiny_genome.bases()
    source = tiny_genome.write_fasta(tmp_path / "in.fa", bases, width=61)
    write_fasta(source, tmp_path / "genome.fa")
    ours = Genome(tmp_path / "genome.fa")
    with pysam.FastaFile(str(tmp_path / "genome.fa")) as theirs:
        for name, length in tiny_genome.LENGTHS.items():
            assert np.array_equal(ours.codes(name, 0, length), encode(bases[name]))
            for start in (0, 59, 60, 61, 119, 120, length - 60, length - 1):
                end = min(start + 61, length)
                assert np.array_equal(ours.codes(name, start, end), encode(theirs.fetch(name, start, end)))


def test_a_pickled_genome_reads_on(genome):
    genome.codes("chr1", 0, 3)
    again = pickle.loads(pickle.dumps(genome))
    assert decode(again.codes("chr1", 4, 10)) == "ACGNNN"


@pytest.mark.parametrize(
    "maker", [lambda path: pysam.faidx(str(path)), pyfaidx.Faidx], ids=["samtools", "pyfaidx"]
)
def test_the_index_is_the_one_that_others_make(tmp_path, maker):
    source = tiny_genome.write_fasta(tmp_path / "in.fa", tiny_genome.bases())
    lengths = write_fasta(source, tmp_path / "genome.fa")
    assert lengths == tiny_genome.LENGTHS
    ours = (tmp_path / "genome.fa.fai").read_text()
    (tmp_path / "genome.fa.fai").unlink()
    maker(tmp_path / "genome.fa")
    assert ours == (tmp_path / "genome.fa.fai").read_text()


def test_an_index_that_samtools_made_is_read(tmp_path):
    """Of a file with other lines, and none ended at its end."""
    (tmp_path / "g.fa").write_text(">chr1\nACGTA\nCG\n>chr2\nnnRyA\nTT")
    pysam.faidx(str(tmp_path / "g.fa"))
    genome = Genome(tmp_path / "g.fa")
    assert genome.lengths == {"chr1": 7, "chr2": 7}
    assert decode(genome.codes("chr2", 3, 8)) == "NATTN"


@pytest.mark.parametrize("block", [1, 2, 7, 64, 1 << 20])
@pytest.mark.parametrize("packed", ["plain", "gzip", "bgzip", "crlf"])
def test_any_packing_and_any_block_size_gives_one_file(tmp_path, monkeypatch, packed, block):
    text = ">a one\nACGTN\nac\n>b\n" + "ACGTTGCA" * 20 + "\nA\n>c d\n\nTT"
    plain = tmp_path / "in.fa"
    plain.write_bytes(text.replace("\n", "\r\n").encode() if packed == "crlf" else text.encode())
    source = tmp_path / "in.fa.gz"
    if packed == "gzip":
        source.write_bytes(gzip.compress(text.encode()))
    elif packed == "bgzip":
        pysam.tabix_compress(str(plain), str(source))
    else:
        source = plain
    monkeypatch.setattr("prism.genome.tracks.fasta._BLOCK_BYTES", block)
    assert write_fasta(source, tmp_path / "genome.fa") == {"a": 7, "b": 161, "c": 2}
    wrapped = "".join(f"{('ACGTTGCA' * 20 + 'A')[i : i + 60]}\n" for i in range(0, 161, 60))
    assert (tmp_path / "genome.fa").read_text() == f">a one\nACGTNac\n>b\n{wrapped}>c d\nTT\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"chr1\t5\t9\n", "not a FASTA file: it starts with b'chr1"),
        (b"", "an empty file"),
        (b">a\nAC\n>a\nGT\n", "two records are named a"),
        (b">a\nAC\n>b\n>c\nGT\n", "record b has no bases"),
        (b">a\nAC GT\n", "record a holds b' '"),
        (b">a\nAC\n>\nGT\n", "a record without a name after a"),
        (gzip.compress(b">a\n" + b"ACGT" * 5000, mtime=0)[:-12], "truncated or damaged gzip"),
    ],
)
def test_bad_files_are_refused_and_leave_nothing(tmp_path, content, message):
    source = tmp_path / "in.fa"
    source.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        write_fasta(source, tmp_path / "genome.fa")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.fa"]


@pytest.mark.filterwarnings("ignore:Index file:RuntimeWarning")  # of pyfaidx: the damaged file is newer
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda fasta: fasta.unlink(), "no such FASTA file"),
        (lambda fasta: fasta.with_name("g.fa.fai").unlink(), "no such index"),
        (lambda fasta: fasta.with_name("g.fa.fai").write_text("x\ty\n"), "not a FASTA index"),
        (lambda fasta: fasta.write_bytes(fasta.read_bytes()[:-9]), "truncated, or the index of another file"),
        (lambda fasta: fasta.write_bytes(gzip.compress(fasta.read_bytes())), "not a plain FASTA file"),
    ],
)
def test_a_genome_that_does_not_fit_its_index_is_refused(tmp_path, damage, message):
    source = tiny_genome.write_fasta(tmp_path / "in.fa", {"chr1": "ACGT" * 50})
    write_fasta(source, tmp_path / "g.fa")
    for checksum in tmp_path.glob("*.sha256"):
        checksum.unlink()  # as of a file that samtools indexed
    damage(tmp_path / "g.fa")
    with pytest.raises(ValueError, match=message):
        Genome(tmp_path / "g.fa")


def test_the_script_says_what_is_wrong_in_one_line(tmp_path, root):
    (tmp_path / "in.fa").write_text("nonsense")
    command = [
        sys.executable,
        "-m",
        "workflow_scripts.inputs.genome_fasta",
        "--fasta",
        str(tmp_path / "in.fa"),
    ]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "g.fa")], cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
