"""Transfers against a server that cuts, lies, stalls and changes its mind."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import socket
import tracemalloc
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from prism.fetch.errors import FetchError
from prism.fetch.manifest import description
from prism.fetch.retry import Patience
from tests.unit.fetch.fault_server import FaultServer, Reply

BODY = np.random.default_rng(2).bytes(3_000_000)
OTHER = np.random.default_rng(22).bytes(3_000_000)
MD5 = hashlib.md5(BODY).hexdigest()


def ranges(server: FaultServer) -> list[str | None]:
    return [request.headers.get("Range") for request in server.requests]


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_good_server_leaves_file_and_manifest_only(server, transfer, tmp_path):
    manifest = transfer(server.put("/x.bin", BODY), checksum=MD5.upper(), size=3_000_000)
    assert (tmp_path / "x.bin").read_bytes() == BODY
    assert description(tmp_path / "x.bin.json") == manifest
    assert manifest["md5"] == MD5
    assert manifest["size"] == 3_000_000
    assert manifest["address"] == server.url("/x.bin")
    assert manifest["md5_vouched_by"] == "table"
    assert left(tmp_path) == ["x.bin", "x.bin.json"]


def test_cut_connections_are_resumed_where_they_broke(server, transfer, tmp_path, lines):
    cuts = [Reply(cut_after=1_000_000), Reply(cut_after=500_000)]
    transfer(server.put("/x.bin", BODY, *cuts), checksum=MD5)
    assert (tmp_path / "x.bin").read_bytes() == BODY
    assert ranges(server) == [None, "bytes=1000000-", "bytes=1500000-"]
    assert server.requests[1].headers["If-Range"] == '"v1"'
    assert any("connection cut at 1.0 MB of 3.0 MB; attempt 2 of 6" in line for line in lines)


def test_more_cuts_than_attempts_are_fine_while_there_is_headway(server, transfer, tmp_path):
    patience = Patience(attempts=2, pause=0.001, steady=300_000)
    transfer(server.put("/x.bin", BODY, usual=Reply(cut_after=300_000)), checksum=MD5, patience=patience)
    assert (tmp_path / "x.bin").read_bytes() == BODY
    assert len(server.requests) == 10


def test_server_without_ranges_starts_over(server, transfer, tmp_path):
    usual = Reply(ranges=False)
    transfer(server.put("/x.bin", BODY, Reply(cut_after=1_000_000), usual=usual), checksum=MD5)
    assert (tmp_path / "x.bin").read_bytes() == BODY
    assert ranges(server) == [None, "bytes=1000000-"]


def test_content_length_too_long_with_known_md5(server, transfer, tmp_path):
    """The answer looks cut; asking for the rest shows that nothing is missing."""
    transfer(server.put("/x.bin", BODY, usual=Reply(length=3_000_100)), checksum=MD5)
    assert ranges(server) == [None, "bytes=3000000-"]
    assert (tmp_path / "x.bin").read_bytes() == BODY


def test_content_length_too_short_is_found_by_the_md5(server, transfer, tmp_path):
    address = server.put("/x.bin", BODY, usual=Reply(length=2_999_000))
    short = hashlib.md5(BODY[:2_999_000]).hexdigest()
    with pytest.raises(FetchError, match=rf"x\.bin: md5 mismatch \(expected {MD5}, got {short}\); if http"):
        transfer(address, checksum=MD5)
    assert left(tmp_path) == []


def test_announced_size_differs_from_the_expected(server, transfer, tmp_path):
    address = server.put("/x.bin", BODY)
    with pytest.raises(FetchError, match=r"size mismatch \(expected 5 bytes, 127.0.0.1 announces 3000000\)"):
        transfer(address, size=5)
    assert left(tmp_path) == []


def test_chunked_answer_larger_than_expected_is_stopped(server, transfer, tmp_path):
    address = server.put("/x.bin", BODY, usual=Reply(chunked=True))
    with pytest.raises(FetchError, match=r"size mismatch \(expected 1000 bytes, 127.0.0.1 sends more\)"):
        transfer(address, size=1000)
    assert left(tmp_path) == []


def test_bytes_are_kept_as_sent_whatever_the_content_encoding(server, transfer, tmp_path):
    """Some servers label a .gz file as an encoding, which http libraries undo."""
    body = gzip.compress(BODY[:10_000])
    transfer(server.put("/x.bin", body, usual=Reply(headers={"Content-Encoding": "gzip"})))
    assert (tmp_path / "x.bin").read_bytes() == body
    assert server.requests[0].headers["Accept-Encoding"] == "identity"


def test_chunked_answer_cut_is_resumed(server, transfer, tmp_path):
    transfer(server.put("/x.bin", BODY, Reply(chunked=True, cut_after=1_000_000)))
    assert (tmp_path / "x.bin").read_bytes() == BODY


def test_wrong_bytes_are_deleted_and_a_re_run_starts_clean(server, transfer, tmp_path):
    address = server.put("/x.bin", OTHER)
    with pytest.raises(FetchError, match="md5 mismatch"):
        transfer(address, checksum=MD5)
    assert len(server.requests) == 1
    assert left(tmp_path) == []
    server.put("/x.bin", BODY)
    transfer(address, checksum=MD5)
    assert (tmp_path / "x.bin").read_bytes() == BODY


@pytest.mark.parametrize(
    ("status", "words"),
    [(404, r"has no such file \(404\)"), (403, r"does not allow it \(403\)"), (418, "answers 418")],
)
def test_refusals_are_not_repeated(server, transfer, status, words):
    with pytest.raises(FetchError, match=rf"x\.bin: 127\.0\.0\.1 {words}"):
        transfer(server.put("/x.bin", BODY, usual=Reply(status=status)))
    assert len(server.requests) == 1


def test_500_then_good(server, transfer, tmp_path):
    transfer(server.put("/x.bin", BODY, Reply(status=500), Reply(status=503)), checksum=MD5)
    assert len(server.requests) == 3
    assert (tmp_path / "x.bin").read_bytes() == BODY


def test_pauses_grow_and_end_after_nine_attempts(server, transfer, monkeypatch, lines):
    pauses = []
    monkeypatch.setattr("prism.fetch.retry.time.sleep", pauses.append)
    replies = [Reply(status=503, headers={"Retry-After": "9"})]
    address = server.put("/x.bin", BODY, *replies, usual=Reply(status=500))
    with pytest.raises(FetchError, match="answers 500; gave up after 9 attempts, re-run to go on"):
        transfer(address, patience=Patience())
    assert pauses == [9, 4, 8, 16, 32, 64, 120, 120]
    assert len(server.requests) == 9
    assert lines[1] == "x.bin: 127.0.0.1 answers 500; attempt 3 of 9 in 4 s"


def test_stall_is_cut_short_and_resumed(server, transfer, tmp_path, lines, quick):
    transfer(
        server.put("/x.bin", BODY, Reply(stall_after=1 << 20)), checksum=MD5, patience=replace(quick, read=3)
    )
    assert (tmp_path / "x.bin").read_bytes() == BODY
    assert ranges(server) == [None, f"bytes={1 << 20}-"]
    assert any("no byte in 3 s" in line for line in lines)


def test_nobody_listens(transfer):
    """A port that is taken, so that no other process can get it meanwhile, and where nobody listens."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        with pytest.raises(FetchError, match=r"127\.0\.0\.1: cannot connect; gave up after 6 attempts"):
            transfer(f"http://127.0.0.1:{deaf.getsockname()[1]}/x.bin")


def test_redirects_in_a_circle(server, transfer):
    address = server.put("/x.bin", BODY, usual=Reply(status=302, location="/x.bin"))
    with pytest.raises(FetchError, match="redirects in a circle"):
        transfer(address)


def test_second_address_after_a_refusal(server, transfer, tmp_path):
    manifest = transfer(server.url("/gone"), server.put("/x.bin", BODY), checksum=MD5)
    assert manifest["address"] == server.url("/x.bin")


def test_second_address_after_wrong_bytes(server, transfer, tmp_path):
    wrong = server.put("/wrong.bin", OTHER)
    manifest = transfer(wrong, server.put("/x.bin", BODY), checksum=MD5)
    assert manifest["address"] == server.url("/x.bin")
    assert (tmp_path / "x.bin").read_bytes() == BODY


def test_file_that_is_here_is_hashed_and_not_fetched_again(server, transfer, tmp_path):
    address = server.put("/x.bin", BODY)
    first = transfer(address)
    assert transfer(address, checksum=MD5) == first
    assert len(server.requests) == 1
    (tmp_path / "x.bin").write_bytes(BODY[:-1] + b"?")
    transfer(address)
    assert len(server.requests) == 2
    assert (tmp_path / "x.bin").read_bytes() == BODY


def test_no_room_on_the_disk(server, transfer, monkeypatch, tmp_path):
    usage = namedtuple("usage", "total used free")(10**9, 10**9 - 5000, 5000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(FetchError, match=r"needs 3\.0 MB, .* has 5 kB free; make room"):
        transfer(server.put("/x.bin", BODY))
    assert left(tmp_path) == []


def test_memory_does_not_grow_with_the_file(server, transfer, tmp_path):
    body = b"\x00" * 40_000_000
    address = server.put("/x.bin", body)
    tracemalloc.start()
    transfer(address)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000
