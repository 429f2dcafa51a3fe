"""Members of zips: taken out whole, and what is wrong with them said."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pytest

from prism.fetch.errors import FetchError
from tests.unit.fetch.fault_server import Reply

BED = b"chr1\t10\t20\nchr1\t30\t40\n"
TABLE = b"gene_id,K562_CAGE\nENSG1,2.5\n"


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/expression.csv", TABLE)
        archive.writestr("data/readme.txt", "words")
    return stream.getvalue()


def test_member_of_a_zip(server, get, tmp_path):
    body = zipped()
    address = server.put("/z.zip", body, Reply(cut_after=100))
    md5 = hashlib.md5(body).hexdigest()
    manifest = get(address, member="expression.csv", checksum=md5, kind="table", name="x.csv")
    assert (tmp_path / "x.csv").read_bytes() == TABLE
    assert manifest["md5"] == hashlib.md5(TABLE).hexdigest()
    sha256 = hashlib.sha256(body).hexdigest()
    assert manifest["sha256"] == hashlib.sha256(TABLE).hexdigest()
    assert manifest["archive"] == {"md5": md5, "sha256": sha256, "size": len(body)}
    assert manifest["member"] == "expression.csv"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.csv", "x.csv.json"]
    requests = len(server.requests)
    for checksum in (md5, sha256, f"sha256:{sha256}"):
        assert (
            get(address, member="expression.csv", checksum=checksum, kind="table", name="x.csv") == manifest
        )
    assert len(server.requests) == requests


def test_misspelt_member_keeps_the_zip_for_the_next_run(server, get, tmp_path):
    address = server.put("/z.zip", zipped())
    with pytest.raises(
        FetchError, match=r"no member is called 'a\.csv'; its members: data/expression\.csv, data/readme"
    ):
        get(address, member="a.csv", name="x.csv")
    get(address, member="data/expression.csv", name="x.csv")
    assert len(server.requests) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.csv", "x.csv.json"]


def test_zip_that_is_damaged_inside(server, get, tmp_path):
    body = bytearray(zipped())
    body[60] ^= 0xFF
    with pytest.raises(FetchError, match=r"x\.csv\.zip: cannot unpack expression\.csv"):
        get(server.put("/z.zip", bytes(body)), member="expression.csv", name="x.csv")
    assert list(tmp_path.iterdir()) == []


def test_member_of_a_local_zip_leaves_the_zip(get, tmp_path):
    (tmp_path / "z.zip").write_bytes(zipped())
    get(str(tmp_path / "z.zip"), member="expression.csv", name="x.csv")
    assert (tmp_path / "x.csv").read_bytes() == TABLE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.csv", "x.csv.json", "z.zip"]
