"""Fixtures shared by all tiers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

from prism.compute import malloc

# Without a GPU, Triton's interpreter runs its kernels. It has to be told before anything imports Triton.
if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")

# No verdict on how long an example, or drawing one, takes: that depends on the machine.
UNTIMED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("untimed", **UNTIMED)
settings.load_profile("untimed")

# Continuous integration draws the same cases each time; elsewhere new ones are looked for.
settings.register_profile("ci", derandomize=True, **UNTIMED)
if os.environ.get("CI"):
    settings.load_profile("ci")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with the golden files and the real data; tests that need it skip, visibly, where it is absent."""
    folder = Path(os.environ.get("PRISM_SHARED", ROOT.parent / "shared"))
    if not (folder / "golden").is_dir():
        pytest.skip(f"no golden files or real data at {folder} (set PRISM_SHARED)")
    return folder


@pytest.fixture(scope="session")
def git():
    """Function: run git in a folder, as somebody whom it lets commit; what it prints."""
    somebody = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]

    def run(folder: Path, *arguments: str) -> str:
        command = ["git", *somebody, *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()

    return run


@pytest.fixture(autouse=True)
def _memory_is_given_back(monkeypatch):
    """A training within the tests' own process would keep its memory through all the tests after it."""
    monkeypatch.setattr(malloc, "keep", lambda: False)
