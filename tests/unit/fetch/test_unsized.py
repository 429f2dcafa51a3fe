"""Servers that say neither how long a file is nor which version of it they send."""

from __future__ import annotations

import gzip
import hashlib
import json
from functools import partial

import numpy as np
import pysam
import pytest

from prism.fetch.errors import FetchError
from prism.fetch.manifest import description
from tests.unit.fetch.fault_server import Reply

TABLE = b"".join(b"G%d\t%d\n" % (gene, gene) for gene in range(20_000))
CUT = TABLE[: TABLE.index(b"G9291\t9291\n") + len(b"G9291\t92")]
OLD, NEW = (np.random.default_rng(seed).bytes(300_000) for seed in (2, 22))
DATE = "Wed, 21 Oct 2015 07:28:00 GMT"
PAGES = [
    b'{"message": "Not Found", "status": "404"}',
    b'[{"error": "busy, come again"}]',
    b"\xef\xbb\xbf\r\n<!DOCTYPE html><p>one, two</p>",
    b"<body>busy, come again</body>",
    b"<!-- a, b --><p>busy</p>",
    b"<h1>busy, come again</h1>",
    b"[1, 2]",
    b'"busy, come again"',
]


@pytest.mark.parametrize("reply", [Reply(unsized=True), Reply(chunked=True)])
@pytest.mark.parametrize("packed", [False, True])
def test_text_cut_within_a_line_is_refused_where_nobody_knows_its_length(
    server, get, tmp_path, reply, packed
):
    name, pack = ("x.tsv.gz", partial(gzip.compress, mtime=0)) if packed else ("x.tsv", bytes)
    with pytest.raises(
        FetchError, match=r"last line has no newline \('G9291\\t92'\).*give its md5 or sha256"
    ):
        get(server.put("/x", pack(CUT), usual=reply), kind="table", name=name)
    assert list(tmp_path.iterdir()) == []
    get(server.put("/x", pack(TABLE), usual=reply), kind="table", name=name)
    assert (tmp_path / name).read_bytes() == pack(TABLE)


@pytest.mark.parametrize("name", ["x", "x.dat", "x.txt.gz"])
def test_text_of_no_known_kind_is_looked_at_too(server, get, tmp_path, name):
    pack = partial(gzip.compress, mtime=0) if name.endswith(".gz") else bytes
    with pytest.raises(FetchError, match="last line has no newline"):
        get(server.put("/x", pack(CUT), usual=Reply(unsized=True)), name=name)
    for whole in (TABLE, OLD):  # text, and bytes that are none
        get(server.put(f"/{len(whole)}", pack(whole), usual=Reply(unsized=True)), name=name)
        assert (tmp_path / name).read_bytes() == pack(whole)


def test_bgzip_cut_between_two_blocks_is_refused_where_nobody_knows_its_length(server, get, tmp_path):
    with pysam.BGZFile(str(tmp_path / "made.gz"), "wb") as made:
        made.write(TABLE)
    whole = (tmp_path / "made.gz").read_bytes()
    blocks, at = [], 0
    while at < len(whole):
        at += int.from_bytes(whole[at + 16 : at + 18], "little") + 1
        blocks.append(at)
    assert len(blocks) > 3
    for end in blocks[:-1]:
        with pytest.raises(FetchError, match=r"without its end mark|last line has no newline"):
            get(server.put("/x", whole[:end], usual=Reply(unsized=True)), kind="table", name="x.tsv.gz")
    get(server.put("/x", whole, usual=Reply(unsized=True)), kind="table", name="x.tsv.gz")
    assert (tmp_path / "x.tsv.gz").read_bytes() == whole


@pytest.mark.parametrize("known", ["checksum", "size", "length"])
def test_text_without_a_last_newline_is_taken_where_its_length_is_known(server, get, tmp_path, known):
    settings = {"checksum": hashlib.md5(CUT).hexdigest(), "size": len(CUT)}
    settings = {known: settings[known]} if known in settings else {}
    get(server.put("/x", CUT, usual=Reply(unsized=known != "length")), kind="table", name="x.tsv", **settings)
    assert (tmp_path / "x.tsv").read_bytes() == CUT


def test_gene_table_cut_by_a_kill_before_its_check_is_still_refused(server, get, tmp_path):
    """The bytes were closed and found complete, then the process ended: the next run must not forget."""
    address = server.put("/x", CUT, usual=Reply(unsized=True))
    (tmp_path / "x.tsv.part").write_bytes(CUT)
    origin = {"address": address, "etag": None, "last_modified": None, "size": len(CUT), "announced": False}
    (tmp_path / "x.tsv.part.json").write_text(json.dumps(origin))
    with pytest.raises(FetchError, match="last line has no newline"):
        get(address, kind="table", name="x.tsv")


@pytest.mark.parametrize(
    ("etag", "date", "resumed"),
    [
        ('"v1"', None, Reply(validators=False, if_range=False)),
        (None, DATE, Reply(validators=False, if_range=False)),
        ('"v1"', None, Reply(validators=False, if_range=False, headers={"ETag": '"v2"'})),
        ('"v1"', DATE, Reply(validators=False, if_range=False, headers={"Last-Modified": DATE})),
        (None, DATE, Reply(validators=False, if_range=False, headers={"ETag": '"v2"'})),
    ],
)
def test_resumed_answer_must_repeat_the_validator(server, transfer, tmp_path, etag, date, resumed):
    """The file is replaced by one of the same length while the connection is down."""

    class Replaced(list):
        def pop(self, at):
            reply = super().pop(at)
            server.resources["/x.bin"].body = OLD if len(self) else NEW
            return reply

    address = server.put("/x.bin", OLD, etag=etag, last_modified=date)
    server.resources["/x.bin"].replies = Replaced([Reply(cut_after=100_000), resumed])
    transfer(address)
    assert [request.headers.get("Range") for request in server.requests] == [None, "bytes=100000-", None]
    assert (tmp_path / "x.bin").read_bytes() == NEW


def test_known_checksum_lets_a_silent_server_go_on(server, transfer, tmp_path):
    replies = [Reply(cut_after=100_000), Reply(validators=False)]
    transfer(server.put("/x.bin", OLD, *replies), checksum=hashlib.md5(OLD).hexdigest())
    assert [request.headers.get("Range") for request in server.requests] == [None, "bytes=100000-"]
    assert (tmp_path / "x.bin").read_bytes() == OLD


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.bed", "x.fa", "x.bigWig", "x.dat", "x.csv.gz"])
def test_page_is_refused_and_never_here_already(server, get, tmp_path, page, name):
    packed = gzip.compress(page) if name.endswith(".gz") else page
    address = server.put("/x", packed)
    with pytest.raises(FetchError):
        get(address, name=name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("page", PAGES)
def test_page_that_an_earlier_version_stored_is_fetched_again(server, get, tmp_path, page):
    address, said = server.put("/x", b"a,b\n1,2\n"), []
    (tmp_path / "x.csv").write_bytes(page)
    stored = {"requested": address, "md5": hashlib.md5(page).hexdigest(), "size": len(page), "member": None}
    (tmp_path / "x.csv.json").write_text(json.dumps(stored))
    get(address, name="x.csv", say=said.append)
    assert (tmp_path / "x.csv").read_bytes() == b"a,b\n1,2\n"
    assert "fetching it again" in said[0]


@pytest.mark.parametrize("fault", [Reply(status=404), Reply(cut_after=100), Reply(status=500)])
def test_old_file_stays_until_the_new_one_is_whole(server, get, tmp_path, fault):
    old = server.put("/old", b"chr1\t1\t2\n")
    described = get(old)
    with pytest.raises(FetchError):
        get(server.put("/new", NEW, usual=fault), kind="any", name="x.bed")
    with pytest.raises(FetchError):
        get(server.put("/new", b"no interval"))
    assert (tmp_path / "x.bed").read_bytes() == b"chr1\t1\t2\n"
    assert description(tmp_path / "x.bed.json") == described
    assert get(old) == described


def test_full_disk_at_the_manifest_leaves_the_old_file(get, server, tmp_path, monkeypatch):
    get(server.put("/old", b"chr1\t1\t2\n"))

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("prism.fetch.manifest.json.dumps", full)
    with pytest.raises(OSError, match="No space left"):
        get(server.put("/new", b"chr1\t3\t4\n"))
    assert (tmp_path / "x.bed").read_bytes() == b"chr1\t1\t2\n"
