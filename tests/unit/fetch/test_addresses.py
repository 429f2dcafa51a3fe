"""What the address column may hold; words for sizes, times and secrets."""

from __future__ import annotations

import subprocess
import sys

import pytest

from prism.fetch.addresses import classify, missing_key, portal_key, resolve, suffix
from prism.fetch.progress import Progress, size_in_words, time_in_words
from prism.fetch.redaction import identity, public, redacted

KEY = {"FOURDN_KEY_ID": "id", "FOURDN_KEY_SECRET": "secret"}
HG38 = "https://hgdownload.soe.ucsc.edu/goldenPath/hg38/bigZips/hg38.fa.gz"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("ENCFF465GBD", "encode"),
        (" ENCFF465GBD ", "encode"),
        ("4DNFITUOMFUQ", "4dn"),
        (HG38, "http"),
        ("HTTP://host/x", "http"),
        ("file:///data/x.bigWig", "file"),
        ("data/x.bigWig", "path"),
        ("/data/x.bigWig", "path"),
        ("~/x.bigWig", "path"),
        ("ENCFF465GBD.bigWig", "path"),
    ],
)
def test_classify(text, what):
    assert classify(text) == what


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty address"),
        ("ENCSR000AKP", "ENCSR000AKP is an experiment, not a file"),
        ("4DNESI7DEJTM", "4DNESI7DEJTM is an experiment"),
        (
            "ftp://me:pw@host/x.bed",
            r"^ftp://host/x\.bed: ftp:// is not supported; give the https:// address$",
        ),
        ("s3://bucket/x", r"https://bucket\.s3\.amazonaws\.com/key"),
        ("https:///x", "no host name"),
    ],
)
def test_classify_refuses(text, words):
    with pytest.raises(ValueError, match=words):
        classify(text)


@pytest.mark.parametrize("text", ["a/K562.bam", "https://host/K562.bam?download=1", "file:///a/K562.BAM"])
def test_bam_is_refused_with_the_command(text):
    with pytest.raises(ValueError, match="holds alignments") as caught:
        classify(text)
    assert "-o K562.bigWig --binSize 1" in str(caught.value)
    assert "bedGraphToBigWig K562.bedGraph chrom.sizes K562.bigWig" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "kind", "member", "ending"),
    [
        ("ENCFF465GBD", "bigwig", None, ".bigWig"),
        ("4DNFITUOMFUQ", "contacts", None, ".hic"),
        (HG38, "fasta", None, ".fa.gz"),
        ("data/x.bw", "bigwig", None, ".bigWig"),
        ("https://host/files/x.mcool?download=1", "contacts", None, ".mcool"),
        ("https://host/gencode.v38.annotation.gtf.gz", "gtf", None, ".gtf.gz"),
        ("x.narrowPeak.gz", "bed", None, ".narrowPeak.gz"),
        ("https://host/e.zip", "table", "a.csv", ".csv"),
        ("https://host/download", "bigwig", None, ".bigWig"),
        ("notes.html", "any", None, ".html"),
    ],
)
def test_suffix(text, kind, member, ending):
    assert suffix(text, kind, member) == ending


def test_unknown_kind():
    with pytest.raises(ValueError, match="unknown kind of file 'wig'; known: bigwig, fasta"):
        suffix("x", "wig")


def test_resolve_encode():
    source = resolve("ENCFF465GBD", "bigwig")
    assert source.addresses == (
        "https://www.encodeproject.org/files/ENCFF465GBD/@@download/ENCFF465GBD.bigWig",
    )
    assert source.metadata == "https://www.encodeproject.org/files/ENCFF465GBD/?format=json"
    assert not source.needs_key


def test_resolve_4dn_and_environment(monkeypatch):
    page = "https://data.4dnucleome.org/files-processed/4DNFITUOMFUQ/"
    source = resolve("4DNFITUOMFUQ", "contacts")
    assert source.addresses == (f"{page}@@download/4DNFITUOMFUQ.hic",)
    assert source.needs_key
    monkeypatch.setenv("PRISM_FOURDN_URL", "http://127.0.0.1:8/")
    assert resolve("4DNFITUOMFUQ").metadata == "http://127.0.0.1:8/files-processed/4DNFITUOMFUQ/?format=json"
    with pytest.raises(ValueError, match="key would travel unencrypted"):
        resolve("4DNFITUOMFUQ", fourdn_url="http://data.example.org")


def test_missing_key_only_where_every_address_needs_it():
    assert "export FOURDN_KEY_ID and FOURDN_KEY_SECRET" in missing_key(["4DNFITUOMFUQ"], {})
    assert "4DNFITUOMFUQ" in missing_key(["4DNFITUOMFUQ"], {"FOURDN_KEY_ID": "id"})
    assert missing_key(["4DNFITUOMFUQ"], KEY) is None
    assert missing_key(["https://host/x.hic", "4DNFITUOMFUQ"], {}) is None
    assert missing_key(["ENCFF465GBD"], {}) is None
    assert portal_key(KEY) == ("id", "secret")
    assert portal_key({"FOURDN_KEY_ID": "id", "FOURDN_KEY_SECRET": " "}) is None


def test_addresses_import_the_standard_library_only():
    code = (
        "import sys; import prism.fetch.addresses; "
        "print([n for n in sys.modules if n.partition('.')[0] not in sys.stdlib_module_names | {'prism', '__main__'}])"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://u:p@h:1/a?b=1", "https://h:1/a?b=***"),
        (
            "https://h/a?X-Amz-Signature=s&X-Amz-Credential=c&versionId=3",
            "https://h/a?X-Amz-Signature=***&X-Amz-Credential=***&versionId=***",
        ),
        (
            "https://h/a?AWSAccessKeyId=k&download=1&sig=z",
            "https://h/a?AWSAccessKeyId=***&download=***&sig=***",
        ),
        ("https://h/a?jwt=e&auth=f;monkey=1", "https://h/a?jwt=***&auth=***;monkey=***"),
        ("https://h/a?access_token=z#t", "https://h/a?access_token=***"),
        ("https://h/a?bare", "https://h/a?***"),
        ("https://[h/a?token=t", "https://***"),
        ("file:///data/x.bed", "file:///data/x.bed"),
        ("data/x.bed", "data/x.bed"),
    ],
)
def test_public(address, shown):
    assert public(address) == shown


SAME_FILE = [
    ("https://h/a?token=one", "https://u:p@h/a?token=two"),
    ("https://h/a?id=5&jwt=one", "https://h/a?id=5&jwt=two"),
    ("https://h/a?sv=1&se=2026&sig=one", "https://h/a?sv=1&se=2027&sig=two"),
    ("https://h/a?X-Amz-Date=1&X-Amz-Signature=s&versionId=3", "https://h/a?X-Amz-Signature=***&versionId=3"),
    ("https://h/a#x", "https://h/a"),
]


@pytest.mark.parametrize(("one", "other"), SAME_FILE)
def test_a_new_token_names_the_same_file(one, other):
    assert identity(one) == identity(other) == identity(identity(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://h/a?id=5", "https://h/a?id=6"),
        ("https://h/a?id=5", "https://h/a"),
        ("https://h/a?bare", "https://h/a?other"),
        ("https://h/a?sp=human", "https://h/a?sp=mouse"),
        ("https://h/a?token=t", "https://h/b?token=t"),
        ("data/a.bed", "data/b.bed"),
    ],
)
def test_another_file_has_another_identity(one, other):
    assert identity(one) != identity(other)


def test_no_identity_holds_what_may_be_a_secret():
    assert "hunter2" not in identity("https://hunter2:hunter2@h/a?unheard=hunter2&token=hunter2#hunter2")


@pytest.mark.parametrize(
    "around", ["{}", "'{}'", "({})", "see {}, then {}; not {}.", '{{"a": "{}"}}', "<{}>"]
)
def test_addresses_within_a_text(around):
    secret, shown = "https://me:pw@h/a?b=c&jwt=d", "https://h/a?b=***&jwt=***"
    assert redacted(around.replace("{}", secret)) == around.replace("{}", shown)


def test_words():
    assert [size_in_words(n) for n in (312, 45_000, 1_250_000, 9_034_000_000)] == [
        "312 B",
        "45 kB",
        "1.2 MB",
        "9.03 GB",
    ]
    assert [time_in_words(s) for s in (59.4, 200, 7500)] == ["59 s", "3 min 20 s", "2 h 05 min"]


def test_progress_every_ten_seconds_with_speed_and_time_left():
    now, lines = [0.0], []
    progress = Progress("x", 1_000_000_000, 100_000_000, lines.append, clock=lambda: now[0])
    for second in range(1, 25):
        now[0] = float(second)
        progress.at(100_000_000 + second * 20_000_000)
    # 20 MB/s; after 10 s 300 MB are here and 700 MB take 35 s; after 20 s 500 MB take 25 s.
    assert lines == [
        "x: 300.0 MB of 1.00 GB (30 %), 20.0 MB/s, 35 s left",
        "x: 500.0 MB of 1.00 GB (50 %), 20.0 MB/s, 25 s left",
    ]
