"""Dynamic tokens through Snakemake: from simulated cells to tables and figures, and nothing is made again."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.workflow import tokens_project

pytestmark = pytest.mark.slow
TABLES = ("effects", "scores", "profile", "heldout", "routes", "edges")


def test_from_cells_to_tables_and_figures(fresh):
    entry = tokens_project.tokens({"run": "simA.tiny.fold1.seed2"})
    fresh.configure(
        simulate=tokens_project.GENOME, simulate_cells=tokens_project.CELLS, tokens={"small": entry}
    )
    output = fresh.snakemake("tokens")
    assert "Nothing to be done" not in output
    folder = fresh.folder / "results/tokens/small"
    tables = {name: pd.read_csv(folder / f"{name}.tsv", sep="\t") for name in TABLES}
    assert all(len(table) for table in tables.values())
    effects = tables["effects"]
    assert set(effects["factor"]) == {tokens_project.FACTOR}
    assert effects["shift"].is_monotonic_decreasing
    assert set(effects["target"]) == {"direct", "indirect", "none"}
    changes = tables["profile"]
    assert len(changes) == 3 * 10  # every base of [-60, -50), to each of three others
    assert changes["shift"].notna().sum() == 3 + 3
    assert (folder / "tokens.h5ad").stat().st_size > 0
    drawn = {path.stem for path in (fresh.folder / "results/figures/tokens/small").glob("*.svg")}
    assert {"ranked", "profile", "network", "controls", "direct_indirect", "heldout", "routes"} <= drawn
    assert not list(fresh.folder.rglob("*.part"))
    assert "Nothing to be done" in fresh.snakemake("tokens")
