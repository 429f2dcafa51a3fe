"""What planning reads loads neither torch nor the libraries of data files: a dry run starts at once, anywhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LIGHT = ["prism", "prism.models", "prism.models.catalogue", "prism.runs.record"]
WITHOUT = """
import importlib, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "h5py", "numba", "snakemake"}:
            raise ImportError(f"{name} is not to be loaded here")

sys.meta_path.insert(0, Refuse())
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def without_libraries(*names: str) -> subprocess.CompletedProcess[str]:
    """Import modules in a fresh interpreter in which torch, h5py, numba and snakemake cannot be imported."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, *names], cwd=ROOT, text=True, capture_output=True, check=False
    )


def test_light_modules_load_without_the_libraries():
    planning = sorted((ROOT / "workflow_scripts" / "planning").rglob("*.py"))
    assert len(planning) > 10
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in planning]
    loaded = without_libraries(*LIGHT, *names)
    assert loaded.returncode == 0, loaded.stderr


def test_the_libraries_are_really_kept_away():
    assert "torch is not to be loaded here" in without_libraries("prism.models.contract").stderr
    assert "numba is not to be loaded here" in without_libraries("numba").stderr
