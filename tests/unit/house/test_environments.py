"""Each rule's environment holds what its script imports, at the versions that the tests run with."""

from __future__ import annotations

import importlib.metadata as metadata

import pytest
import yaml

from tests.unit.house.environments import (
    FROM_CUDA,
    ROOT,
    Pin,
    canonical,
    lines,
    pins,
    provided,
    third_party,
    uses,
)

FILES = sorted((ROOT / "envs").glob("*.yaml"))
FROM_REQUESTS = {"urllib3"}  # whose errors requests lets through
SEEN_ELSEWHERE = {
    Pin("bioconda", "pysam", "0.24.1"),  # pull request 68887 of bioconda-recipes, merged
    Pin("conda-forge", "requests", "2.34.2"),  # the channel's list of versions
}


def test_every_rule_is_seen():
    seen = {("training.train", "training"), ("inputs.windows", "data"), ("figure", "figures")}
    assert seen | {("inputs.quality", "quality")} <= set(uses())


@pytest.mark.parametrize(("script", "environment"), uses())
def test_environment_holds_what_the_script_imports(script, environment):
    missing = third_party(script) - provided(set(pins(ROOT / f"envs/{environment}.yaml"))) - FROM_CUDA
    assert not missing, f"envs/{environment}.yaml lacks {sorted(missing)}, which {script} imports"


@pytest.mark.parametrize(("script", "environment"), uses())
def test_what_a_script_imports_is_pinned_by_name(script, environment):
    """Not only brought by something else, at a version that nobody chose."""
    distributions = metadata.packages_distributions()
    held = {canonical(name) for name in pins(ROOT / f"envs/{environment}.yaml")}
    loose = {
        module
        for module in third_party(script) - FROM_CUDA - FROM_REQUESTS
        if not held & {canonical(name) for name in distributions[module]}
    }
    assert not loose


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_channels(file):
    """bioconda is named where something comes from it, and `nodefaults` keeps a user's own channels out."""
    channels = {each.channel for each in lines(file)} - {"pip"}
    ordered = [name for name in ("conda-forge", "bioconda") if name in channels]
    assert yaml.safe_load(file.read_text())["channels"] == [*ordered, "nodefaults"]
    assert channels <= {"conda-forge", "bioconda"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_package_is_pinned_as_in_the_lock(file):
    # Enformer's library asks for older versions of some; its environment has a lock of its own.
    lock = "requirements-enformer.txt" if file.stem == "enformer" else "requirements.txt"
    locked = dict(
        (canonical(name), version)
        for name, separator, version in (
            line.partition("==") for line in (ROOT / lock).read_text().splitlines()
        )
        if separator
    )
    for name, version in pins(file).items():
        assert version, f"{file.name}: {name} is not pinned to one version"
        if name not in ("python", "pip", "bedtools", "macs3"):
            assert locked[canonical(name)] == version, name


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_versions_are_known_to_be_on_their_channels(file, shared):
    rows = [line.split("\t") for line in (shared / "facts/conda_versions.tsv").read_text().splitlines()]
    known = {Pin(channel, name, version) for name, channel, _, version, *_ in rows} | SEEN_ELSEWHERE
    assert [each for each in lines(file) if each.channel != "pip" and each not in known] == []


def test_a_missing_package_is_noticed():
    """The first check can fail: without pyBigWig the windows script is not served."""
    held = set(pins(ROOT / "envs/data.yaml"))
    assert not third_party("inputs.windows") - provided(held)
    assert "pyBigWig" in third_party("inputs.windows") - provided(held - {"pyBigWig", "pybedtools", "cooler"})
