"""Files of cells at the door: every encoding gives the same cells, and what is wrong is refused by name."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from prism.tokens.cells.cells import joined
from prism.tokens.cells.door import Choice, open_cells
from prism.tokens.cells.genes import GeneNames
from tests.unit.tokens import h5ad_file

A, B, C = (f"ENSG0000000000{digit}" for digit in "123")
COUNTS = [[3, 0, 1], [0, 2, 0], [0, 0, 0], [5, 1, 4]]
OBS = {"cell_type": ["heart", "lung", "lung", "heart"], "donor_id": ["d1", "d1", "d2", "d2"]}


@pytest.fixture
def h5ad(tmp_path):
    """Function: write an h5ad file with COUNTS of A, B, C, but for what is given; its path."""

    def write(counts=COUNTS, genes=(A, B, C), obs=OBS, **how):
        return h5ad_file.write(tmp_path / "cells.h5ad", counts, genes, obs, **how)

    return write


@pytest.mark.parametrize("encoding", ["new", "0.7", "0.6"])
@pytest.mark.parametrize("layout", ["csr", "csc", "dense"])
@pytest.mark.parametrize("place", ["X", "raw/X", "layers/counts"])
def test_every_encoding_gives_the_same_cells(h5ad, encoding, layout, place):
    with open_cells(h5ad(encoding=encoding, layout=layout, place=place)) as cells:
        assert cells.sources[0].place == place
        assert cells.gene_ids == [A, B, C]
        assert cells.names.tolist() == ["cell0", "cell1", "cell3"]  # cell2 has no count
        assert cells.cell_type.tolist() == ["heart", "lung", "heart"]
        assert cells.donor.tolist() == ["d1", "d1", "d2"]
        assert cells.totals.tolist() == [4, 2, 10]
        assert cells.detected.tolist() == [2, 2, 2]
        assert cells.counted.tolist() == [8, 3, 5]
        assert cells.counts([2, 0, 2]).toarray().tolist() == [[5, 1, 4], [3, 0, 1], [5, 1, 4]]
        assert cells.counts([]).shape == (0, 3)
        assert cells.of_type("heart").tolist() == [0, 2]
        assert "1 of 4 cells have no count and are left out: cell2" in cells.notes


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        (np.array([1.0, 2.0, np.nan, 4.5]), ["1", "2", "", "4.5"]),
        (np.array([7, 8, 9, 10]), ["7", "8", "9", "10"]),
        (np.array([True, False, True, True]), ["True", "False", "True", "True"]),
    ],
)
def test_plain_columns_of_numbers_are_texts(h5ad, column, texts):
    path = h5ad(counts=np.ones((4, 3), dtype=int), obs={"cell_type": column})
    with open_cells(path) as cells:
        assert cells.cell_type.tolist() == texts
        assert cells.donor is None


def test_nullable_columns_and_texts_of_texts(h5ad):
    """anndata 0.12: a mask beside the values, also of an index and of categories."""
    path = h5ad(counts=np.ones((4, 3), dtype=int))
    with h5py.File(path, "a") as file:
        del file["obs/cell_type"], file["obs/_index"]
        for name, texts, mask in (
            ("cell_type", ["heart", "", "lung", "lung"], [False, True, False, False]),
            ("_index", ["w", "x", "y", "z"], [False] * 4),
        ):
            group = file["obs"].create_group(name)
            group.create_dataset("values", data=texts, dtype=h5ad_file.TEXT)
            group["mask"] = np.array(mask)
    with open_cells(path) as cells:
        assert cells.cell_type.tolist() == ["heart", "", "lung", "lung"]
        assert cells.names.tolist() == ["w", "x", "y", "z"]
        with pytest.raises(
            ValueError, match=r"no cell is of type 'skin'; name one of \(none\) \(1\), heart \(1\), lung"
        ):
            cells.of_type("skin")


@pytest.mark.parametrize("column", ["ensembl_id", "gene_ids"])
def test_ids_stand_in_a_column_and_lose_their_versions(h5ad, column):
    path = h5ad(genes=("x", "y", "z"), columns={column: [f"{A}.12", f"{B}.3_PAR_Y", C]})
    with open_cells(path) as cells:
        assert cells.gene_ids == [A, B, C]


def test_ids_of_another_kind_are_taken_from_ensembl_id_alone(h5ad):
    path = h5ad(genes=("x", "y", "z"), columns={"ensembl_id": ["g1", "g2", "g3"], "gene_id": ["4", "5", "6"]})
    with open_cells(path) as cells:
        assert cells.gene_ids == ["g1", "g2", "g3"]
    with pytest.raises(
        ValueError, match=r"var, gene_id: no gene has an id \(it holds 4, 5, 6\); give a table"
    ):
        open_cells(path, Choice(genes="gene_id"))


def test_an_index_may_be_named_for_the_ids(h5ad):
    path = h5ad(genes=("g1", "g2", "g3"))
    with h5py.File(path, "a") as file:
        file["var"].move("_index", "ensembl_id")
        file["var"].attrs["_index"] = "ensembl_id"
    with open_cells(path) as cells:
        assert cells.gene_ids == ["g1", "g2", "g3"]


def test_symbols_go_through_a_table(h5ad):
    """ONE and OLD are one gene, TWO has two ids, of which the vocabulary knows one; LOST is in no table."""
    names = GeneNames({"ONE": (A,), "OLD": (A,), "TWO": (B, C)})
    path = h5ad(counts=[[3, 4, 1, 2]], genes=("ONE", "OLD", "TWO", "LOST"), obs={"cell_type": ["a"]})
    with open_cells(path, names=names, vocabulary=[C]) as cells:
        assert cells.gene_ids == [A, C]
        assert cells.counts([0]).toarray().tolist() == [[7, 1]]
        assert cells.detected.tolist() == [1, 1]
        assert cells.totals.tolist() == [10]
        assert cells.without_id == {"LOST": 1}
        assert cells.notes == (
            "1 of 4 genes are symbols that the table of genes does not have, and are left out: LOST",
            f"1 of 4 genes came more than once, their counts are summed: {A}",
        )
    with open_cells(path, names=names) as cells:
        assert cells.without_id == {"TWO": 1, "LOST": 1}
        assert "1 of 4 genes are symbols of several ids, and are left out: TWO" in cells.notes
    with pytest.raises(
        ValueError, match=r"index: no gene has an id \(it holds ONE, OLD, TWO and 1 more\); give a table"
    ):
        open_cells(path)


@pytest.mark.parametrize("layout", ["csr", "csc", "dense"])
def test_duplicates_are_summed_and_a_cell_counts_once(h5ad, layout):
    path = h5ad(
        counts=[[1, 2, 4], [0, 8, 0]], genes=(A, f"{A}.2", B), obs={"cell_type": ["a", "a"]}, layout=layout
    )
    with open_cells(path) as cells:
        assert cells.counts([0, 1]).toarray().tolist() == [[3, 4], [8, 0]]
        assert cells.detected.tolist() == [2, 1]
        assert cells.counted.tolist() == [11, 4]


def test_retired_ids_are_counted_and_named(h5ad):
    names = GeneNames({"ONE": (A,)}, known=frozenset([A, C]), successor_of={"ENSG00000000009": C})
    path = h5ad(counts=[[1, 2, 4]], genes=(A, B, "ENSG00000000009"), obs={"cell_type": ["a"]})
    with open_cells(path, names=names) as cells:
        assert cells.gene_ids == [A, B, C]
        assert cells.notes == (
            f"1 of 3 genes are retired, the table of genes does not have them: {B}",
            "1 of 3 genes are retired and were replaced by their successors: ENSG00000000009",
        )


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (
            [[1, 0], [0.5, 2]],
            r"0\.5 of cell 'cell1', gene 'ENSG00000000001', is not a whole number: .* as `counts`",
        ),
        ([[1, 0], [0, -2]], r"-2 of cell 'cell1', gene 'ENSG00000000002', is negative"),
        ([[1, 0], [0, np.nan]], r"nan of cell 'cell1', gene 'ENSG00000000002', is not a whole number"),
        ([[1, 0], [np.inf, 0]], r"inf of cell 'cell1'"),
        ([[0, 0], [0, 0]], r"none of 2 cells has a count"),
    ],
)
@pytest.mark.parametrize("layout", ["csr", "csc", "dense"])
def test_what_is_no_count_is_refused(h5ad, counts, message, layout):
    path = h5ad(counts=counts, genes=(A, B), obs={"cell_type": ["a", "a"]}, layout=layout)
    with pytest.raises(ValueError, match=message):
        open_cells(path, Choice(counts="X"))


def test_counts_that_are_nowhere_are_looked_for_where_they_may_be(h5ad):
    path = h5ad(place="layers/umi")
    with pytest.raises(
        ValueError, match=r"no counts: X hold no whole numbers; if layers/umi does, name it as `counts`"
    ):
        open_cells(path)
    for said in ("umi", "layers/umi", 'layers["umi"]'):
        with open_cells(path, Choice(counts=said)) as cells:
            assert cells.totals.tolist() == [4, 2, 10]
    with pytest.raises(ValueError, match=r"has no raw/X; it has X, layers/umi"):
        open_cells(path, Choice(counts="raw.X"))


def test_stale_totals_are_noticed_and_recomputed(h5ad):
    """Cells 0, 1, 3 hold 4, 2 and 10 counts; n_counts says 4, 1 and 30."""
    with open_cells(h5ad(obs=OBS | {"n_counts": [4, 1, 0, 30]})) as cells:
        assert cells.totals.tolist() == [4, 2, 10]
        (note,) = [note for note in cells.notes if "n_counts" in note]
        assert "in 2 of 3 cells (ratio 0.5 to 3)" in note
        assert "set totals" not in note
    with pytest.raises(
        ValueError, match=r"n_counts is below .* in 1 of 4 cells \(cell 1: 1, its counts sum to 2\)"
    ):
        open_cells(h5ad(obs=OBS | {"n_counts": [4, 1, 0, 30]}), Choice(totals="n_counts"))


def test_totals_of_a_file_from_which_genes_were_removed(h5ad):
    path = h5ad(obs=OBS | {"n_counts": [5.0, 4.0, 1.0, 12.0]})
    with open_cells(path) as cells:
        assert any("set totals: n_counts to use it instead" in note for note in cells.notes)
    with open_cells(path, Choice(totals="n_counts")) as cells:
        assert cells.totals.tolist() == [5, 4, 12]
    with open_cells(h5ad(obs=OBS | {"n_counts": [4, 2, 0, 10]})) as cells:
        assert not [note for note in cells.notes if "n_counts" in note]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["x", "y", "z", "x"], "in 3 of 3 cells (it holds no numbers)"),
        ([4, np.nan, 0, 10], "1 of 3 cells (ratio 1 to 1)"),
    ],
)
def test_totals_that_are_no_numbers_are_stale(h5ad, given, told):
    path = h5ad(obs=OBS | {"n_counts": given})
    with open_cells(path) as cells:
        assert cells.totals.tolist() == [4, 2, 10]
        (note,) = [note for note in cells.notes if "n_counts" in note]
        assert told in note
        assert "set totals" not in note
    with pytest.raises(
        ValueError, match=r"n_counts is below the sum of the counts, or missing, in . of 4 cells"
    ):
        open_cells(path, Choice(totals="n_counts"))


def test_columns_that_are_absent_are_named(h5ad):
    path = h5ad(obs={"CellType": ["a"] * 4, "batch": ["b"] * 4})
    with pytest.raises(
        ValueError, match=r"no column 'cell_type'; did you mean 'CellType'\? it has CellType, batch"
    ):
        open_cells(path)
    with pytest.raises(ValueError, match=r"no column 'who'; it has CellType, batch: name one as `donor`"):
        open_cells(path, Choice(cell_type="CellType", donor="who"))
    with pytest.raises(ValueError, match=r"donor_id is missing in 2 of 4 cells \(the first is cell 1\)"):
        open_cells(h5ad(obs=OBS | {"donor_id": ["d1", "", "d2", ""]}))


def test_files_that_are_no_h5ad(h5ad, tmp_path):
    with pytest.raises(ValueError, match=r"none\.h5ad: no such file"):
        open_cells(tmp_path / "none.h5ad")
    (tmp_path / "text.h5ad").write_text("gene\tcell")
    with pytest.raises(ValueError, match=r"text\.h5ad: not a readable h5ad"):
        open_cells(tmp_path / "text.h5ad")
    path = h5ad()
    with h5py.File(path, "a") as file:
        file["X/indptr"][-1] = 99
    with pytest.raises(
        ValueError, match=r"its parts do not fit each other \(5 starts for 4 lines, the last 99 of 6"
    ):
        open_cells(path)
    with h5py.File(h5ad(), "a") as file:
        file["X/indices"][0] = 3
    with pytest.raises(ValueError, match=r"index 3 of 3; the file is damaged"):
        open_cells(path)
    with h5py.File(h5ad(), "a") as file:
        del file["obs"]
    with pytest.raises(ValueError, match=r"has no obs; this is HDF5, but not an h5ad"):
        open_cells(path)


def test_files_are_joined(h5ad, tmp_path):
    """The second file has B and another gene; a gene that a file lacks counts 0 there."""
    other = h5ad_file.write(
        tmp_path / "other.h5ad", [[7, 0], [2, 9]], (B, "ENSG00000000007"), {"cell_type": ["x", "y"]}
    )
    plain = h5ad_file.write(tmp_path / "plain.h5ad", COUNTS, (A, B, C), {"cell_type": OBS["cell_type"]})
    with joined([open_cells(plain), open_cells(other)]) as cells:
        assert cells.gene_ids == [A, B, C, "ENSG00000000007"]
        assert cells.totals.tolist() == [4, 2, 10, 7, 11]
        assert cells.detected.tolist() == [2, 4, 2, 1]
        assert cells.counts([4, 0, 3]).toarray().tolist() == [[0, 2, 0, 9], [3, 0, 1, 0], [0, 7, 0, 0]]
        assert cells.keeping([B]).counts([4, 1]).toarray().tolist() == [[2], [2]]
        assert cells.donor is None
    with pytest.raises(ValueError, match=r"other\.h5ad: names no donor, the other files do"):
        joined([open_cells(h5ad()), open_cells(other)])
