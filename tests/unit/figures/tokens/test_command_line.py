"""The script that draws all figures of an entry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from prism.jobs import records
from tests.unit.figures.tokens import made_up_tables as made_up
from workflow_scripts.planning.token_files import FURTHER, RESULTS, TOKEN_FIGURES
from workflow_scripts.tokens.figures import FIGURES, TABLES


def command(folder: Path) -> list[str]:
    """Write all tables and the record; return the command."""
    effects = made_up.effects()
    made = {
        "effects": effects,
        "edges": made_up.edges(effects),
        "profile": made_up.profile(),
        "scores": made_up.scores(),
        "heldout": made_up.heldout(),
        "routes": made_up.routes(),
    }
    assert sorted(made) == TABLES
    for name, table in made.items():
        table.to_csv(folder / f"{name}.tsv", sep="\t", index=False)
    records.write(folder / "record.json", made_up.RECORD | {"primary": {"metric": "auroc"}})
    options = [word for name in made for word in (f"--{name}", str(folder / f"{name}.tsv"))]
    options += ["--record", str(folder / "record.json"), "--out", str(folder / "out")]
    return [sys.executable, "-m", "workflow_scripts.tokens.figures", *options]


@pytest.mark.slow
def test_it_draws_every_figure_in_both_forms_and_names_a_damaged_table(tmp_path, root):
    call = command(tmp_path)
    subprocess.run(call, check=True, cwd=root)
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == {f"{name}.{form}" for name in FIGURES for form in ("svg", "png")}
    controls = (tmp_path / "out/controls.svg").read_text()
    assert controls.index("area under the ROC curve") < controls.index("average precision")
    assert "3f2a9c1b77" in controls
    (tmp_path / "scores.tsv").write_text("factor\tcell_type\nGATA4\tT\n")
    failed = subprocess.run(call, check=False, cwd=root, capture_output=True, text=True)
    assert failed.returncode == 1
    told = "scores.tsv: no column method, contrast, metric, value, low, high; delete it and run the workflow again"
    assert failed.stderr == f"error: {told}\n"


def test_the_workflow_asks_for_every_figure_and_the_page_explains_it(root):
    assert set(TOKEN_FIGURES) == set(FIGURES)
    assert set(TABLES) < {*RESULTS, *FURTHER}
    page = (root / "docs/figures.md").read_text()
    assert [name for name in FIGURES if f"\n- `{name}.svg`" not in page] == []


def test_every_figure_has_a_caption(root):
    assert {path.stem for path in (root / "report").glob("tokens_*.rst")} == {
        f"tokens_{name}" for name in FIGURES
    }
