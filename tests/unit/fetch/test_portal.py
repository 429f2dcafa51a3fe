"""ENCODE and 4DN: records, checksums, keys that go to the portal alone, and logs without secrets."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from prism.fetch.errors import FetchError
from tests.unit.fetch.fault_server import FaultServer, Reply

BED = b"chr1\t10\t20\nchr1\t30\t40\n"
MD5 = hashlib.md5(BED).hexdigest()
KEY = {"FOURDN_KEY_ID": "KEYIDabc", "FOURDN_KEY_SECRET": "hunter2secret"}
BASIC = base64.b64encode(b"KEYIDabc:hunter2secret").decode()
ENCODE = "ENCFF414OGC"
FOURDN = "4DNFITUOMFUQ"


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
        ({"md5sum": None}, "bed", "ENCFF414OGC: the portal gives no checksum"),
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
        get(ENCODE, checksum="0" * 32)
    assert len(server.requests) == 1


def test_encode_without_a_record_needs_the_tables_md5(server, get):
    encode_record(server)
    server.resources[f"/files/{ENCODE}/"].usual = Reply(status=404)
    with pytest.raises(
        FetchError, match=r"ENCFF414OGC: no record to verify it by.*404.*or give its checksum"
    ):
        get(ENCODE)
    server.put(f"/files/{ENCODE}/@@download/{ENCODE}.bed.gz", BED)
    manifest = get(ENCODE, kind="bed", checksum=MD5)
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
    command = [sys.executable, "-m", "workflow_scripts.inputs.download", *map(str, arguments), *quick]
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
    assert manifest["address"] == server.url("/x.bed?download=***&token=***")
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
