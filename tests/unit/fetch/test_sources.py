"""ENCODE, 4DN, file addresses, the user's own files and members of zips."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from prism.fetch.download import Portals, fetch
from prism.fetch.errors import FetchError
from prism.fetch.retry import Patience
from tests.unit.fetch.fault_server import FaultServer, Reply

QUICK = Patience(attempts=2, pause=0.005)
BED = b"chr1\t10\t20\nchr1\t30\t40\n"
MD5 = hashlib.md5(BED).hexdigest()
KEY = {"FOURDN_KEY_ID": "KEYIDabc", "FOURDN_KEY_SECRET": "hunter2secret"}
BASIC = base64.b64encode(b"KEYIDabc:hunter2secret").decode()
ENCODE = "ENCFF414OGC"
FOURDN = "4DNFITUOMFUQ"


@pytest.fixture
def server():
    with FaultServer() as server:
        yield server


@pytest.fixture
def get(tmp_path, server):
    """Fetch into tmp_path/<name>; both portals are the loopback server."""

    def get(*addresses: str, name: str = "x.bed", **settings) -> dict:
        settings = {
            "environ": {},
            "portals": Portals(server.url(), server.url()),
            "say": lambda _: None,
        } | settings
        return fetch(list(addresses), tmp_path / name, patience=QUICK, **settings)

    return get


def encode_record(server: FaultServer, body: bytes = BED, **changes) -> dict:
    """Serve an ENCODE file and its record."""
    record = {
        "accession": ENCODE,
        "md5sum": hashlib.md5(body).hexdigest(),
        "file_size": len(body),
        "output_type": "peaks",
        "assembly": "GRCh38",
        "file_format": "bed",
        "status": "released",
        "href": f"/files/{ENCODE}/@@download/{ENCODE}.bed",
    } | changes
    server.put(f"/files/{ENCODE}/", json.dumps(record).encode())
    server.put(record["href"], body)
    return record


def test_encode_gives_md5_output_type_and_assembly(server, get, tmp_path):
    encode_record(server)
    manifest = get(ENCODE, kind="bed")
    assert (tmp_path / "x.bed").read_bytes() == BED
    assert manifest["md5"] == MD5
    assert manifest["md5_vouched_by"] == "ENCODE"
    assert manifest["output_type"] == "peaks"
    assert manifest["assembly"] == "GRCh38"
    assert manifest["accession"] == manifest["requested"] == ENCODE
    assert manifest["address"] == server.url(f"/files/{ENCODE}/@@download/{ENCODE}.bed")


def test_encode_bytes_that_disagree_with_the_record(server, get, tmp_path):
    encode_record(server)
    server.put(f"/files/{ENCODE}/@@download/{ENCODE}.bed", BED.replace(b"10", b"11"))
    with pytest.raises(FetchError, match=rf"x\.bed: md5 mismatch \(expected {MD5}, got "):
        get(ENCODE)
    assert list(tmp_path.iterdir()) == []


def test_encode_open_copy_is_tried_second(server, get):
    """The copy must be https, which the loopback server cannot do: that it is asked shows in the error."""
    encode_record(server, cloud_metadata={"url": "https://127.0.0.1:1/x"})
    server.put(f"/files/{ENCODE}/@@download/{ENCODE}.bed", BED, usual=Reply(status=403))
    with pytest.raises(FetchError, match=r"127\.0\.0\.1: cannot connect"):
        get(ENCODE)


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"file_format": "bam"}, "any", r"ENCFF414OGC\.bam holds alignments[\s\S]*bamCoverage"),
        ({}, "bigwig", r"ENCFF414OGC is a bed file \(output type: peaks\), bigwig is needed"),
        ({"accession": "ENCFF000AAA"}, "bed", "ENCFF414OGC has been replaced by ENCFF000AAA"),
        ({"md5sum": None}, "bed", "ENCFF414OGC: the portal gives no md5"),
    ],
)
def test_encode_records_that_are_refused_before_the_download(server, get, changes, kind, words):
    encode_record(server, **changes)
    with pytest.raises(ValueError, match=words):
        get(ENCODE, kind=kind)
    assert len(server.requests) == 1


def test_table_md5_against_encodes(server, get):
    encode_record(server)
    with pytest.raises(
        FetchError, match=rf"ENCFF414OGC: md5 mismatch \(the table says {'0' * 32}, the portal {MD5}"
    ):
        get(ENCODE, md5="0" * 32)
    assert len(server.requests) == 1


def test_encode_without_a_record_needs_the_tables_md5(server, get):
    encode_record(server)
    server.resources[f"/files/{ENCODE}/"].usual = Reply(status=404)
    with pytest.raises(FetchError, match=r"ENCFF414OGC: no record to verify it by.*404.*or give the md5"):
        get(ENCODE)
    server.put(f"/files/{ENCODE}/@@download/{ENCODE}.bed.gz", BED)
    manifest = get(ENCODE, kind="bed", md5=MD5)
    assert manifest["md5_vouched_by"] == "table"
    assert manifest["output_type"] is None


def test_record_that_is_cut_is_asked_for_again(server, get):
    encode_record(server)
    server.resources[f"/files/{ENCODE}/"].replies = [Reply(cut_after=20)]
    assert get(ENCODE)["output_type"] == "peaks"


def test_unreleased_status_is_said(server, get):
    encode_record(server, status="revoked")
    lines = []
    get(ENCODE, say=lines.append)
    assert "x.bed: note: the portal's status of ENCFF414OGC is 'revoked'" in lines


def run(*arguments: object, folder: Path, **environ: str) -> subprocess.CompletedProcess:
    """The script as a rule calls it."""
    quick = ["--pause", "0.01", "--attempts", "2"]
    environ = {k: v for k, v in os.environ.items() if k not in KEY} | environ
    environ["PYTHONPATH"] = str(Path(__file__).parents[3])
    command = [sys.executable, "-m", "workflow_scripts.download", *map(str, arguments), *quick]
    return subprocess.run(
        command, capture_output=True, text=True, env=environ, cwd=folder, check=False, timeout=600
    )


def portal_file(server: FaultServer, *s3: Reply) -> str:
    """A 4DN file whose portal sends on to another host name, with a signed address."""
    path = f"/files-processed/{FOURDN}/@@download/{FOURDN}.hic"
    signed = server.url("/s3/object?X-Amz-Signature=SIGNED1&X-Amz-Credential=CRED1", host="localhost")
    server.put(path, b"", usual=Reply(status=307, location=signed))
    server.put("/s3/object", BED, *s3)
    return path


def secrets_in(folder: Path, *texts: str) -> list[str]:
    written = [path.read_text() for path in folder.iterdir() if path.is_file()]
    everything = "\n".join([*texts, *written])
    return [
        secret for secret in ("hunter2secret", "KEYIDabc", BASIC, "SIGNED1", "CRED1") if secret in everything
    ]


def test_4dn_key_goes_to_the_portal_alone_and_into_no_log(server, tmp_path):
    path = portal_file(server, Reply(cut_after=5))
    # Whatever the name says, these bytes are a BED file: the kind of the address decides the suffix only.
    done = run(*("--address", FOURDN, "--out", "x.dat", "--fourdn-url", server.url()), folder=tmp_path, **KEY)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x.dat").read_bytes() == BED
    portal = [request for request in server.requests if request.path == path]
    bucket = [request for request in server.requests if request.path.startswith("/s3/")]
    assert [request.headers["Authorization"] for request in portal] == [f"Basic {BASIC}"] * 2
    assert len(bucket) == 2
    assert all(request.host.startswith("localhost") for request in bucket)
    assert not any("Authorization" in request.headers for request in bucket)
    assert secrets_in(tmp_path, done.stdout, done.stderr) == []


@pytest.mark.parametrize("usual", [Reply(status=403), Reply(status=500), Reply(cut_after=5, ranges=False)])
def test_errors_hold_no_secret_either(server, tmp_path, usual):
    portal_file(server)
    server.resources["/s3/object"].usual = usual
    done = run(*("--address", FOURDN, "--out", "x.dat", "--fourdn-url", server.url()), folder=tmp_path, **KEY)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: x.dat: 127.0.0.1")
    assert "Traceback" not in done.stderr
    assert secrets_in(tmp_path, done.stdout, done.stderr) == []


def test_password_and_token_of_an_address_stay_out_of_log_and_manifest(server, tmp_path):
    server.put("/x.bed", BED)
    address = server.url("/x.bed?download=1&token=SIGNED1").replace("http://", "http://me:hunter2secret@")
    done = run("--address", address, "--out", "x.bed", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "x.bed.json").read_text())
    assert manifest["address"] == server.url("/x.bed?download=1&token=***")
    assert secrets_in(tmp_path, done.stdout, done.stderr) == []


def test_4dn_without_a_key_is_refused_at_the_start(server, tmp_path):
    done = run("--address", FOURDN, "--out", "x.hic", "--fourdn-url", server.url(), folder=tmp_path)
    assert done.returncode == 1
    assert "export FOURDN_KEY_ID and FOURDN_KEY_SECRET" in done.stderr
    assert server.requests == []


def test_open_address_first_needs_no_key(server, get):
    manifest = get(server.put("/open.bed", BED), FOURDN)
    assert manifest["provider"] == "http"


def test_4dn_portal_after_an_open_address_that_fails(server, get):
    with pytest.raises(
        FetchError, match=r"no such file \(404\).*; then 4DNFITUOMFUQ: the 4DN portal needs an access key"
    ):
        get(server.url("/gone.hic"), FOURDN, name="x.hic")
    portal_file(server)
    manifest = get(server.url("/gone.hic"), FOURDN, name="x.dat", environ=KEY)
    assert manifest["provider"] == "4DN"
    assert manifest["md5_vouched_by"] is None


def test_file_address_is_copied_and_verified(get, tmp_path):
    origin = tmp_path / "my files"
    origin.mkdir()
    (origin / "a.bed").write_bytes(BED)
    manifest = get(f"file://{tmp_path}/my%20files/a.bed", md5=MD5)
    assert manifest["md5"] == MD5
    assert not (tmp_path / "x.bed").is_symlink()
    assert (tmp_path / "x.bed").read_bytes() == BED
    with pytest.raises(FetchError, match="md5 mismatch"):
        get(f"file://{tmp_path}/my%20files/a.bed", md5="0" * 32, name="y.bed")
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
        get(str(mine), md5="0" * 32)
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
    manifest = get(address, member="expression.csv", md5=md5, kind="table", name="x.csv")
    assert (tmp_path / "x.csv").read_bytes() == TABLE
    assert manifest["md5"] == hashlib.md5(TABLE).hexdigest()
    assert manifest["archive"] == {"md5": md5, "size": len(body)}
    assert manifest["member"] == "expression.csv"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.csv", "x.csv.json"]
    requests = len(server.requests)
    assert get(address, member="expression.csv", md5=md5, kind="table", name="x.csv") == manifest
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


def test_web_page_instead_of_data(server, get, tmp_path):
    address = server.put("/x.bed", b"<!DOCTYPE html><html>log in</html>")
    with pytest.raises(
        FetchError, match=r"x\.bed: a web page or error message, not data.*correct the address"
    ):
        get(address)
    assert list(tmp_path.iterdir()) == []
