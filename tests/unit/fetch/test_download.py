"""Files of this machine and pages that are no data: copied, linked, refused."""

from __future__ import annotations

import hashlib
import os

import pytest

from prism.fetch.errors import FetchError

BED = b"chr1\t10\t20\nchr1\t30\t40\n"
MD5 = hashlib.md5(BED).hexdigest()


def test_file_address_is_copied_and_verified(get, tmp_path):
    origin = tmp_path / "my files"
    origin.mkdir()
    (origin / "a.bed").write_bytes(BED)
    manifest = get(f"file://{tmp_path}/my%20files/a.bed", checksum=MD5)
    assert manifest["md5"] == MD5
    assert not (tmp_path / "x.bed").is_symlink()
    assert (tmp_path / "x.bed").read_bytes() == BED
    with pytest.raises(FetchError, match="md5 mismatch"):
        get(f"file://{tmp_path}/my%20files/a.bed", checksum="0" * 32, name="y.bed")
    with pytest.raises(FetchError, match=r"gone.bed: no such file"):
        get(f"file://{tmp_path}/gone.bed", name="y.bed")
    assert sorted(path.name for path in tmp_path.glob("y.bed*")) == []


def test_path_is_linked_not_copied(get, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.bed").write_bytes(BED)
    manifest = get("mine.bed", kind="bed")
    assert os.readlink(tmp_path / "x.bed") == str(tmp_path / "mine.bed")
    assert manifest["md5"] == MD5
    assert manifest["link"] == str(tmp_path / "mine.bed")
    assert get("mine.bed", kind="bed") == manifest


def test_path_that_is_wrong_leaves_the_users_file_alone(get, tmp_path):
    mine = tmp_path / "mine.bed"
    mine.write_bytes(BED)
    with pytest.raises(FetchError, match=r"x\.bed: md5 mismatch \(expected 0+, got "):
        get(str(mine), checksum="0" * 32)
    with pytest.raises(FetchError, match=r"x\.bigWig: not a bigWig .*correct the path"):
        get(str(mine), kind="bigwig", name="x.bigWig")
    with pytest.raises(FetchError, match="is where the link to it would be"):
        get(str(mine), name="mine.bed")
    with pytest.raises(FetchError, match=r"gone\.bed: no such file; correct the path"):
        get(str(tmp_path / "gone.bed"))
    assert mine.read_bytes() == BED
    assert [path.name for path in tmp_path.iterdir()] == ["mine.bed"]


def test_link_of_an_earlier_run_is_replaced_by_a_download(server, get, tmp_path):
    mine = tmp_path / "mine.bed"
    mine.write_bytes(b"chr9\t1\t2\n")
    get(str(mine))
    get(server.put("/x.bed", BED))
    assert (tmp_path / "x.bed").read_bytes() == BED
    assert not (tmp_path / "x.bed").is_symlink()
    assert mine.read_bytes() == b"chr9\t1\t2\n"


def test_web_page_instead_of_data(server, get, tmp_path):
    address = server.put("/x.bed", b"<!DOCTYPE html><html>log in</html>")
    with pytest.raises(
        FetchError, match=r"x\.bed: a web page or error message, not data.*correct the address"
    ):
        get(address)
    assert list(tmp_path.iterdir()) == []
