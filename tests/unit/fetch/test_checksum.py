"""An md5 or a sha256: read from a table, compared with the bytes, written into the manifest."""

from __future__ import annotations

import json

import pytest

from prism.fetch.checksum import Checksum, hashed, parse
from prism.fetch.errors import FetchError

# md5sum and sha256sum of these four bytes
BODY = b"abc\n"
MD5 = "0bee89b07a248e27c83fc3d5951213c1"
SHA256 = "edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f" {MD5.upper()} ", Checksum("md5", MD5)),
        (f"md5:{MD5}", Checksum("md5", MD5)),
        (SHA256.upper(), Checksum("sha256", SHA256)),
        (f"sha256:{SHA256}", Checksum("sha256", SHA256)),
        (f"SHA256:{SHA256}", Checksum("sha256", SHA256)),
        ("", None),
        (None, None),
    ],
)
def test_kinds_are_told_by_length(text, found):
    assert parse(text) == found


@pytest.mark.parametrize(
    "text", ["1c9d", "x" * 32, f"sha256:{MD5}", f"md5:{SHA256}", f"sha1:{'a' * 40}", "a" * 63]
)
def test_anything_else_is_refused_with_the_value(text):
    with pytest.raises(
        ValueError, match=rf"^'{text}' is not a checksum: an md5 has 32 .* digits, a sha256 64"
    ):
        parse(text)


def test_both_are_computed_in_one_pass(tmp_path):
    (tmp_path / "x").write_bytes(BODY)
    assert hashed(tmp_path / "x") == {"md5": MD5, "sha256": SHA256}


@pytest.mark.parametrize("kind", ["http", "path"])
def test_a_sha256_is_compared(server, get, tmp_path, kind):
    (tmp_path / "mine.bin").write_bytes(BODY)
    place = server.put("/x.bin", BODY) if kind == "http" else str(tmp_path / "mine.bin")
    with pytest.raises(FetchError, match=rf"sha256 mismatch \(expected {'0' * 64}, got {SHA256}\)"):
        get(place, checksum="0" * 64, name="out.bin")
    assert not (tmp_path / "out.bin").exists()
    manifest = get(place, checksum=f"sha256:{SHA256}", name="out.bin")
    assert (manifest["md5"], manifest["sha256"]) == (MD5, SHA256)
    assert manifest["md5_vouched_by"] == "table"


def test_a_file_that_is_here_is_compared_with_either(server, get, tmp_path):
    place = server.put("/x.bin", BODY)
    manifest = get(place, checksum=MD5, name="out.bin")
    path = tmp_path / "out.bin.json"
    path.write_text(json.dumps({key: value for key, value in manifest.items() if key != "sha256"}))
    for checksum in (MD5, SHA256):  # the second against a manifest of before sha256
        get(place, checksum=checksum, name="out.bin")
    assert len(server.requests) == 1
    with pytest.raises(FetchError, match="sha256 mismatch"):
        get(place, checksum="0" * 64, name="out.bin")


def test_mismatch_names_the_file_in_which_the_checksum_stands_and_asks_once(server, get):
    address = server.put("/x.bed", b"chr1\t1\t2\n")
    with pytest.raises(
        ValueError, match=r"md5 mismatch .*correct config/config\.yaml, else correct the address"
    ):
        get(address, checksum="0" * 32, checksum_from="config/config.yaml")
    assert len(server.requests) == 1
