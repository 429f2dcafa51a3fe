"""The expression route: fold changes, counts, and ranks by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import sparse

from prism.tokens.dictionary import make_dictionary
from prism.tokens.perturb.expression import fold_change, reranked, scaled_counts

GENES = ["ENSG1", "ENSG2", "ENSG3", "ENSG4"]
COUNTS = sparse.csr_matrix(np.array([[8, 6, 3, 1], [0, 6, 3, 0]]))
TOTALS = np.array([18, 9])


@pytest.fixture
def dictionary():
    tokens = {"<pad>": 0, "<mask>": 1} | {gene: 2 + place for place, gene in enumerate(GENES)}
    return make_dictionary(tokens, dict.fromkeys(GENES, 1.0), "here")


def test_the_fold_change_is_that_of_the_predicted_logarithms():
    assert fold_change(2.0, 2.0 - math.log10(2)) == pytest.approx(0.5)
    assert fold_change(1.0, 1.0) == 1.0
    with pytest.raises(ValueError, match="predictions nan and 1"):
        fold_change(math.nan, 1)


def test_a_gene_moves_to_its_new_rank_and_the_others_keep_their_order(dictionary):
    def cells(fold, context=4):
        return [each.tolist() for each in reranked(COUNTS, TOTALS, GENES, dictionary, context, fold)]

    assert cells({}) == [[2, 3, 4, 5], [3, 4]]
    assert cells({"ENSG1": 0.5}) == [[3, 2, 4, 5], [3, 4]]  # 4 counts, between 6 and 3
    assert cells({"ENSG1": 0.1}) == [[3, 4, 5, 2], [3, 4]]
    assert cells({"ENSG1": 0.1}, context=3) == [[3, 4, 5], [3, 4]]  # it is out of the context
    assert cells({"ENSG1": 0.5, "ENSG4": 5.0}) == [[3, 5, 2, 4], [3, 4]]  # 6, 5, 4, 3


def test_counts_are_not_changed_in_place():
    changed = scaled_counts(COUNTS, GENES, {"ENSG2": 0.25})
    assert changed.toarray().tolist() == [[8, 1.5, 3, 1], [0, 1.5, 3, 0]]
    assert COUNTS.toarray()[0, 1] == 6


def test_what_cannot_be():
    with pytest.raises(ValueError, match="ENSG9: is none of the 4 genes"):
        scaled_counts(COUNTS, GENES, {"ENSG9": 0.5})
    with pytest.raises(ValueError, match=r"fold change 0\.0 is not above 0"):
        scaled_counts(COUNTS, GENES, {"ENSG1": 0.0})
