"""h5ad files: what is written is there, with the marks by which anndata knows it."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from prism.files.h5ad import write_h5ad
from prism.files.hdf5 import opened

MATRIX = sparse.csr_matrix(np.array([[1, 0], [0, 2], [3, 0]]))
OBS = pd.DataFrame({"kind": ["b", "a", "b"], "n": [1, 2, 3]}, index=["c1", "c2", "c3"])
VAR = pd.DataFrame({"symbol": ["X", "Y"], "score": [0.5, np.nan]}, index=["g1", "g2"])


@pytest.fixture
def path(tmp_path):
    """A file with something in each of its parts."""
    path = tmp_path / "out.h5ad"
    uns = {
        "prism_tokens": {
            "seed": 2,
            "share": 0.5,
            "name": "é",
            "list": ["p", "q"],
            "deep": {"a": np.arange(3)},
        }
    }
    write_h5ad(path, MATRIX, OBS, VAR, {"shift": np.ones((2, 4))}, {"X_cell": np.zeros((3, 5))}, uns)
    return path


def encoding(item):
    """The marks of an element."""
    return item.attrs["encoding-type"], item.attrs["encoding-version"]


def test_every_element_has_the_marks_of_the_format(path):
    # https://anndata.readthedocs.io/en/stable/fileformat-prose.html
    with h5py.File(path) as file:
        assert encoding(file) == ("anndata", "0.1.0")
        assert encoding(file["X"]) == ("csr_matrix", "0.1.0")
        assert list(file["X"].attrs["shape"]) == [3, 2]
        for frame in ("obs", "var"):
            assert encoding(file[frame]) == ("dataframe", "0.2.0")
            assert encoding(file[frame][file[frame].attrs["_index"]]) == ("string-array", "0.2.0")
        assert encoding(file["obs/kind"]) == ("categorical", "0.2.0")
        assert encoding(file["var/symbol"]) == ("string-array", "0.2.0")
        assert encoding(file["var/score"]) == ("array", "0.2.0")
        for name in ("layers", "obsm", "obsp", "uns", "varm", "varp", "uns/prism_tokens/deep"):
            assert encoding(file[name]) == ("dict", "0.1.0")
        assert encoding(file["uns/prism_tokens/name"]) == ("string", "0.2.0")
        assert encoding(file["uns/prism_tokens/seed"]) == ("numeric-scalar", "0.2.0")


def test_values_are_there(path):
    with h5py.File(path) as file:
        assert list(file["X/data"]) == [1, 2, 3]
        assert list(file["X/indices"]) == [0, 1, 0]
        assert list(file["X/indptr"]) == [0, 1, 2, 3]
        kind = file["obs/kind"]
        assert list(kind["categories"].asstr()[:][kind["codes"][:]]) == ["b", "a", "b"]
        assert list(file["obs"].attrs["column-order"]) == ["kind", "n"]
        np.testing.assert_array_equal(file["var/score"], [0.5, np.nan])
        assert file["varm/shift"].shape == (2, 4)
        given = file["uns/prism_tokens"]
        assert (given["seed"][()], given["share"][()], given["name"].asstr()[()]) == (2, 0.5, "é")
        assert list(given["list"].asstr()) == ["p", "q"]
        assert list(given["deep/a"]) == [0, 1, 2]


def test_a_changed_byte_is_found(path):
    opened(path, "h5ad file", "a test", "make it").close()
    content = path.read_bytes()
    at = content.index(b"g1")
    Path(path).write_bytes(content[:at] + b"h" + content[at + 1 :])
    with pytest.raises(ValueError, match="this h5ad file is damaged"):
        opened(path, "h5ad file", "a test", "make it")


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"obs": OBS.iloc[:2]}, r"obs has 2 rows, and X of shape \(3, 2\)"),
        ({"var": VAR.iloc[:1]}, r"var has 1 rows"),
        ({"varm": {"a": np.ones((3, 1))}}, r"varm\['a'\] has 3 rows"),
        ({"obsm": {"a": np.ones((2, 1))}}, r"obsm\['a'\] has 2 rows"),
        ({"uns": {"a": {"b": object()}}}, r"a\['b'\] is a object"),
    ],
)
def test_what_such_a_file_cannot_hold_is_refused(tmp_path, part, said):
    with pytest.raises(ValueError, match=said):
        write_h5ad(tmp_path / "out.h5ad", **({"matrix": MATRIX, "obs": OBS, "var": VAR} | part))
    assert list(tmp_path.iterdir()) == []
