"""Secrets of an address reach no file of a run but the one that keeps them, and a new token downloads nothing again."""

from __future__ import annotations

import base64
import gzip
import io
import os
import re
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.workflow.project import COLUMNS, CONFIG, cell_type_row
from tests.workflow.released_checkpoint import release

pytestmark = pytest.mark.slow

FILE = "file://{workdir}/resources/simulated"
SECRETS = ("hunter2", "JWTVALUE1", "PLAINVALUE", "SIGVALUE", "CREDVALUE", "CONFVALUE", "PATHVALUE")
RUN = "simA.tiny.fold1.seed2"


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder, silently; a path may begin with the token."""

    def log_message(self, *_):
        """Nothing."""

    def translate_path(self, path: str) -> str:
        """The file of a path without the token."""
        return super().translate_path(path.removeprefix("/PATHVALUE"))


@pytest.fixture
def served(fresh):
    """A project one of whose signals lies on a server; (project, host and port)."""
    fresh.snakemake("resources/simulated/genome.fa.gz")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(fresh.folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield fresh, f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def configure(project, host: str, token: str, **changes) -> None:
    """Give two signals, the annotation, the genome and what else is named addresses with secrets."""
    base = f"http://{host}/resources/simulated"
    row = dict(zip(COLUMNS, cell_type_row("simA", "simA").rstrip("\n").split("\t"), strict=True))
    signed = f"X-Amz-Credential=CREDVALUE%2F1&X-Amz-Signature={token}SIGVALUE"
    row |= {
        "DNase": f"{base}/simA/DNase.bw?jwt={token}&unheard=PLAINVALUE".replace("//", "//me:hunter2@"),
        "H3K27ac": f"{base}/simA/H3K27ac.bw?{signed}",
    }
    table = project.folder / "cell_types.tsv"
    table.write_text("\t".join(row) + "\n" + "\t".join(row.values()) + "\n")
    parts = CONFIG["assemblies"]["simulated"] | {
        "annotation": {"address": f"{base}/annotation.gtf.gz?token={token}CONFVALUE"},
        "genome": {"address": base.replace(host, f"{host}/{{env:PRISM_TEST_TOKEN}}") + "/genome.fa.gz"},
    }
    run = CONFIG["run"] | {"models": ["tiny"], "seeds": [2]}
    project.configure(assemblies={"simulated": parts}, run=run, **changes)


def contents(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """A file's bytes, those within it when it is packed, and what a page holds as base64."""
    yield name, content
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for member in packed.namelist():
                yield from contents(f"{name}/{member}", packed.read(member))
    elif content[:2] == b"\x1f\x8b":
        yield from contents(f"{name} unpacked", gzip.decompress(content))
    elif name.endswith(".html"):
        for found in re.findall(rb"base64,([A-Za-z0-9+/]{40,}=*)", content):
            yield from contents(f"{name} base64", base64.b64decode(found))


def holding(folder: Path) -> list[str]:
    """Files below a folder that hold a secret, but for the table and the configuration of the user."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    files = [path for path in files if path.name not in ("cell_types.tsv", "config.yaml")]
    files += list(folder.glob(".snakemake/prism/shown/*/*"))
    return [
        name
        for path in files
        for name, content in contents(str(path.relative_to(folder)), path.read_bytes())
        if any(secret.encode() in content for secret in SECRETS)
    ]


@contextmanager
def commands_seen() -> Iterator[list[str]]:
    """The command lines of this machine's processes, as `ps` shows them, sampled all the time."""
    seen, over = set(), threading.Event()

    def look() -> None:
        while not over.is_set():
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(process.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
                except OSError:
                    continue
            time.sleep(0.02)

    found: list[str] = []
    watch = threading.Thread(target=look)
    watch.start()
    try:
        yield found
    finally:
        over.set()
        watch.join()
        found += seen


def test_secrets_stay_where_they_are_kept(served, monkeypatch):
    project, host = served
    monkeypatch.delenv("PRISM_TEST_TOKEN", raising=False)
    configure(project, host, "JWTVALUE1")
    out = project.snakemake("--dry-run", succeeds=False)
    assert "the address names PRISM_TEST_TOKEN, which the environment lacks; export it" in out
    monkeypatch.setenv("PRISM_TEST_TOKEN", "PATHVALUE")
    with commands_seen() as commands:
        said = project.snakemake("-p")
        entry = release(
            project.folder / "results/runs/simA/tiny/fold1/seed2/best.ckpt", project.folder / "theirs.ckpt"
        )
        entry["checkpoint"]["address"] = f"http://me:hunter2@{host}/theirs.ckpt?sig=SIGVALUE"
        more = {"released": {"theirs": entry}, "predictions": {"simA": [RUN, "theirs"]}}
        configure(project, host, "JWTVALUE1", **more)
        said += project.snakemake("-p", "predict")
        said += project.snakemake("--report", "report.html") + project.snakemake("--report", "report.zip")
    assert [secret for secret in SECRETS if secret in said] == []
    assert any("workflow_scripts.inputs.download" in command for command in commands)
    assert [command for command in commands if any(secret in command for secret in SECRETS)] == []
    kept = project.folder / ".snakemake/prism/addresses"
    assert {os.path.dirname(name) for name in holding(project.folder)} == {".snakemake/prism/addresses"}
    assert {path.stat().st_mode & 0o777 for path in kept.iterdir()} == {0o600}
    metrics = (project.folder / "results/runs/simA/tiny/fold1/seed2/metrics.json").read_text()
    assert "jwt=***" in metrics
    assert (
        "{env:PRISM_TEST_TOKEN}"
        in (project.folder / "resources/downloads/simulated.genome.fa.gz.json").read_text()
    )
    monkeypatch.setenv("PRISM_TEST_TOKEN", "NEW")
    configure(project, host, "JWTVALUE2", **more)
    assert project.planned("all", "predict") == {}
