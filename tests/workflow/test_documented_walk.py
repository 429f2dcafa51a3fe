"""docs/own_cell_type.md as a reader follows it: the files that it shows are written, its commands run in order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.slow

PAGE = "docs/own_cell_type.md"


def blocks(page: str) -> list[tuple[str, str, str]]:
    """(language, file name or '', content) of each fenced block, in order."""
    return re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)


def follow(page: str, folder: Path) -> None:
    """Write the page's files, then run its commands in `folder`; fail with the output of the first that fails."""
    found = blocks(page)
    for _, name, content in found:
        if name:
            (folder / name).write_text(content)
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment |= {"OMP_NUM_THREADS": "1"}
    for language, _, commands in found:
        if language == "bash":
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", commands],
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            assert done.returncode == 0, f"{commands}\n{done.stdout}"


@pytest.fixture(scope="module")
def walked(tmp_path_factory, root) -> Path:
    """A folder in which the whole page has been followed, with the clone beside it."""
    parent = tmp_path_factory.mktemp("walk")
    (parent / "prism").symlink_to(root)
    (parent / "mine").mkdir()
    follow((root / PAGE).read_text(), parent / "mine")
    return parent / "mine"


def test_the_trained_cell_type_has_scores_figures_and_a_quality_page(walked):
    summary = pd.read_csv(walked / "results/comparison/summary.tsv", sep="\t")
    assert set(summary["cell_type"]) == {"liver"}
    assert set(summary["model"]) == {"ridge_2k"}
    assert (walked / "results/comparison/figures/scatter.liver.svg").is_file()
    assert "RNA-seq counts" in (walked / "results/comparison/figures/scatter.liver.svg").read_text()
    assert (walked / "results/qc/liver.html").is_file()


def test_the_cell_type_without_a_label_is_predicted_for(walked):
    table = pd.read_csv(walked / "results/predictions/colon/liver.ridge_2k.fold1.seed2.tsv.gz", sep="\t")
    assert len(table) == 60
    assert not (walked / "results/runs/colon").exists()
