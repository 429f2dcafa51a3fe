"""A small simulated project and a way to run Snakemake in it, as a user would from a working directory of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import yaml

CONFIG = {
    "cell_types": "cell_types.tsv",
    "models": "models.yaml",
    "folds": "folds.tsv",
    "published": None,
    "assemblies": {
        "simulated": {
            part: {"address": f"file://{{workdir}}/resources/simulated/{file}"}
            for part, file in (
                ("genome", "genome.fa.gz"),
                ("annotation", "annotation.gtf.gz"),
                ("blacklist", "blacklist.bed"),
            )
        }
    },
    "run": {"cell_types": ["simA"], "models": ["floor", "tiny"], "folds": [1], "seeds": [2, 22]},
    "windows": {"lengths": [400]},
    "device": "cpu",
    "threads": {"training": 1, "windows": 1},
    "simulate": {
        "seed": 3,
        "cell_types": ["simA", "simB"],
        "n_chromosomes": 3,
        "genes_per_chromosome": 20,
        "chromosome_length": 400_000,
    },
}
MODELS = {
    "protocols": {
        "tiny": {
            "steps": 6,
            "batch_size": 4,
            "learning_rate": 1.0e-3,
            "betas": [0.9, 0.95],
            "weight_decay": 1.0e-6,
            "schedule": "cosine",
            "warmup_steps": 2,
            "warmup_from": 1.0e-5,
            "final_learning_rate": 1.0e-4,
            "gradient_clip": 1.0,
            "precision": "fp32",
            "validations_per_epoch": 1,
        }
    },
    "models": {
        "floor": {"architecture": "ridge", "length": 400},
        "tiny": {
            "architecture": "prism",
            "length": 200,
            "protocol": "tiny",
            "settings": {"d_model": 8, "n_layer": 1, "center_len": 200, "n_context": 1, "cnn_dim": 2},
        },
    },
}
FOLDS = "fold\tchromosome\tsplit\n1\tchr1\ttrain\n1\tchr2\tvalid\n1\tchr3\ttest\n"
COLUMNS = [
    "cell_type",
    "assembly",
    "label",
    "label_minus",
    "label_kind",
    "label_assay",
    "peaks",
    "H3K27ac",
    "DNase",
    "contacts",
]


def cell_type_row(name: str, source: str) -> str:
    """A row of the table whose files are those simulated for `source`."""
    files = f"file://{{workdir}}/resources/simulated/{source}/"
    cells = [name, "simulated", f"{files}CAGE.plus.bw", f"{files}CAGE.minus.bw", "bigwig", "CAGE"]
    cells += [f"{files}{file}" for file in ("peaks.narrowPeak", "H3K27ac.bw", "DNase.bw", "contacts.cool")]
    return "\t".join(cells) + "\n"


@dataclass
class Project:
    """A working directory with tables of its own; `workflow` is the clone whose Snakefile runs there."""

    folder: Path
    workflow: Path

    def configure(self, **changes) -> None:
        """Write the configuration, with top-level keys replaced."""
        (self.folder / "config.yaml").write_text(yaml.safe_dump(CONFIG | changes, sort_keys=False))

    def snakemake(self, *arguments: str, succeeds: bool = True) -> str:
        """Run Snakemake; stdout and stderr together. Fails the test when the exit status is not the expected one."""
        command = [sys.executable, "-m", "snakemake", "-s", str(self.workflow / "Snakefile")]
        command += ["--configfile", "config.yaml", "--cores", "1", *arguments]
        bin_folder = str(Path(sys.executable).parent)
        environment = os.environ | {"PATH": f"{bin_folder}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert (done.returncode == 0) == succeeds, done.stdout
        return done.stdout

    def planned(self, *targets: str) -> dict[str, int]:
        """Jobs by rule that a run would execute, from a dry run's table."""
        out = self.snakemake("--dry-run", *targets)
        if "Job stats:" not in out:
            return {}
        lines = out.split("Job stats:")[1].strip().splitlines()[2:]
        jobs = {}
        for line in lines:
            if not line.strip():
                break
            rule, count = line.split()
            jobs[rule] = int(count)
        jobs.pop("total")
        return jobs


def path_with_macs3(folder: Path) -> str:
    """A PATH with a macs3 that does nothing: enough for a plan of peaks to be called."""
    caller = folder / "bin" / "macs3"
    caller.parent.mkdir()
    caller.write_text("#!/bin/sh\nexit 1\n")
    caller.chmod(0o755)
    return f"{caller.parent}{os.pathsep}{os.environ['PATH']}"


def executed_jobs(output: str) -> dict[str, int]:
    """Jobs by rule that a run finished, from what it printed."""
    return dict(Counter(re.findall(r"Finished jobid: \d+ \(Rule: (\w+)\)", output)))


def make_project(folder: Path, workflow: Path) -> Project:
    """A fresh working directory."""
    folder.mkdir(parents=True, exist_ok=True)
    project = Project(folder, workflow)
    project.configure()
    (folder / "cell_types.tsv").write_text("\t".join(COLUMNS) + "\n" + cell_type_row("simA", "simA"))
    (folder / "models.yaml").write_text(yaml.safe_dump(MODELS, sort_keys=False))
    (folder / "folds.tsv").write_text(FOLDS)
    return project
