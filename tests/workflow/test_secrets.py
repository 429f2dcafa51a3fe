"""Secrets of an address reach no file of a run but the one that keeps them, and a new token downloads nothing again."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.workflow.project import CONFIG, cell_type_row

pytestmark = pytest.mark.slow

FILE = "file://{workdir}/resources/simulated/simA/DNase.bw"
SECRETS = ("hunter2", "JWTVALUE1", "PLAINVALUE")


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder, silently."""

    def log_message(self, *_):
        """Nothing."""


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


def with_token(project, host: str, token: str) -> None:
    """Give the signal the address with a password and a token."""
    header = (project.folder / "cell_types.tsv").read_text().split("\n")[0]
    address = f"http://me:hunter2@{host}/resources/simulated/simA/DNase.bw?jwt={token}&unheard=PLAINVALUE"
    row = cell_type_row("simA", "simA").replace(FILE, address)
    (project.folder / "cell_types.tsv").write_text(f"{header}\n{row}")


def test_secrets_stay_where_they_are_kept(served):
    project, host = served
    with_token(project, host, "JWTVALUE1")
    project.configure(run=CONFIG["run"] | {"models": ["floor"]})
    targets = ["results/qc/simA.html", "results/comparison/figures/metrics.svg"]
    out = project.snakemake("-p", *targets)
    assert [secret for secret in SECRETS if secret in out] == []
    files = [path for path in project.folder.rglob("*") if path.is_file() and path.name != "cell_types.tsv"]
    holding = [path for path in files if any(secret.encode() in path.read_bytes() for secret in SECRETS)]
    assert [path.parent for path in holding] == [project.folder / ".snakemake/prism/addresses"]
    assert "jwt=***" in (project.folder / "results/runs/simA/floor/fold1/seed2/metrics.json").read_text()
    with_token(project, host, "JWTVALUE2")
    assert project.planned(*targets) == {}
