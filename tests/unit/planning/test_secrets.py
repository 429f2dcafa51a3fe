"""Addresses with secrets lie in files of mode 0600; commands, records and reports see none of them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from workflow_scripts.planning.secrets import address_option, shown

OPEN = ["ENCFF000AAA", "in/a.bw", "https://example.org/a.bw", "file:///in/a.bw"]


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("address", OPEN)
def test_an_address_without_secrets_is_given_as_it_is(address):
    assert address_option(address) == f"--address={address}"
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    "address", ["https://h/a?jwt=pw1", "https://me:pw1@h/a", "https://h/a?id=pw1", "https://h/a#pw1"]
)
def test_one_with_a_secret_lies_in_a_file_of_its_owners_own(address):
    option, _, path = address_option(address).partition("=")
    assert option == "--address-file"
    assert "pw1" not in path
    assert Path(path).read_text() == address
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    assert path.startswith(".snakemake/")


def test_a_new_token_takes_the_old_ones_place():
    first = address_option("https://h/a?id=1&token=one")
    assert address_option("https://h/a?id=1&token=two") == first
    assert Path(first.partition("=")[2]).read_text() == "https://h/a?id=1&token=two"
    assert address_option("https://h/a?id=2&token=two") != first


def test_a_file_that_others_may_read_is_closed():
    path = Path(address_option("https://h/a?jwt=x").partition("=")[2])
    path.chmod(0o644)
    address_option("https://h/a?jwt=x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_report_shows_a_configuration_without_its_secrets():
    Path("mine.yaml").write_text("genome: {address: 'https://me:pw1@h/g.fa?jwt=pw2'}\nother: 1\n")
    copy = shown("mine.yaml")
    assert Path(copy).name == "mine.yaml"
    assert Path(copy).read_text() == "genome: {address: 'https://h/g.fa?jwt=***'}\nother: 1\n"
    Path("wide.yaml").write_text("a: https://h/g?jwt=pw2\n", encoding="utf-16")
    assert Path(shown("wide.yaml")).read_text() == "a: https://h/g?jwt=***\n"
    Path("plain.yaml").write_text("genome: {address: 'https://h/g.fa'}\n")
    assert shown("plain.yaml") == "plain.yaml"
