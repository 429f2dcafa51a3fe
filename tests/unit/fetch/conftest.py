"""Fixtures of the downloads' tests: the server that misbehaves, and two ways to fetch from it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from prism.fetch.download import Portals, fetch
from prism.fetch.retry import Patience
from tests.unit.fetch.fault_server import FaultServer


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A server on loopback that does what its replies say."""
    with FaultServer() as server:
        yield server


@pytest.fixture
def lines() -> list[str]:
    """What a transfer said."""
    return []


@pytest.fixture
def quick() -> Patience:
    """Short pauses only: a server that is slow because the machine is busy has not failed."""
    return Patience(attempts=6, pause=0.005, longest_pause=0.02, progress_every=3600)


@pytest.fixture
def transfer(tmp_path, lines, quick):
    """Fetch into tmp_path/x.bin with short pauses; returns the manifest."""

    def transfer(*addresses: str, patience: Patience = quick, **settings) -> dict:
        settings.setdefault("environ", {})
        return fetch(list(addresses), tmp_path / "x.bin", patience=patience, say=lines.append, **settings)

    return transfer


@pytest.fixture
def get(tmp_path, server):
    """Fetch into tmp_path/<name>; both portals are the loopback server."""

    def get(*addresses: str, name: str = "x.bed", **settings) -> dict:
        settings = {
            "environ": {},
            "portals": Portals(server.url(), server.url()),
            "say": lambda _: None,
        } | settings
        return fetch(list(addresses), tmp_path / name, patience=Patience(attempts=2, pause=0.005), **settings)

    return get
