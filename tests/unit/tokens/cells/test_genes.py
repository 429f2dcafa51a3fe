"""Ids of genes and tables of their names."""

from __future__ import annotations

import gzip
import json

import pytest

from prism.tokens.cells.genes import GeneNames, plain_id, read_gene_names, resolve, species_name, species_of

A, B = "ENSG00000000001", "ENSG00000000002"


@pytest.mark.parametrize(
    ("label", "plain", "species"),
    [
        (" ENSG00000136574.12 ", "ENSG00000136574", "ENS"),
        ("ENSG00000002586.20_PAR_Y", "ENSG00000002586", "ENS"),
        ("ENSGR0000002586", "ENSGR0000002586", "ENS"),
        ("ENSMUSG00000021944.3", "ENSMUSG00000021944", "ENSMUS"),
        ("NKX2-5", "NKX2-5", None),
        ("AC000003.2", "AC000003.2", None),
        ("ENST00000000001", "ENST00000000001", None),
    ],
)
def test_ids_and_their_species(label, plain, species):
    assert plain_id(label) == plain
    assert species_of(plain) == species


def test_species_have_names():
    assert species_name("ENSMUS") == "mouse"
    assert species_name("ENSXYZ") == "the species of ENSXYZG..."


def test_symbols_with_an_id_behind_them():
    """7SK is in the table with another id; 7SK_<id> is what a file with two 7SK has."""
    found = resolve([f"7SK_{B}", "7SK", "", "GATA4"], GeneNames({"7SK": (A,)}))
    assert found.ids == (B, A, "", "")
    assert found.unknown == ("", "GATA4")


def test_a_retired_id_that_the_vocabulary_knows_stays():
    names = GeneNames(successor_of={A: B})
    assert resolve([A], names, [A]).ids == (A,)
    assert resolve([A], names, [A, B]).ids == (B,)
    assert resolve([A], names).replaced == (A,)


@pytest.mark.parametrize(
    "content", [f"gene_id\tsymbol\n{A}.2\tONE\n{B}\tONE\n", f"{A}.2,ONE,7,99\n{B},ONE,1,1\n"]
)
def test_tables_with_and_without_a_header(tmp_path, content):
    with gzip.open(tmp_path / "genes.gz", "wt") as table:
        table.write(content)
    names = read_gene_names(tmp_path / "genes.gz")
    assert names.ids_of == {"ONE": (A, B)}
    assert names.known == {A, B}
    assert read_gene_names(tmp_path / "genes.gz", listed=False).known == frozenset()


def test_geneformers_names(tmp_path):
    (tmp_path / "gene_name_id_dict.json").write_text(json.dumps({"ONE": A}))
    names = read_gene_names(tmp_path / "gene_name_id_dict.json")
    assert (names.ids_of, names.known) == ({"ONE": (A,)}, frozenset())
    assert names.and_then(GeneNames({"ONE": (B,), "TWO": (B,)})).ids_of == {"ONE": (A,), "TWO": (B,)}


def test_tables_without_names_are_refused(tmp_path):
    (tmp_path / "genes.csv").write_text("gene_id,symbol\n,ONE\n")
    with pytest.raises(ValueError, match=r"no gene with an id and a symbol; give the columns"):
        read_gene_names(tmp_path / "genes.csv")
    (tmp_path / "genes.csv").write_text(f"{A},ONE\n{B}\n")
    with pytest.raises(ValueError, match=rf"line 2: '{B}' has no symbol; write id, symbol"):
        read_gene_names(tmp_path / "genes.csv")
