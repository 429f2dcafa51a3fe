"""The verified version of a file, under a second name, while the next one is not whole."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from prism.fetch.errors import FetchError
from prism.fetch.manifest import description
from tests.unit.fetch.fault_server import Reply

OLD, NEW = b"chr1\t1\t2\n", b"chr1\t3\t4\n"


@pytest.fixture(params=["hard links", "no hard links"])
def again(request, get, tmp_path, monkeypatch):
    """Fetch as Snakemake calls the script: file and manifest are deleted before, and after a failure."""
    if request.param == "no hard links":

        def refused(*_: object) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", refused)

    def delete() -> None:
        for name in ("x.bed", "x.bed.json"):
            (tmp_path / name).unlink(missing_ok=True)

    def again(*addresses: str, **settings) -> dict:
        delete()
        try:
            return get(*addresses, keep=True, **settings)
        except FetchError:
            delete()
            raise

    return again


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("fault", [Reply(status=404), Reply(status=500), Reply(cut_after=4)])
def test_old_version_stays_and_comes_back_without_a_download(server, again, tmp_path, fault):
    old = server.put("/old", OLD)
    first = again(old)
    with pytest.raises(FetchError) as failed:
        again(server.put("/new", NEW, usual=fault))
    kept = tmp_path / ".kept.x.bed"
    assert f"The file from before ({old}, md5 {first['md5']}) stays as {kept}" in str(failed.value)
    assert kept.read_bytes() == OLD
    server.requests.clear()
    assert again(old) == first
    assert server.requests == []
    assert (tmp_path / "x.bed").read_bytes() == OLD
    assert description(tmp_path / "x.bed.json") == first


def test_wrong_checksum_keeps_the_old_version(server, again, tmp_path):
    old = server.put("/old", OLD)
    again(old)
    with pytest.raises(FetchError, match=r"md5 mismatch.*stays as .*\.kept\.x\.bed"):
        again(old, checksum="0" * 32)
    assert (tmp_path / ".kept.x.bed").read_bytes() == OLD


def test_new_version_takes_the_place_of_the_old_one(server, again, tmp_path):
    again(server.put("/old", OLD))
    done = again(server.put("/new", NEW))
    assert (tmp_path / "x.bed").read_bytes() == (tmp_path / ".kept.x.bed").read_bytes() == NEW
    assert description(tmp_path / ".kept.x.bed.json") == done
    assert left(tmp_path) == [".kept.x.bed", ".kept.x.bed.json", "x.bed", "x.bed.json"]


def test_second_name_takes_no_room(server, again, tmp_path):
    again(server.put("/old", OLD))
    assert (tmp_path / "x.bed").samefile(tmp_path / ".kept.x.bed")


def test_first_failure_names_no_older_file(server, again, tmp_path):
    with pytest.raises(FetchError) as failed:
        again(server.put("/old", OLD, usual=Reply(status=404)))
    assert "from before" not in str(failed.value)
    assert left(tmp_path) == []


def test_damaged_second_name_is_fetched_again(server, again, tmp_path):
    old = server.put("/old", OLD)
    again(old)
    (tmp_path / ".kept.x.bed").write_bytes(NEW)
    server.requests.clear()
    again(old)
    assert len(server.requests) == 1
    assert (tmp_path / "x.bed").read_bytes() == OLD


def test_file_of_the_users_has_no_second_name(server, again, tmp_path):
    again(server.put("/old", OLD))
    mine = tmp_path / "mine.bed"
    mine.write_bytes(NEW)
    again(str(mine))
    assert left(tmp_path) == ["mine.bed", "x.bed", "x.bed.json"]
    assert (tmp_path / "x.bed").is_symlink()
    assert json.loads((tmp_path / "x.bed.json").read_text())["link"] == str(mine)
