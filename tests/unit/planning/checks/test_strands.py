"""Models that read along the gene need strands: refused before any job where no file tells them."""

from __future__ import annotations

import pytest
import yaml

from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.files import Files
from workflow_scripts.planning.prediction_files import PredictionFiles

PLAIN = {"architecture": "ridge", "length": 100, "gene_features": []}
MODELS = {"plus": PLAIN, "turned": PLAIN | {"orientation": "gene"}}
CELL_TYPES = "cell_type\tassembly\tlabel_kind\tlabel\tATAC\nA\ttoy\tbigwig\tp.bw\ta.bw\nB\tother\t\t\ta.bw\n"
COLUMNS = {"gene_id": "gene", "chrom": "chrom", "tss": "tss"}
GENES = {"address": "genes.tsv", "tss_base": 0, "columns": COLUMNS}
TOLD = (
    {"annotation": {"address": "toy.gtf"}},
    {"gene_table": GENES, "annotation": {"address": "toy.gtf"}},
    {"gene_table": GENES | {"columns": COLUMNS | {"strand": "str"}}},
    {"gene_table": GENES, "strand_table": {"address": "strands.tsv"}},
)


def plan(tmp_path, monkeypatch, toy, model, other=TOLD[0], predictions=None):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cells.tsv").write_text(CELL_TYPES)
    (tmp_path / "models.yaml").write_text(yaml.safe_dump({"models": MODELS}))
    rows = "".join(f"1\tchr{n}\t{split}\n" for n, split in enumerate(("train", "valid", "test")))
    (tmp_path / "folds.tsv").write_text("fold\tchromosome\tsplit\n" + rows)
    facts = {"genome": {"address": "toy.fa"}, "rna_features": "none"}
    return make_plan(
        {
            "cell_types": "cells.tsv",
            "models": "models.yaml",
            "folds": "folds.tsv",
            "assemblies": {"toy": facts | toy, "other": facts | other},
            "run": {"cell_types": ["A"], "models": [model], "folds": [1], "seeds": [2]},
            "windows": {"lengths": [100]},
            "predictions": predictions or {},
        }
    )


@pytest.mark.parametrize("told", TOLD, ids=["annotation", "both", "column", "strand_table"])
def test_a_file_that_tells_strands_suffices(tmp_path, monkeypatch, told):
    assert plan(tmp_path, monkeypatch, told, "turned").entries["turned"].orientation == "gene"


def test_without_strands_a_model_along_the_gene_is_refused(tmp_path, monkeypatch):
    plan(tmp_path, monkeypatch, {"gene_table": GENES}, "plus")
    with pytest.raises(
        ValueError, match=r"config: model turned has orientation: gene, and the genes of A have no strand"
    ):
        plan(tmp_path, monkeypatch, {"gene_table": GENES}, "turned")


def test_so_is_a_prediction_with_it(tmp_path, monkeypatch):
    run = {"B": ["A.turned.fold1.seed2"]}
    made = plan(tmp_path, monkeypatch, TOLD[0], "turned", predictions=run)
    files = PredictionFiles(Files(made))
    assert files.expected("A.turned.fold1.seed2")[4:6] == ["--orientation", "gene"]
    assert "--orientation" not in files.expected("A.plus.fold1.seed2")
    with pytest.raises(
        ValueError, match=r"predictions: A.turned.fold1.seed2 for B has orientation: gene, and .* of B"
    ):
        plan(tmp_path, monkeypatch, TOLD[0], "turned", {"gene_table": GENES}, run)
