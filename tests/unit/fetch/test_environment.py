"""Secrets that stand in the environment alone: filled in where the server is asked, and nowhere else."""

from __future__ import annotations

import json

import pytest

from prism.fetch.addresses import classify
from prism.fetch.environment import filled, unset
from prism.fetch.errors import FetchError
from tests.unit.fetch.fault_server import Reply, Resource
from workflow_scripts.planning.downloads import Download
from workflow_scripts.planning.terminal.sizes import size_of


def test_variables_are_filled_in_and_missing_ones_named():
    environment = {"TOKEN": "t0p", "EMPTY": ""}
    assert filled("https://h/s/{env:TOKEN}/a.bw?k={env:TOKEN}", environment) == "https://h/s/t0p/a.bw?k=t0p"
    assert filled("https://h/{TOKEN}/${env}/{env:}/a", environment) == "https://h/{TOKEN}/${env}/{env:}/a"
    assert unset("https://h/{env:TOKEN}", environment) is None
    assert "names EMPTY, NONE, which the environment lacks" in unset("x{env:EMPTY}{env:NONE}", environment)


def test_the_server_alone_sees_the_value(server, transfer, tmp_path, lines, monkeypatch):
    monkeypatch.setenv("PRISM_TEST_TOKEN", "t0p")
    server.resources["/s/t0p/a"] = Resource(b"0123456789", replies=[Reply(cut_after=4)])
    address = server.url("/s/{env:PRISM_TEST_TOKEN}/a")
    transfer(address)
    assert (tmp_path / "x.bin").read_bytes() == b"0123456789"
    assert {request.path for request in server.requests} == {"/s/t0p/a"}
    told = "\n".join(lines) + (tmp_path / "x.bin.json").read_text()
    assert "t0p" not in told
    assert json.loads((tmp_path / "x.bin.json").read_text())["address"] == address
    monkeypatch.setenv("PRISM_TEST_TOKEN", "other")
    transfer(address)  # the file is here
    assert len(server.requests) == 2


def test_no_value_no_request(server, transfer, monkeypatch):
    monkeypatch.delenv("PRISM_TEST_TOKEN", raising=False)
    with pytest.raises(
        FetchError, match=r"x.bin: .*names PRISM_TEST_TOKEN, which the environment lacks; export it"
    ):
        transfer(server.url("/{env:PRISM_TEST_TOKEN}/a"))
    assert server.requests == []


@pytest.mark.parametrize("host", ["localhost", "localhost:1"])
def test_the_size_of_an_address_with_a_password_is_asked_for_and_no_error_shows_it(host):
    assert size_of(Download("f", f"http://me:hunter2@{host}:x/a?jwt=1", "any"), timeout=0.1) is None
    assert size_of(Download("f", f"http://me:hunter2@{host}/a", "any"), timeout=0.1) is None


@pytest.mark.parametrize(
    "address", ["https://h/a b.bw", "https://me:my pw@h/a.bw", 'https://h/"pw"', "https://h/<a>"]
)
def test_what_no_address_holds_is_refused_without_showing_it(address):
    with pytest.raises(ValueError, match=r"https://\*\*\*: this address holds a blank.*%20") as error:
        classify(address)
    assert "pw" not in str(error.value)
