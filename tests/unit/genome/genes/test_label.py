"""Labels from tiny bigWigs, CTSS files and tables: sums worked out by hand, and every error."""

from __future__ import annotations

import gzip
import logging
import math

import numpy as np
import pandas as pd
import pytest

from prism.genome.genes.label import Label, add_expression
from tests.unit.genome.tiny_genome import write_bigwig

LENGTHS = {"chr1": 2000, "chr2": 500}
GENES = pd.DataFrame(
    {
        "gene_id": ["P", "M", "E", "D"],
        "chrom": ["chr1", "chr1", "chr2", "chr2"],
        "tss": [1000, 1000, 100, 7],
        "strand": ["+", "-", "+", "+"],
        "dropped": ["", "", "", "for a reason"],
    }
)


def _bigwig(path, entries) -> str:
    return str(write_bigwig(path, entries, LENGTHS))


@pytest.fixture
def plus(tmp_path) -> str:
    # Window of P: [808, 1192). 1 at its first base, 2 at its last, 50 just outside on either side.
    # Window of E: [-92, 292), off the chromosome on the left.
    entries = {
        "chr1": [(807, 808, 50), (808, 809, 1), (1000, 1001, 4), (1191, 1192, 2), (1192, 1193, 50)],
        "chr2": [(0, 1, 3)],
    }
    return _bigwig(tmp_path / "plus.bw", entries)


@pytest.fixture
def minus(tmp_path) -> str:
    return _bigwig(
        tmp_path / "minus.bw", {"chr1": [(900, 910, -0.5), (1192, 1193, -9)], "chr2": [(300, 301, -9)]}
    )


def _values(label: dict, frame=GENES, **options) -> dict[str, float]:
    found = add_expression(frame, Label.parse(label), LENGTHS, **options)
    return dict(zip(found["gene_id"], found["expression"], strict=True))


def test_stranded_bigwig_sums_the_sense_strand(plus, minus):
    found = _values({"kind": "bigwig", "files": [plus], "minus_files": [minus]})
    assert found["P"] == math.log10(7 + 1)
    assert found["M"] == math.log10(5 + 1)  # absolute values of the negative minus strand
    assert found["E"] == math.log10(3 + 1)
    assert math.isnan(found["D"])


def test_positive_minus_files_give_the_same(tmp_path, plus, minus):
    positive = _bigwig(tmp_path / "m.bw", {"chr1": [(900, 910, 0.5)], "chr2": [(300, 301, 9)]})
    first = _values({"kind": "bigwig", "files": [plus], "minus_files": [minus]})
    second = _values({"kind": "bigwig", "files": [plus], "minus_files": [positive]})
    np.testing.assert_equal(first, second)


def test_unstranded_bigwig_needs_no_strand(plus):
    found = _values({"kind": "bigwig", "files": [plus], "transform": "none"}, GENES.assign(strand="."))
    assert [found["P"], found["M"], found["E"]] == [7, 7, 3]


def test_replicates_are_averaged_before_the_logarithm(tmp_path, plus, minus):
    other = _bigwig(tmp_path / "other.bw", {"chr1": [(1000, 1001, 1)], "chr2": [(0, 1, 0)]})
    opposite = _bigwig(tmp_path / "opposite.bw", {"chr1": [(900, 910, 0.5)]})  # signs must not cancel
    found = _values({"kind": "bigwig", "files": [plus, other], "minus_files": [minus, opposite]})
    assert found["P"] == math.log10((7 + 1) / 2 + 1)
    assert found["M"] == math.log10(5 + 1)


def test_exchanged_strands_are_suspected(tmp_path, caplog):
    left = _bigwig(tmp_path / "left.bw", {"chr1": [(1000, 1001, 10)], "chr2": [(0, 1, 0)]})
    right = _bigwig(tmp_path / "right.bw", {"chr1": [(1000, 1001, 1)], "chr2": [(0, 1, 0)]})
    minus_only = GENES.assign(strand="-")
    _values({"kind": "bigwig", "files": [right], "minus_files": [left]}, minus_only)
    assert "exchanged" not in caplog.text
    _values({"kind": "bigwig", "files": [left], "minus_files": [right]}, minus_only)
    assert "are the plus and the minus strand exchanged?" in caplog.text


def test_stranded_label_needs_strands(plus, minus):
    with pytest.raises(ValueError, match=r"a stranded label needs the strand of P \(1 genes\)"):
        _values(
            {"kind": "bigwig", "files": [plus], "minus_files": [minus]},
            GENES.assign(strand=[".", "+", "+", "."]),
        )


def test_negative_plus_strand_is_refused(minus):
    with pytest.raises(ValueError, match=r"minus\.bw: P: label -5\.0 \(2 such genes\); a plus-strand"):
        _values({"kind": "bigwig", "files": [minus]})


CTSS = """chr1\t808\t809\tx\t1\t+
chr1\t1191\t1192\tx\t2\t+
chr1\t1192\t1193\tx\t50\t+
chr1\t807\t808\tx\t50\t+
chr1\t1000\t1001\tx\t8\t-
chr2\t0\t1\tx\t3.5\t+
"""


@pytest.mark.parametrize("name", ["x.ctss.bed", "x.ctss.bed.gz"])
@pytest.mark.parametrize("prefix", ["chr", ""])
def test_ctss(tmp_path, name, prefix):
    path, text = tmp_path / name, CTSS.replace("chr", prefix)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    found = _values({"kind": "ctss", "files": str(path), "transform": "none"})
    assert [found[name] for name in "PME"] == [3, 8, 3.5]


def test_ctss_without_sites_on_a_chromosome_is_zero_there(tmp_path):
    (tmp_path / "x.bed").write_text(CTSS.rsplit("chr2", 1)[0])
    assert _values({"kind": "ctss", "files": [tmp_path / "x.bed"]})["E"] == 0


@pytest.mark.parametrize(
    ("site", "message"),
    [
        ("chr1\t1\t3\tx\t1\t+", r"line 7: chr1:1-3, score 1, strand '\+'; CTSS are 1 bp wide"),
        ("chr1\t1\t2\tx\t1\t.", r"line 7: chr1:1-2, score 1, strand '\.'"),
        ("chr1\t1\t2\tx\t-1\t+", r"line 7: chr1:1-2, score -1"),
        ("chr1\t1\t2\tx\tnan\t+", r"line 7: chr1:1-2, score 'nan' is not a number"),
        ("chr1\t5\t5\tx\t1\t+", r"line 7: chr1:5-5, .* CTSS are 1 bp wide"),
        ("chr1\tone\t2\tx\t1\t+", "line 7: start 'one' is not a position"),
        (
            "chr1\t1\t2",
            "line 7: chr1:1-2: 3 columns, where a CTSS has chrom, start, end, name, score, strand",
        ),
    ],
)
def test_ctss_errors(tmp_path, site, message):
    (tmp_path / "x.bed").write_text(CTSS + site + "\n")
    with pytest.raises(ValueError, match=message):
        _values({"kind": "ctss", "files": [tmp_path / "x.bed"]})


def _table(tmp_path, text: str, name: str = "t.csv", **more) -> dict:
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    return {"kind": "table", "files": [str(path)], "id_column": "id", "value_column": "TPM", **more}


@pytest.mark.parametrize(
    ("name", "separator"), [("t.csv", ","), ("t.tsv", "\t"), ("t.csv.gz", ","), ("noname", "\t")]
)
def test_table(tmp_path, name, separator):
    text = "id,other,TPM\nM,x,9\nP,x,99\nE,x,0\nunused,x,nonsense\nunused,x,1\n".replace(",", separator)
    found = _values(_table(tmp_path, text, name))
    assert [found[name] for name in "PME"] == [2, 1, 0]
    assert math.isnan(found["D"])


def test_table_that_is_logarithmic_already(tmp_path):
    assert _values(_table(tmp_path, "id,TPM\nP,1.5\nM,2\nE,0\n", transform="none"))["P"] == 1.5


def test_table_replicates_and_absent_genes(tmp_path):
    first = _table(tmp_path, "id,TPM\nP,10\nM,7\nE,4\n", "1.csv")
    second = _table(tmp_path, "id,TPM\nP,20\nE,6\n", "2.csv")
    label = Label.parse({**first, "files": [*first["files"], *second["files"]]})
    found = add_expression(GENES, label, LENGTHS)
    assert found["dropped"].tolist() == ["", "no label in the table", "", "for a reason"]
    assert found["expression"].tolist()[::2] == [math.log10(16), math.log10(6)]
    assert found["expression"].isna().tolist() == [False, True, False, True]
    assert GENES["dropped"].tolist() == ["", "", "", "for a reason"]
    with pytest.raises(ValueError, match="no label for M; add them or allow to drop them"):
        add_expression(GENES, label, LENGTHS, drop_missing=False)


def test_empty_cell_is_an_absent_gene(tmp_path):
    label = Label.parse(_table(tmp_path, "id,TPM\nP,9\nM,\nE,1\n"))
    assert add_expression(GENES, label, LENGTHS)["dropped"].tolist() == [
        "",
        "no label in the table",
        "",
        "for a reason",
    ]
    with pytest.raises(ValueError, match="no label for M"):
        add_expression(GENES, label, LENGTHS, drop_missing=False)


def test_table_ids_lose_their_version(tmp_path):
    genes = GENES.head(1).assign(gene_id="ENSG00000000003")
    text = "id,TPM\nENSG00000000003.15,9\nENSG00000000003.15_PAR_Y,5\n"
    assert _values(_table(tmp_path, text), genes) == {"ENSG00000000003": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,TPM\nP,1\nM,-2\nE,1\n", r"t\.csv: M: label -2\.0 \(1 such genes\); give expression >= 0"),
        ("id,TPM\nP,1\nM,NA\nE,x\n", r"t\.csv, line 3: M: TPM is 'NA' \(2 such genes\)"),
        ("id,TPM\nP,1\nM,1\nP,2\n", r"t\.csv: gene ids given more than once: P"),
        ("id,FPKM\nP,1\n", r"t\.csv: no column 'TPM'; it has id, FPKM"),
        ("id,TPM\nTP53,1\n", "column 'id' has none of the genes, such as P, M"),
    ],
)
def test_table_errors(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        _values(_table(tmp_path, text))


def test_no_label_is_no_column():
    assert "expression" not in add_expression(GENES.assign(expression=1.0), Label(), LENGTHS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "wiggle"}, "kind 'wiggle' is not one of bigwig, ctss, table, none"),
        ({"kind": "bigwig"}, "kind bigwig needs at least one file"),
        ({"kind": "table", "files": ["x"], "id_column": "id"}, "needs id_column and value_column"),
        (
            {"kind": "ctss", "files": ["x"], "transform": "log2"},
            "transform 'log2' is not one of log10p1, none",
        ),
        ({"kind": "none", "file": "x"}, "unknown key file; the keys are kind, files"),
    ],
)
def test_label_errors(settings, message):
    with pytest.raises(ValueError, match=message):
        Label.parse(settings)


def test_log_states_both_sums(plus, minus, caplog):
    caplog.set_level(logging.INFO)
    _values({"kind": "bigwig", "files": [plus], "minus_files": [minus]})
    assert "sense sum 15, antisense sum 12 over 3 TSS" in caplog.text  # sense 7 + 5 + 3; antisense 5 + 7 + 0
