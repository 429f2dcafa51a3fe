"""The main job: a working directory with its input files, configuration and tables, in which Snakemake runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from benchmarks.plan import cpu_seconds
from benchmarks.real_size import annotation, contacts, genes, genome, signals
from benchmarks.real_size.sizes import Sizes
from prism.files.atomic import writing
from workflow_scripts.planning.tables.paths import BASE

CELL_TYPE, FOLD, SEED = "K562", "11", 2
RIDGE, PRISM = "ridge_2k", "prism_2k_short"
_VERSION = 1  # of what the files hold


@dataclass(frozen=True)
class Project:
    """The main job in a folder.

    folder: holds `files`, what was made, and `run`, where Snakemake runs.
    sizes: of the files.
    steps: of the network.
    """

    folder: Path
    sizes: Sizes
    steps: int

    @property
    def files(self) -> Path:
        """Folder of the input files."""
        return self.folder / "files"

    @property
    def run(self) -> Path:
        """Snakemake's working directory."""
        return self.folder / "run"

    @cached_property
    def genes(self) -> genes.Genes:
        """The genes as they were drawn."""
        return genes.draw(self.sizes)

    def make(self, say: Callable[[str], None] = print) -> dict[str, dict]:
        """Write the input files that are not there whole, and return of each what is known: `seconds`, `of`.

        say: is told each file that was made.
        """
        self.files.mkdir(parents=True, exist_ok=True)
        known = self.files / "made.json"
        made = json.loads(known.read_text()) if known.is_file() else {}
        scale = {"version": _VERSION, "scale": self.sizes.scale}
        if made.get("for") != scale:
            made = {"for": scale}
        for name, write in self._writers().items():
            path = self.files / name
            if name in made and path.is_file() and path.stat().st_size == made[name]["bytes"]:
                continue
            start = time.perf_counter()
            count = write(path)
            seconds = time.perf_counter() - start
            made[name] = {"seconds": seconds, "bytes": path.stat().st_size, "count": count}
            with writing(known) as part:
                part.write_text(json.dumps(made, indent=1))
            say(f"made {name}: {made[name]['bytes'] / 1e6:,.0f} MB, {seconds:.1f} s")
        return {name: made[name] for name in self._writers()}

    def _writers(self) -> dict[str, Callable[[Path], int | None]]:
        return {
            "genome.fa.gz": lambda path: genome.write(path, self.sizes),
            "annotation.gtf.gz": lambda path: annotation.write(path, self.genes),
            **{f"{name}.bigWig": self._bigwig(name) for name in signals.NAMES},
            "contacts.cool": lambda path: contacts.write(path, self.sizes),
            "genes.csv": lambda path: genes.write_table(path, self.genes),
            "labels.zip": lambda path: genes.write_labels(path, self.genes),
        }

    def _bigwig(self, name: str) -> Callable[[Path], None]:
        return lambda path: signals.write(path, self.sizes, name)

    def configure(self, cores: int) -> None:
        """Write the configuration and its tables, unless they are there as they should be.

        cores: threads of a job.
        """
        self.run.mkdir(parents=True, exist_ok=True)
        place = self.files.resolve()
        table = {"tss_base": 1, "columns": {"gene_id": "gene_id", "chrom": "chrom", "tss": "TSS"}}
        table["columns"]["symbol"] = "Gene name"
        config = {
            "cell_types": "cell_types.tsv",
            "models": "models.yaml",
            "published": None,
            "assemblies": {
                "hg38": {
                    "genome": {"address": str(place / "genome.fa.gz")},
                    "annotation": {"address": str(place / "annotation.gtf.gz")},
                    "blacklist": None,
                    "gene_table": {"address": str(place / "genes.csv"), "md5": None, **table},
                }
            },
            "run": {"cell_types": [CELL_TYPE], "models": [RIDGE], "folds": [int(FOLD)], "seeds": [SEED]},
            "windows": {"lengths": [2000]},
            "device": "cpu",
            "threads": {"training": cores, "windows": cores},
        }
        row = {
            "cell_type": CELL_TYPE, "assembly": "hg38", "label": str(place / "labels.zip"), "label_kind": "table",
            "label_assay": "CAGE", "label_id_column": "gene_id", "label_value_column": genes.LABEL_COLUMN,
            "label_transform": "log10p1", "label_member": genes.LABEL_MEMBER,
            **{name: str(place / f"{name}.bigWig") for name in signals.NAMES},
            "contacts": str(place / "contacts.cool"),
        }  # fmt: skip
        self._put("config.yaml", yaml.safe_dump(config, sort_keys=False))
        self._put("with_prism.yaml", yaml.safe_dump({"run": {"models": [RIDGE, PRISM]}}))
        self._put("cell_types.tsv", "\t".join(row) + "\n" + "\t".join(row.values()) + "\n")
        self._put("models.yaml", yaml.safe_dump(self._models(), sort_keys=False))

    def _models(self) -> dict:
        """The bundled ridge, and the bundled Prism with a few steps."""
        bundled = yaml.safe_load((BASE / "config" / "models.yaml").read_text())
        short = dict(bundled["models"]["prism_2k"])
        short["training"] = {
            **short.get("training", {}),
            "steps": self.steps,
            "warmup_steps": self.steps // 10,
        }
        return {
            "protocols": {"paper": bundled["protocols"]["paper"]},
            "models": {RIDGE: bundled["models"][RIDGE], PRISM: short},
        }

    def _put(self, name: str, text: str) -> None:
        """Write a file, unless it is there: another time would make jobs run again."""
        path = self.run / name
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)

    def snakemake(self, cores: int, *targets: str, with_prism: bool = False) -> tuple[str, float, float]:
        """Run Snakemake, and return what it printed, its seconds and those of the processor, with all jobs.

        Where nothing was left to do, the text is that of the run before. SystemExit with the text where it fails.

        cores: for Snakemake.
        targets: rules or files.
        with_prism: whether the network is among the models; default False.
        """
        command = [sys.executable, "-m", "snakemake", "-s", str(BASE / "Snakefile"), "--cores", str(cores)]
        command += ["--configfile", "config.yaml", *(["with_prism.yaml"] if with_prism else [])]
        folder = str(Path(sys.executable).parent)
        environment = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
        start, used = time.perf_counter(), cpu_seconds()
        done = subprocess.run(
            [*command, "--", *targets], cwd=self.run, env=environment, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"{done.stdout}\nsnakemake ended with {done.returncode} in {self.run}")
        seconds, said = (
            time.perf_counter() - start,
            self.run / f"said.{'prism' if with_prism else 'ridge'}.txt",
        )
        if "Nothing to be done" not in done.stdout:
            said.write_text(done.stdout)
        return said.read_text(), seconds, cpu_seconds() - used
