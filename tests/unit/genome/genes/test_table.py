"""The genes table: round trip with all digits, and every fault refused by name."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pandas as pd
import pytest

from prism.genome.genes import table as genes
from prism.genome.genes.table import COLUMNS, RNA_FEATURES, gene_table
from tests.unit.genome.tiny_genome import write_genome


def _frame(**changes) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "gene_id": ["G1", "G2"],
            "symbol": ["NA", "nan"],  # names that pandas would take for missing values
            "chrom": ["chr1", "1"],
            "tss": [0, 99],
            "strand": ["+", "-"],
            **{name: [0.1 + 0.2, -1 / 3] for name in RNA_FEATURES},
            "promoter_activity": [math.pi, 0.0],
            "expression": [1e-17, 2.5],
            "dropped": ["", ""],
        }
    )
    return frame.assign(**changes)


def test_round_trip_keeps_every_digit(tmp_path):
    table = gene_table(_frame().iloc[:, ::-1], "here")
    assert tuple(table.frame.columns) == COLUMNS
    genes.write(table, tmp_path / "sub" / "x.tsv")
    again = genes.read(tmp_path / "sub" / "x.tsv")
    pd.testing.assert_frame_equal(again.frame, table.frame, check_exact=True, check_dtype=False)
    assert again.frame["symbol"].tolist() == ["NA", "nan"]
    assert again.rna_features == [*RNA_FEATURES, "promoter_activity"]
    assert again.has_expression
    assert not list(tmp_path.rglob("*.part"))


def test_optional_columns_may_be_absent(tmp_path):
    bare = (
        _frame().drop(columns=[*RNA_FEATURES, "promoter_activity", "expression", "dropped"]).assign(extra=1)
    )
    genes.write(gene_table(bare, "here"), tmp_path / "x.tsv")
    table = genes.read(tmp_path / "x.tsv")
    assert list(table.frame) == ["gene_id", "symbol", "chrom", "tss", "strand", "dropped"]
    assert table.rna_features == []
    assert not table.has_expression


def test_dropped_genes_need_no_values(tmp_path):
    frame = _frame(dropped=["", "no label in the table"], expression=[1.0, None], tss=[5, None])
    genes.write(gene_table(frame, "here"), tmp_path / "x.tsv")
    table = genes.read(tmp_path / "x.tsv")
    assert table.kept["gene_id"].tolist() == ["G1"]
    assert table.frame["tss"].tolist() == [5, -1]
    assert table.frame["dropped"].tolist() == ["", "no label in the table"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gene_id": ["G1", "G1"]}, "here: gene ids given more than once: G1; keep one row"),
        ({"gene_id": ["G1", ""]}, "here: no gene_id in row 2"),
        ({"tss": [3, -1]}, r"here: G2: tss .*-1.* is not a position"),
        ({"tss": [3, 1.5]}, r"here: G2: tss .*1\.5.* is not a position"),
        ({"tss": ["3", "x"]}, "here: G2: tss 'x' is not a position"),
        ({"strand": ["+", "plus"]}, "here: G2: strand 'plus' must be"),
        (
            {"expression": [1.0, -0.5]},
            r"here: G2: expression is .*-0\.5.* \(1 such genes\); give a finite number >= 0",
        ),
        ({"expression": [None, 1.0]}, "here: G1: expression is .*nan"),
        ({"expression": [math.inf, 1.0]}, "here: G1: expression is .*inf"),
        ({"promoter_activity": [None, 1.0]}, "here: G1: promoter_activity is .*nan"),
        ({"UTR3GC": [0.5, None]}, "here: G2: UTR3GC is .*nan"),
    ],
)
def test_faults_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        gene_table(_frame(**changes), "here")


def test_missing_columns_are_named(tmp_path):
    with pytest.raises(ValueError, match="here: no column chrom, strand; it has gene_id, symbol, tss"):
        gene_table(_frame().drop(columns=["chrom", "strand"]), "here")
    with pytest.raises(ValueError, match="here: mRNA features CDSGC are missing; give all eight or none"):
        gene_table(_frame().drop(columns="CDSGC"), "here")
    (tmp_path / "empty.tsv").write_text("")
    with pytest.raises(ValueError, match=r"empty\.tsv: not a genes table"):
        genes.read(tmp_path / "empty.tsv")


def test_lengths_used_names_the_missing_chromosome():
    assert genes.lengths_used(_frame(), {"chr1": 9, "1": 8, "2": 7}) == {"chr1": 9, "1": 8}
    with pytest.raises(ValueError, match="chromosome 1, which the genome lacks"):
        genes.lengths_used(_frame(), {"chr1": 9})


def test_script_joins_the_label(tmp_path, root):
    genome = write_genome(tmp_path / "genome.fa", {"chr1": "A" * 100, "1": "A" * 100})
    genes.write(
        gene_table(_frame().drop(columns=["promoter_activity", "expression"]), "here"), tmp_path / "a.tsv"
    )
    (tmp_path / "label.csv").write_text("id,x\nG1,99\n")
    label = {"kind": "table", "files": [str(tmp_path / "label.csv")], "id_column": "id", "value_column": "x"}
    command = [
        sys.executable,
        "-m",
        "workflow_scripts.inputs.genes",
        "--annotation",
        tmp_path / "a.tsv",
        "--fasta",
        genome,
    ]
    command += ["--label", json.dumps(label), "--out", tmp_path / "x.tsv"]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    found = genes.read(tmp_path / "x.tsv").frame
    assert found["dropped"].tolist() == ["", "no label in the table"]
    assert found["expression"].tolist()[0] == 2
    (tmp_path / "label.csv").write_text("id,x\nG1,-3\n")
    failed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith("error: ")
    assert "G1: label -3.0" in failed.stderr
