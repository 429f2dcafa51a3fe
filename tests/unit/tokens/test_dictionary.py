"""Dictionaries from every kind of file, and from cells."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from prism.tokens.cells.door import open_cells
from prism.tokens.dictionary import check_size, make_dictionary
from prism.tokens.dictionary_files import read_dictionary, write_dictionary
from prism.tokens.from_data import dictionary_from
from tests.unit.tokens import h5ad_file

A, B, C = (f"ENSG0000000000{digit}" for digit in "123")
V1 = {"<pad>": 0, "<mask>": 1, A: 2, B: 3}
V2 = {"<pad>": 0, "<mask>": 1, "<cls>": 2, "<eos>": 3, A: 4, B: 5}
MEDIANS = {A: 1.5, B: np.float64(2.5), C: 9.0}  # Geneformer's medians hold genes without a token too


def dump(path, values):
    """A mapping as a pickle or, by its name, as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(json.dumps(values).encode() if path.suffix == ".json" else pickle.dumps(values))


@pytest.fixture
def geneformer(tmp_path):
    """Function: a folder with the dictionaries of releases, {ending: tokens}; where the names stand in the folder."""

    def write(releases, inside="", kind="pkl"):
        for ending, tokens in releases.items():
            folder = tmp_path / "Geneformer" / inside
            dump(folder / f"token_dictionary{ending}.{kind}", tokens)
            dump(folder / f"gene_median_dictionary{ending}.{kind}", MEDIANS)
        return tmp_path / "Geneformer"

    return write


@pytest.mark.parametrize("inside", ["", "geneformer", "geneformer/gene_dictionaries_30m"])
@pytest.mark.parametrize("kind", ["pkl", "json"])
def test_a_geneformer_folder(geneformer, inside, kind):
    one = read_dictionary(geneformer({"_gc30M": V1}, inside, kind))
    assert (one.token_of, one.gene_of) == ({A: 2, B: 3}, {2: A, 3: B})
    assert (one.pad, one.mask, one.cls, one.eos, one.size) == (0, 1, None, None, 4)
    np.testing.assert_array_equal(one.median, [np.nan, np.nan, 1.5, 2.5])


def test_a_folder_with_both_versions(geneformer, tmp_path):
    folder = geneformer({"_gc104M": V2}, "geneformer")
    geneformer({"_gc30M": V1}, "geneformer/gene_dictionaries_30m")
    two = read_dictionary(folder, "V2")
    assert (two.cls, two.eos, two.size, two.token_of) == (2, 3, 6, {A: 4, B: 5})
    assert read_dictionary(folder, "V1").size == 4
    with pytest.raises(
        ValueError, match=r"2 dictionaries fit, there are .*gc104M.pkl \(V2\), .*gc30M.pkl \(V1\); give ver"
    ):
        read_dictionary(folder)
    with pytest.raises(
        ValueError, match=r"0 dictionaries fit, there are .*gc30M.pkl \(V1\); give the other version"
    ):
        read_dictionary(folder / "geneformer/gene_dictionaries_30m", "V2")
    with pytest.raises(ValueError, match=r"no token_dictionary\*.pkl with its gene_median_dictionary\*.pkl"):
        read_dictionary(tmp_path)


def test_symbols_and_retired_ids_of_a_folder(geneformer):
    folder = geneformer({"_gc104M": V2})
    dump(folder / "gene_name_id_dict_gc104M.pkl", {"ONE": A})
    dump(folder / "ensembl_mapping_dict_gc104M.pkl", {A: A, C: B, "OLD": B})
    names = read_dictionary(folder).names
    assert names.ids_of == {"ONE": (A,), "OLD": (B,)}
    assert names.successor_of == {A: A, C: B}


def test_a_table_is_read_back_to_the_last_bit(tmp_path):
    median = 1 / 3
    (tmp_path / "t.tsv").write_text(
        f"gene_id\tsymbol\ttoken\tmedian\n<pad>\t\t0\t\n<mask>\t\t1\t\n{A}.7\tONE\t2\t{median!r}\n{B}\t\t3\t2\n"
    )
    made = read_dictionary(tmp_path / "t.tsv")
    assert (made.token_of, made.names.ids_of) == ({A: 2, B: 3}, {"ONE": (A,)})
    assert made.median[2:].tolist() == [1 / 3, 2.0]
    write_dictionary(tmp_path / "again.tsv", made)
    again = read_dictionary(tmp_path / "again.tsv")
    assert again.identity == made.identity
    assert again.names == made.names
    dump(tmp_path / "t.json", {"tokens": V1, "medians": {A: 1 / 3, B: 2}})
    assert read_dictionary(tmp_path / "t.json").identity == made.identity
    dump(tmp_path / "t.json", {"tokens": V1, "medians": {A: 1 / 3, B: 2.5}})
    assert read_dictionary(tmp_path / "t.json").identity != made.identity


@pytest.mark.parametrize(
    ("tokens", "medians", "message"),
    [
        ({"<pad>": 0, A: 1}, {A: 1}, "has no <mask>; give the special token a row"),
        (V2 | {"<eos>": 6, B: 3}, MEDIANS, "nothing has token 5, though tokens go up to 6"),
        ({"<pad>": 0, "<mask>": 1, "<cls>": 2, A: 3}, MEDIANS, "has no <eos>; a model has both"),
        (V1 | {B: 2}, MEDIANS, f"{A} and {B} both have token 2"),
        (V1 | {B: 4}, MEDIANS, "nothing has token 3, though tokens go up to 4"),
        (V1 | {B: 2.5}, MEDIANS, f"token of {B} is 2.5"),
        (V1 | {B: "3"}, MEDIANS, f"token of {B} is '3'"),
        (V1 | {f"{B}.4": 4}, MEDIANS, "a gene with two versions of its id"),
        (V1, {A: 1.0}, f"1 of 2 genes have a token and no median: {B}"),
        (V1, MEDIANS | {B: 0.0}, f"median of {B} is 0.0"),
        (V1, MEDIANS | {B: float("nan")}, f"median of {B} is nan"),
        (V1, MEDIANS | {B: True}, f"median of {B} is True"),
    ],
)
def test_what_is_no_dictionary_is_refused(tokens, medians, message):
    with pytest.raises(ValueError, match=message):
        make_dictionary(tokens, medians, "made")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.tsv", f"gene_id\ttoken\tmedian\n{A}\t2\tmuch\n", "line 2: median is 'much'; give a number"),
        ("t.tsv", f"gene_id\ttoken\tmedian\n{A}\t2\t1\n{A}\t3\t1\n", f"line 3: {A} stands there twice"),
        ("t.tsv", "gene_id\ttoken\tmedian\n\t2\t1\n", "line 2: the row has no gene_id"),
        ("t.json", '{"tokens": {}}', "has tokens; a dictionary's JSON is"),
        ("t.json", '{"tokens": {}, "tokens": {}}', "not JSON .'tokens' stands twice"),
    ],
)
def test_files_that_are_refused(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        read_dictionary(tmp_path / name)


def test_a_version_that_is_not_the_files(tmp_path):
    dump(tmp_path / "t.json", {"tokens": V1, "medians": {A: 1, B: 2}})
    with pytest.raises(ValueError, match=r"is a dictionary of V1, V2 is asked for"):
        read_dictionary(tmp_path / "t.json", "V2")
    with pytest.raises(ValueError, match=r"dictionary version 'v3' is unknown; give V1 or V2"):
        read_dictionary(tmp_path / "t.json", "v3")
    with pytest.raises(ValueError, match=r"no such file or folder; give a Geneformer folder"):
        read_dictionary(tmp_path / "nowhere")


def test_a_model_of_another_size_is_refused():
    check_size(make_dictionary(V1, MEDIANS, "made"), 4, "model")
    with pytest.raises(
        ValueError, match=r"model: has 5 tokens, the dictionary 4 \(without <cls> and <eos>, as Geneformer V1"
    ):
        check_size(make_dictionary(V1, MEDIANS, "made"), 5, "model")


@pytest.mark.parametrize("at_once", [20_000_000, 2])
@pytest.mark.parametrize(("begin_and_end", "first"), [(False, 2), (True, 4)])
def test_a_dictionary_made_from_cells(tmp_path, at_once, begin_and_end, first):
    """Totals 4, 2, 10, 5: A has 3/4, 1/10 and 2/5 of 10,000, of which the median is 4,000; C has 1/4 and 4/10."""
    counts = [[3, 0, 1], [0, 2, 0], [1, 5, 4], [2, 3, 0]]
    path = h5ad_file.write(tmp_path / "cells.h5ad", counts, (A, B, C))
    with open_cells(path) as cells:
        made = dictionary_from(cells, begin_and_end=begin_and_end, at_once=at_once)
        assert made.token_of == {A: first, B: first + 1, C: first + 2}
        np.testing.assert_allclose(made.median[first:], [4000, 6000, 3250], rtol=1e-15)
        assert list(dictionary_from(cells, min_cells=3).token_of) == [A, B]
        with pytest.raises(ValueError, match=r"no gene has a count in 5 of 4 cells"):
            dictionary_from(cells, min_cells=5)
