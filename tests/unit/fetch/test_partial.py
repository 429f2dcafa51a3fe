"""The part of a download that is kept: resumed where that is safe, begun anew where it is not."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

from prism.fetch.errors import FetchError
from tests.unit.fetch.fault_server import FaultServer, Reply

BODY = np.random.default_rng(2).bytes(3_000_000)
OTHER = np.random.default_rng(22).bytes(3_000_000)
MD5 = hashlib.md5(BODY).hexdigest()


def ranges(server: FaultServer) -> list[str | None]:
    return [request.headers.get("Range") for request in server.requests]


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def leave_part(folder: Path, kept: bytes, address: str, **origin) -> None:
    """The state of a download that was killed after `kept`."""
    (folder / "x.bin.part").write_bytes(kept)
    origin = {"etag": '"v1"', "last_modified": None, "size": len(BODY)} | origin
    (folder / "x.bin.part.json").write_text(json.dumps({"address": address} | origin))


def test_file_changed_midway_is_never_spliced(server, transfer, tmp_path):
    address = server.put("/x.bin", OTHER, etag='"v2"')
    leave_part(tmp_path, BODY[:1_000_000], address)
    assert transfer(address)["md5"] == hashlib.md5(OTHER).hexdigest()
    assert server.requests[0].headers["If-Range"] == '"v1"'
    assert (tmp_path / "x.bin").read_bytes() == OTHER


def test_changed_file_of_a_server_that_ignores_if_range(server, transfer, tmp_path):
    address = server.put("/x.bin", OTHER, etag='"v2"', usual=Reply(if_range=False))
    leave_part(tmp_path, BODY[:1_000_000], address)
    transfer(address)
    assert (tmp_path / "x.bin").read_bytes() == OTHER
    assert ranges(server) == ["bytes=1000000-", None]


def test_last_modified_guards_where_the_etag_is_weak(server, transfer, tmp_path):
    date = "Wed, 21 Oct 2015 07:28:00 GMT"
    address = server.put("/x.bin", BODY, Reply(cut_after=1_000_000), etag='W/"v1"', last_modified=date)
    transfer(address)
    assert server.requests[1].headers["If-Range"] == date
    assert (tmp_path / "x.bin").read_bytes() == BODY


def test_without_a_validator_only_a_known_md5_allows_resuming(server, transfer, tmp_path):
    address = server.put("/x.bin", BODY, Reply(cut_after=1_000_000), etag=None)
    transfer(address)
    assert ranges(server) == [None, None]
    (tmp_path / "x.bin").unlink()
    server.requests.clear()
    server.put("/x.bin", BODY, Reply(cut_after=1_000_000), etag=None)
    transfer(address, checksum=MD5)
    assert ranges(server) == [None, "bytes=1000000-"]


def test_spliced_bytes_with_a_wrong_md5_get_one_fresh_start(server, transfer, tmp_path):
    address = server.put("/x.bin", BODY, etag=None)
    leave_part(tmp_path, OTHER[:1_000_000], address, etag=None)
    transfer(address, checksum=MD5)
    assert (tmp_path / "x.bin").read_bytes() == BODY
    assert ranges(server) == ["bytes=1000000-", None]


def test_crash_between_manifest_and_rename_is_mended_without_a_transfer(
    server, transfer, tmp_path, monkeypatch
):
    address, rename = server.put("/x.bin", BODY), os.replace

    def crash(source, target):
        if Path(target).name == "x.bin":
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        transfer(address)
    monkeypatch.undo()
    assert left(tmp_path) == ["x.bin.json", "x.bin.part", "x.bin.part.json"]
    transfer(address)
    assert len(server.requests) == 1
    assert left(tmp_path) == ["x.bin", "x.bin.json"]
    assert (tmp_path / "x.bin").read_bytes() == BODY


def test_416_with_all_bytes_here_means_done(server, transfer, tmp_path):
    address = server.put("/x.bin", BODY)
    leave_part(tmp_path, BODY, address, size=None)
    transfer(address, checksum=MD5)
    assert ranges(server) == ["bytes=3000000-"]
    assert (tmp_path / "x.bin").read_bytes() == BODY


def test_416_with_too_many_bytes_here_starts_over(server, transfer, tmp_path):
    address = server.put("/x.bin", BODY)
    leave_part(tmp_path, BODY + b"tail", address, size=None)
    transfer(address, checksum=MD5)
    assert ranges(server) == ["bytes=3000004-", None]
    assert (tmp_path / "x.bin").read_bytes() == BODY


@pytest.mark.parametrize("sidecar", ["", "[]", '{"address": 1}', None])
def test_part_without_a_readable_description_is_not_trusted(server, transfer, tmp_path, sidecar):
    (tmp_path / "x.bin.part").write_bytes(OTHER[:1_000_000])
    if sidecar is not None:
        (tmp_path / "x.bin.part.json").write_text(sidecar)
    transfer(server.put("/x.bin", BODY))
    assert ranges(server) == [None]
    assert (tmp_path / "x.bin").read_bytes() == BODY


def test_part_that_is_a_link_never_reaches_the_users_file(server, transfer, tmp_path):
    mine = tmp_path / "mine.bin"
    mine.write_bytes(b"precious")
    leave_part(tmp_path, b"", server.url("/x.bin"))
    (tmp_path / "x.bin.part").unlink()
    (tmp_path / "x.bin.part").symlink_to(mine)
    transfer(server.put("/x.bin", BODY))
    assert mine.read_bytes() == b"precious"
    assert not (tmp_path / "x.bin").is_symlink()


def test_given_up_transfer_goes_on_in_the_next_run(server, transfer, tmp_path):
    address = server.put("/x.bin", BODY, Reply(cut_after=2_000_000), usual=Reply(status=500))
    with pytest.raises(FetchError, match="gave up"):
        transfer(address, checksum=MD5)
    assert left(tmp_path) == ["x.bin.part", "x.bin.part.json"]
    server.requests.clear()
    server.resources["/x.bin"].usual = Reply()
    transfer(address, checksum=MD5)
    assert ranges(server) == ["bytes=2000000-"]
    assert left(tmp_path) == ["x.bin", "x.bin.json"]
