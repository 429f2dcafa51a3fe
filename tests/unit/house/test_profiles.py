"""The two profiles: what limits GPU jobs under each, and that neither forgets a rule."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from snakemake.cli import parse_args
from snakemake.resources import ResourceScopes

from prism.jobs.machine_memory import total_bytes
from prism.models.catalogue import ARCHITECTURES

ROOT = Path(__file__).resolve().parents[3]
PROFILES = ("default", "slurm")
ON_A_GPU = r"(train|try|tune|predict)_(?!ridge)\w+|learned_mask"


@cache
def options(profile: str):
    """Snakemake's options as it reads them from a profile."""
    _, arguments = parse_args(["--workflow-profile", str(ROOT / "profiles" / profile)])
    return arguments


def limit_over_all_jobs(profile: str, resource: str) -> int | None:
    """How much of a resource all running jobs may hold together; None for no limit."""
    given = {name: each.value for name, each in options(profile).resources.items()}
    scopes = ResourceScopes.defaults()
    scopes.update(options(profile).set_resource_scopes)
    return None if scopes.is_local(resource) and options(profile).executor == "slurm" else given.get(resource)


def submitted_rules() -> dict[str, str]:
    """Rules that may become cluster jobs, with their text; a base that nothing matches is none."""
    found = {}
    for path in (ROOT / "rules").glob("*.smk"):
        parts = re.split(
            r"^ *(?:rule|use rule \w+ as) (\w+)(?: with)?:\n", path.read_text(), flags=re.MULTILINE
        )
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            if "localrule: True" not in text and name != "train_model":
                found[name] = text
    return found


def asked(rule: str) -> dict:
    """What profiles/slurm asks for a rule, as written."""
    return {name: each.raw for name, each in options("slurm").set_resources.get(rule, {}).items()}


def test_one_gpu_job_at_a_time_on_one_machine_and_as_many_as_there_are_on_a_cluster():
    assert limit_over_all_jobs("default", "gpu") == 1
    assert limit_over_all_jobs("slurm", "gpu") is None
    # but one GPU within a group of small jobs
    assert options("slurm").resources["gpu"].value == 1


def test_jobs_on_one_machine_share_its_memory():
    assert (
        limit_over_all_jobs("default", "mem_mb") == total_bytes() // 2**20
    )  # tests/unit/jobs/test_machine_memory.py
    assert limit_over_all_jobs("slurm", "mem_mb") is None
    two_epinformers = 2 * ARCHITECTURES["epinformer"].training_mb
    assert two_epinformers > 16 * 1024  # so that a machine of 16 GB runs them one after the other


@pytest.mark.parametrize("profile", PROFILES)
def test_what_both_need_stands_in_both(profile):
    arguments = options(profile)
    assert {str(each) for each in arguments.rerun_triggers} == {"mtime", "params", "input"}
    assert arguments.keep_going
    assert arguments.rerun_incomplete
    assert arguments.show_failed_logs
    assert limit_over_all_jobs(profile, "downloads") == 2


def test_slurm_names_every_rule_and_no_other():
    assert set(options("slurm").set_resources) == set(submitted_rules())


def test_gpu_jobs_and_no_others_go_to_the_gpu_partition():
    partitions = {rule: asked(rule).get("slurm_partition", "cpu") for rule in submitted_rules()}
    wanted = {rule: "gpu" if re.fullmatch(ON_A_GPU, rule) else "cpu" for rule in submitted_rules()}
    assert partitions == wanted


@pytest.mark.parametrize("resource", ["mem_mb", "runtime"])
def test_first_attempts_ask_for_what_the_rules_say(resource):
    checked = 0
    for rule, text in submitted_rules().items():
        given = asked(rule).get(resource)
        said = re.search(rf"^ +{resource}=(\d+),", text, flags=re.MULTILINE)
        if said and given is not None:
            assert given == f"{said[1]} * attempt", rule
            checked += 1
    assert checked >= 15


def test_groups_are_of_rules_that_are_there():
    groups, spans = options("slurm").groups, options("slurm").group_components
    assert set(groups) <= set(submitted_rules())
    assert set(spans) == set(groups.values())


def test_gres_stands_in_no_rule():
    for path in [ROOT / "Snakefile", *(ROOT / "rules").glob("*.smk")]:
        assert "gres" not in path.read_text(), path
