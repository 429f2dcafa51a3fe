"""A file behind an address, through Snakemake, which deletes it before each attempt and after a failed one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.fetch.fault_server import FaultServer, Reply
from tests.workflow.project import CONFIG

BLACKLIST = "resources/downloads/simulated.blacklist.bed"
OLD, NEW = b"chr1\t10\t20\n", b"chr1\t30\t40\n"


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A server on loopback that does what its replies say."""
    with FaultServer() as server:
        yield server


@pytest.fixture
def blacklist(fresh):
    """Run the workflow to the blacklist of an address; what Snakemake said and the job's log."""

    def blacklist(address: str, md5: str | None = None, succeeds: bool = True) -> tuple[str, str]:
        parts = CONFIG["assemblies"]["simulated"]
        given = {"address": address} | ({"md5": md5} if md5 else {})
        fresh.configure(assemblies={"simulated": parts | {"blacklist": given}})
        said = fresh.snakemake(BLACKLIST, succeeds=succeeds)
        log = fresh.folder / f"logs/download/{BLACKLIST.rpartition('/')[2]}.log"
        return said, log.read_text()

    return blacklist


def test_old_file_stays_until_the_new_one_is_whole(fresh, server, blacklist):
    old, gone = server.put("/old.bed", OLD), server.put("/gone.bed", NEW, usual=Reply(status=404))
    file, kept = (
        fresh.folder / BLACKLIST,
        fresh.folder / "resources/downloads/.kept.simulated.blacklist.bed",
    )
    blacklist(old)
    _, log = blacklist(gone, succeeds=False)
    assert not file.exists(), "Snakemake has deleted it"
    assert f"The file from before ({old}, md5" in log
    assert f"stays as {kept}" in log
    assert kept.read_bytes() == OLD
    _, log = blacklist(old, md5="0" * 32, succeeds=False)
    assert log.count("error: ") == 2, "each attempt, one below the other"
    assert "has no such file (404)" in log
    assert "md5 mismatch" in log
    assert kept.read_bytes() == OLD
    server.requests.clear()
    _, log = blacklist(old)
    assert server.requests == []
    assert "here already" in log
    assert log.count("--- again: ") == 2
    assert file.read_bytes() == OLD
    blacklist(server.put("/new.bed", NEW))
    assert file.read_bytes() == kept.read_bytes() == NEW
