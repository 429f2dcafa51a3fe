"""Real data through the same Snakefile, to ridge and its figures (networks take minutes: see the configurations)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path, root, shared) -> Path:
    """A working directory with the real data beside it, as the configurations expect."""
    (tmp_path / "shared").symlink_to(shared)
    work = tmp_path / "work"
    shutil.copytree(root / "tests" / "real", work / "tests" / "real")
    prepare = [sys.executable, "tests/real/prepare.py", "--real", "../shared/real", "--out", "resources/real"]
    subprocess.run(prepare, cwd=work, check=True)
    return work


def run(folder: Path, root: Path, config: str, model: str) -> None:
    """Run the workflow with one model, to the end."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = [sys.executable, "-m", "snakemake", "-s", str(root / "Snakefile"), "--cores", "1"]
    command += ["--configfile", f"tests/real/{config}.yaml", "--config", f"run={{models: [{model}]}}"]
    environment = os.environ | {"PATH": path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout


def test_yeast(folder, root):
    """1,776 genes, split by chromosome, no mRNA features: ridge is better than the training mean."""
    run(folder, root, "yeast", "ridge_yeast")
    record = json.loads((folder / "results/runs/yeast/ridge_yeast/fold1/seed2/metrics.json").read_text())
    assert record["metrics"]["test"]["n"] == 509
    assert record["metrics"]["test"]["mse"] < record["floor"]["train_mean"]["test"]["mse"]
    assert record["metrics"]["test"]["pearson"] > 0.3
    assert (folder / "results/comparison/figures/signal_profile.yeast.svg").exists()


def test_k562_chr22(folder, root):
    """Both labels; the quality page says that accessibility and PRO-cap are nearly the same assay."""
    run(folder, root, "k562_chr22", "ridge_chr22")
    for cell_type in ("K562_PROcap", "K562_RNA"):
        record = json.loads(
            (folder / f"results/runs/{cell_type}/ridge_chr22/fold1/seed2/metrics.json").read_text()
        )
        assert record["metrics"]["test"]["n"] == 22
        assert record["metrics"]["test"]["mse"] < record["floor"]["train_mean"]["test"]["mse"]
    found = (folder / "results/qc/K562_PROcap.html").read_text()
    assert "Possible leakage of PRO-cap: ATAC" in found
    assert "Possible leakage" not in (folder / "results/qc/K562_RNA.html").read_text()
