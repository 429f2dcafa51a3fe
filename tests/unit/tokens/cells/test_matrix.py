"""Matrices are read in pieces of any size, to the same values."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism.tokens.cells.matrix import Matrix
from prism.tokens.cells.survey import survey
from tests.unit.tokens import h5ad_file


@given(
    st.integers(0, 6).flatmap(
        lambda n: st.lists(st.lists(st.integers(0, 2), min_size=4, max_size=4), min_size=n, max_size=n)
    ),
    st.integers(1, 9),
    st.sampled_from(["csr", "csc", "dense"]),
    st.data(),
)
def test_pieces_of_any_size_hold_every_value_once(values, size, layout, data):
    values = np.array(values, dtype=np.int64).reshape(-1, 4)
    wanted = np.flatnonzero(data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values))))
    with h5py.File("memory", "w", driver="core", backing_store=False) as file:
        h5ad_file.put_matrix(file, "X", values, layout)
        matrix = Matrix(file["X"], "X")
        for pieces, expected in (
            (matrix.pieces(size), values),
            (matrix.pieces_of(wanted.astype(np.int64), size), values[wanted]),
        ):
            found = np.zeros_like(expected)
            for piece in pieces:
                assert len(piece.values) <= max(size, 4, len(values))
                np.add.at(found, (piece.rows, piece.columns), piece.values)
            assert found.tolist() == expected.tolist()
        # columns 0 and 2 are one gene, 3 has no id
        seen = survey(matrix, np.array([0, 1, 0, -1]), 2, [f"c{n}" for n in range(6)], list("wxyz"), size)
        summed = np.stack([values[:, 0] + values[:, 2], values[:, 1]], axis=1)
        assert seen.totals.tolist() == values.sum(axis=1).tolist()
        assert seen.detected.tolist() == (summed > 0).sum(axis=0).tolist()
        assert seen.counted.tolist() == summed.sum(axis=0).tolist()
        assert seen.detected_in_file.tolist() == (values > 0).sum(axis=0).tolist()


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (
            {"encoding-type": "coo_matrix", "shape": (1, 1)},
            "encoded as 'coo_matrix'; a matrix is dense, csr or csc",
        ),
        ({"shape": (1, 1)}, "encoded as 'nothing known'"),
        ({"encoding-type": "csr_matrix"}, "no matrix of numbers"),
    ],
)
def test_what_is_no_matrix_is_refused(attributes, message):
    with h5py.File("memory", "w", driver="core", backing_store=False) as file:
        group = file.create_group("X")
        group.attrs.update(attributes)
        for name in ("data", "indices", "indptr"):
            group[name] = np.zeros(1)
        with pytest.raises(ValueError, match=message):
            Matrix(group, "file, X")
