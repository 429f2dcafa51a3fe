"""The workflow as a module of another one, with a prefix, in a folder and beside rules of the host's own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from prism.genome.dataset.windows import Windows
from tests.workflow import tokens_project
from tests.workflow.project import CONFIG, MODELS, Project, make_project, path_with_macs3

pytestmark = pytest.mark.slow

RUN = "results/runs/simA/floor/fold1/seed2"
WINDOWS = "results/windows/simA/400.h5"
FIGURE = "results/comparison/figures/metrics.svg"
# The host makes one of the tracks, sets a shell prefix before the module, and asks for a figure of the module's.
HOST = """
configfile: "config.yaml"
shell.prefix("set -euo pipefail; export GREETING=hello; ")

rule summary:
    input:
        "sub/{figure}",
    output:
        "summary.txt",
    log:
        "summary.log",
    conda:
        "env.yaml"
    shell:
        "echo $GREETING ${{{{PYTHONPATH:-unset}}}} > {{output}} 2> {{log}}"

rule track:
    input:
        "sub/resources/simulated/simA/DNase.bw",
    output:
        "tracks/DNase.bw",
    log:
        "track.log",
    conda:
        "env.yaml"
    shell:
        "cp {{input}} {{output}} 2> {{log}}"

module prism:
    snakefile:
        config["workflow"]
    {placement}
    config:
        config["prism"]

use rule * from prism as prism_*

use rule summary as main with:
    output:
        "main.txt",
    default_target: True
"""


class Host(Project):
    """A project whose Snakefile is one of its own that uses the workflow as a module."""

    def __init__(
        self, folder: Path, workflow: Path, models: list[str], placement: str = 'prefix:\n        "sub"'
    ):
        super().__init__(folder, folder)
        make_project(folder, workflow)
        table = pd.read_csv(folder / "cell_types.tsv", sep="\t", dtype=str)
        table["DNase"] = "tracks/DNase.bw"
        table.to_csv(folder / "cell_types.tsv", sep="\t", index=False)
        run = CONFIG["run"] | {"models": models, "seeds": [2]}
        config = {"workflow": str(workflow / "Snakefile"), "prism": CONFIG | {"run": run}}
        (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
        (folder / "env.yaml").write_text("dependencies: []\n")
        (folder / "Snakefile").write_text(HOST.format(figure=FIGURE, placement=placement))


@pytest.fixture(scope="module")
def hosted(tmp_path_factory, root) -> Project:
    """A host that has run to its end."""
    host = Host(tmp_path_factory.mktemp("host"), root, ["floor"])
    host.snakemake()
    return host


@pytest.fixture(scope="module")
def alone(tmp_path_factory, root) -> Project:
    """The same run without a host."""
    project = make_project(tmp_path_factory.mktemp("alone"), root)
    project.configure(run=CONFIG["run"] | {"models": ["floor"], "seeds": [2]})
    project.snakemake(f"{RUN}/metrics.json")
    return project


def test_everything_of_the_module_lies_under_its_prefix(hosted):
    assert (hosted.folder / "sub" / FIGURE).is_file()
    assert {each.name for each in (hosted.folder / "sub").iterdir()} == {"logs", "resources", "results"}
    assert not {"logs", "resources", "results"} & {each.name for each in hosted.folder.iterdir()}


def test_the_numbers_are_those_of_a_run_of_its_own(hosted, alone):
    scores = [
        json.loads((folder / RUN / "metrics.json").read_text())["metrics"]
        for folder in (hosted.folder / "sub", alone.folder)
    ]
    assert scores[0] == scores[1]
    assert scores[0]["test"]["n"] == 20
    batches = [
        Windows(str(folder / WINDOWS), str(folder / "results/genes/simA.tsv"), 400, None, True).batch([0, 5])
        for folder in (hosted.folder / "sub", alone.folder)
    ]
    assert batches[0].signals.equal(batches[1].signals)
    assert batches[0].sequence.equal(batches[1].sequence)


def test_the_hosts_rules_keep_their_shell(hosted):
    assert (hosted.folder / "main.txt").read_text() == "hello unset\n"


def test_a_track_that_the_host_makes_is_read_where_it_is(hosted):
    manifest = hosted.folder / "sub/resources/downloads/simA.DNase.bigWig.json"
    assert json.loads(manifest.read_text())["link"] == str(hosted.folder / "tracks/DNase.bw")


def test_a_finished_host_has_nothing_to_do(hosted):
    assert hosted.planned() == {}


def test_no_command_names_a_file_without_the_prefix(tmp_path, root, monkeypatch):
    """Peaks, elements, networks and predictions too, whose rules the small run above does not reach."""
    monkeypatch.setenv("PATH", path_with_macs3(tmp_path))
    host = Host(tmp_path / "host", root, ["floor", "tiny", "masked", "elements", "soft"])
    settings = {"d_model": 8, "n_layer": 1, "center_len": 200}
    more = {
        "masked": {
            "architecture": "caduceus_signals",
            "length": 200,
            "protocol": "tiny",
            "settings": settings | {"input_mask": "peaks"},
        },
        "elements": {"architecture": "epinformer", "length": 400, "protocol": "tiny"},
        "soft": {"architecture": "seq2exp_soft", "length": 200, "protocol": "tiny", "settings": settings},
    }
    table = pd.read_csv(host.folder / "cell_types.tsv", sep="\t", dtype=str)
    table.drop(columns="peaks").to_csv(host.folder / "cell_types.tsv", sep="\t", index=False)
    (host.folder / "models.yaml").write_text(yaml.safe_dump(MODELS | {"models": MODELS["models"] | more}))
    printed = host.snakemake(
        "--dry-run",
        "--printshellcmds",
        "prism_all",
        "sub/results/predictions/simA/simA.tiny.fold1.seed2.tsv.gz",
    )
    commands = [line for line in printed.splitlines() if "python -P -m workflow_scripts." in line]
    scripts = {re.search(r"workflow_scripts\.([\w.]+)", line)[1].rpartition(".")[2] for line in commands}
    assert scripts >= {"download", "bedgraph", "elements", "windows", "train", "predict", "mask", "compare"}
    astray = [line for line in commands if re.search(r"(?<![\w/.])(results|resources|logs)/", line)]
    assert astray == []
    assert any("--state-dir sub/results/runs/simA/tiny/fold1/seed2/state" in line for line in commands)


def test_no_command_of_the_tokens_names_a_file_without_the_prefix(tmp_path, root):
    host = Host(tmp_path / "host", root, ["floor", "tiny"])
    config = yaml.safe_load((host.folder / "config.yaml").read_text())
    entry = tokens_project.tokens({"run": "simA.tiny.fold1.seed2"})
    config["prism"] |= {"simulate_cells": tokens_project.CELLS, "tokens": {"small": entry}}
    config["prism"]["simulate"] = tokens_project.GENOME
    (host.folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    printed = host.snakemake("--dry-run", "--printshellcmds", "prism_tokens")
    commands = [line for line in printed.splitlines() if "python -P -m workflow_scripts.tokens." in line]
    assert len(commands) > 7
    assert [line for line in commands if re.search(r"(?<![\w/.])(results|resources|logs)/", line)] == []


def test_replace_prefix_is_refused(tmp_path, root):
    host = Host(tmp_path / "host", root, ["floor"], 'replace_prefix:\n        {"results/": "mine/"}')
    assert "give the module a `prefix`" in host.snakemake("--dry-run", succeeds=False)


def test_a_host_can_say_the_warnings_of_the_modules_predictions(tmp_path, root):
    host = Host(tmp_path / "host", root, ["floor"])
    made = "sub/results/predictions/K/model.tsv.gz"
    with open(host.folder / "Snakefile", "a") as snakefile:
        snakefile.write(
            "onsuccess:\n    prism.onsuccess()\n\n"
            f"rule predicted:\n    output: '{made}'\n    log: 'its.log'\n"
            "    shell: 'echo warning: too much > {log}; touch {output}'\n"
        )
    assert f"Made with 1 warning: {made} (its.log)\n  too much\n" in host.snakemake(made)


def test_lint_finds_nothing_in_the_modules_rules(tmp_path, root):
    host = Host(tmp_path / "host", root, ["floor"])
    assert "in a good condition" in host.snakemake("--lint")


def test_a_track_of_a_later_rule_is_warned_of_and_made(tmp_path, root):
    host = Host(tmp_path / "host", root, ["floor"])
    text = (host.folder / "Snakefile").read_text()
    start, end = text.index("rule track:"), text.index("module prism:")
    (host.folder / "Snakefile").write_text(text[:start] + text[end:] + "\n" + text[start:end])
    out = host.snakemake("--dry-run", "sub/results/genes/simA.tsv")
    assert "column DNase = 'tracks/DNase.bw': no such file" in out
    assert "(unless a later rule makes it)" in out
    assert "rule track" in out
