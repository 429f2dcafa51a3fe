"""Files that are not what their name says."""

from __future__ import annotations

import gzip
import struct
import zipfile
from pathlib import Path

import h5py
import pyBigWig
import pytest

from prism.fetch.content import check
from prism.fetch.errors import WrongError

GTF = b'#!genome\nchr1\tX\tgene\t11\t20\t.\t+\t.\tgene_id "G1";\n'


@pytest.fixture
def put(tmp_path):
    def put(name: str, body: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(body)
        return path

    return put


@pytest.fixture
def bigwig(tmp_path) -> bytes:
    path = str(tmp_path / "made.bigWig")
    with pyBigWig.open(path, "w") as file:
        file.addHeader([("chr1", 10_000)])
        file.addEntries(["chr1"] * 3, [10, 20, 30], ends=[20, 30, 40], values=[1.0, 2.0, 3.0])
    return Path(path).read_bytes()


def hic(version: int = 8) -> bytes:
    """A .hic file's skeleton: header with the footer's place (byte 24), then the footer with its length."""
    length = struct.pack("<q" if version > 8 else "<i", 6)
    return b"HIC\x00" + struct.pack("<iq", version, 24) + bytes(8) + length + bytes(6)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("x.fa", b">chr1 words\nACGTNacgtn\n"),
        ("x.fa.gz", gzip.compress(b">chr1\nACGT\n", mtime=0)),
        ("x.gtf", GTF),
        ("x.gtf.gz", gzip.compress(GTF, mtime=0)),
        ("x.bed", b"track name=x\n#c\nchr1\t0\t5\n"),
        ("x.narrowPeak", b"chr1\t0\t5\tp\t9\t.\t1.5\t2\t3\t2\n"),
        ("x.tsv", b"a\tb\n1\t2\n"),
        ("x.csv", b"a,b\n1,2\n"),
        ("x.tsv", b"# made by R\n#a\tb\n1\t2\n"),
        ("x.tsv", "a\tb\n1\t2\n".encode("utf-16")),
        ("x.bed", b"\xef\xbb\xbfchr1\t1e+05\t100600\n"),
        ("x.hic", hic(8)),
        ("x.hic", hic(9)),
        ("x.dat", b"\x00\x01anything"),
        ("x.html", b"<html></html>"),
    ],
)
def test_good(put, name, body):
    check(put(name, body), name, whole=True)


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("x.bed", b"", "empty file"),
        ("x.dat", b"  <!doctype HTML>", "a web page or error message"),
        ("x.hic", b'<?xml version="1.0"?><Error><Code>AccessDenied', "a web page or error message"),
        ("x.bigWig", b"\x1f\x8b\x00\x00", "gzip is cut or damaged"),
        ("x.bigWig", b"chr1\t1\t2\t3\n", "not a bigWig"),
        ("x.bigWig", struct.pack("<I", 0x8789F2EB) + bytes(80), "a bigBed, not a bigWig"),
        ("x.bigWig", struct.pack("<I", 0x888FFC26) + bytes(8), "cut within its header"),
        ("x.fa", b"ACGT\n", "not FASTA: the first line is not a '>' line but 'ACGT'"),
        ("x.fa", b">chr1\n12 34\n", "not FASTA: no sequence under '>chr1' but '12 34'"),
        ("x.fa.gz", b">chr1\nACGT\n", "the bytes are plain, the name says gzip"),
        ("x.fa", gzip.compress(b">chr1\nACGT\n", mtime=0), "the bytes are gzip, the name says plain"),
        ("x.fa.gz", gzip.compress(b">chr1\nACGT\n", mtime=0)[:-4], "gzip is cut or damaged"),
        ("x.gtf", b"# only words\n", "not GTF: no line with a feature"),
        ("x.gtf", b"chr1\t10\t20\n", "not GTF: 3 tab-separated columns instead of 9"),
        ("x.gtf", GTF.replace(b"11", b"0"), "not GTF: bad start, end or strand"),
        ("x.gtf", GTF.replace(b'gene_id "G1";', b"ID=G1"), "GFF3, not GTF"),
        ("x.bed", b"chrom\tstart\tend\nchr1\t0\t5\n", "not BED: columns 2 and 3 are not start and end"),
        ("x.bed", b"chr1\t9\t5\n", "not BED: columns 2 and 3"),
        ("x.bed", b"chr1\t9\n", "2 columns instead of 3"),
        ("x.bed", b"#nothing\n", "not BED: no interval"),
        ("x.narrowPeak", b"chr1\t0\t5\n", "3 columns instead of 10"),
        ("x.tsv", b"a,b\n", "not a table: no tab in the first line, 'a,b'"),
        ("x.csv", b"a\tb\n", "not a table: no comma in the first line"),
        ("x.tsv", b"a\tb\x00\n", "binary, not text"),
        ("x.tsv", b"# made by R\na;b\n", "not a table: no tab in the first line"),
        ("x.bed", b"chr1\t-5\t5\n", "not BED: columns 2 and 3"),
        ("x.hic", b"HIX\x00" + bytes(20), "not a .hic file"),
        ("x.hic", hic(8)[:-1], r"\.hic file is cut: its index should be at byte 24 of these 33"),
        ("x.hic", hic(9)[:20], r"\.hic file is cut"),
        ("x.mcool", b"HIC\x00" + bytes(60), "not an HDF5 file"),
        ("x.zip", b"PK\x03\x04" + bytes(60), "not a zip file, or its end is missing"),
    ],
)
def test_bad(put, name, body, words):
    with pytest.raises(WrongError, match=words):
        check(put(name, body), name, whole=True)


def test_bam_under_another_name_gives_the_command(put):
    body = gzip.compress(b"BAM\x01" + bytes(100))
    with pytest.raises(WrongError, match=r"its bytes are a BAM[\s\S]*bamCoverage -b K562\.bam"):
        check(put("K562.bigWig", body), "K562.bigWig", "bigwig")


def test_bigwig_whole_and_cut_anywhere(put, bigwig):
    check(put("x.bigWig", bigwig), "x.bigWig", whole=True)
    for length in range(8, len(bigwig)):
        with pytest.raises(WrongError, match="bigWig is cut"):
            check(put("x.bigWig", bigwig[:length]), "x.bigWig", whole=True)


def test_bigwig_without_closing_mark_is_taken_where_an_md5_vouches(put, bigwig):
    body = bigwig[:-4] + bytes(4)
    check(put("x.bigWig", body), "x.bigWig", whole=False)
    with pytest.raises(WrongError, match="an old file without one needs its md5"):
        check(put("x.bigWig", body), "x.bigWig", whole=True)


@pytest.mark.parametrize("version", ["earliest", "latest"])
def test_cooler_whole_and_cut(tmp_path, version):
    path = tmp_path / "x.mcool"
    with h5py.File(path, "w", libver=version) as file:
        file["a"] = list(range(1000))
    check(path, "x.mcool")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WrongError, match=r"HDF5 file is cut: \d+ of \d+ bytes"):
        check(path, "x.mcool")


def test_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as file:
        file.writestr("a", "b")
    check(tmp_path / "x.zip", "x.zip")


def test_long_files_are_judged_by_their_beginning(put):
    """The last line of the 64 KiB that are read is half a line."""
    check(put("x.bed", b"chr1\t100\t200\n" * 20_000), "x.bed")


def test_real_files(shared):
    paths = [
        path
        for path in (shared / "real").rglob("*")
        if path.suffix in (".bw", ".cool", ".gz", ".bed", ".tsv")
    ]
    assert len(paths) > 15
    for path in paths:
        check(path, path.name, whole=True)
