"""Cells meet a dictionary: overlap, species, factors that no cell expresses."""

from __future__ import annotations

import numpy as np
import pytest

from prism.tokens.cells.door import Choice, open_cells
from prism.tokens.cells.genes import GeneNames
from prism.tokens.dictionary import gene_called, make_dictionary
from prism.tokens.dictionary_files import read_dictionary
from prism.tokens.vocabulary import expressing, in_vocabulary
from tests.unit.tokens import h5ad_file

IDS = [f"ENSG0000000000{digit}" for digit in range(6)]


def dictionary_of(*genes):
    """A dictionary of these genes, all medians 1."""
    tokens = {name: number for number, name in enumerate(["<pad>", "<mask>", *genes])}
    names = GeneNames({"ONE": (IDS[1],)})
    return make_dictionary(tokens, dict.fromkeys(genes, 1.0), "made", names)


@pytest.fixture
def cells(tmp_path):
    """Function: open a file of cells with these counts; its cells."""
    opened = []

    def make(counts, genes=tuple(IDS[:4]), obs=None, **how):
        path = h5ad_file.write(tmp_path / "cells.h5ad", counts, genes, obs)
        opened.append(open_cells(path, **how))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def test_genes_and_cells_without_a_token_are_left_out_and_named(cells):
    """Totals stay those over all genes; cell1 has counts of the last gene alone."""
    found = in_vocabulary(cells([[1, 2, 0, 4], [0, 0, 0, 3], [0, 5, 6, 0]]), dictionary_of(*IDS[:3]))
    assert found.gene_ids == IDS[:3]
    assert found.names.tolist() == ["cell0", "cell2"]
    assert found.totals.tolist() == [7, 11]
    assert found.counts([0, 1]).toarray().tolist() == [[1, 2, 0], [0, 5, 6]]
    assert found.notes == (
        "3 of 4 genes detected in at least 1 % of the cells are in the dictionary (75.0%; 66.7% of the counts); it "
        f"lacks {IDS[3]} (retired, or of a kind that it leaves out)",
        "1 cells have no count of a gene of the dictionary and are left out: cell1",
    )


@pytest.mark.parametrize(("known", "refused"), [(2, False), (1, True)])
def test_an_overlap_below_half_is_refused(cells, known, refused):
    opened = cells([[1, 1, 1, 1]])
    if not refused:
        assert in_vocabulary(opened, dictionary_of(*IDS[:known])).gene_ids == IDS[:known]
        return
    with pytest.raises(
        ValueError, match=r"1 of 4 genes .*\(25.0%; 25.0% of the counts\), less than 50%; it lacks ENSG"
    ):
        in_vocabulary(opened, dictionary_of(*IDS[:known]))
    assert in_vocabulary(opened, dictionary_of(*IDS[:known]), minimum=0.25).gene_ids == IDS[:known]


def test_symbols_without_an_id_count_against_the_overlap(cells):
    opened = cells([[1, 1, 1]], ("ONE", "LOST", "GONE"), names=GeneNames({"ONE": (IDS[1],)}))
    with pytest.raises(ValueError, match=r"1 of 3 genes .*it lacks LOST, GONE"):
        in_vocabulary(opened, dictionary_of(*IDS))


def test_genes_seen_in_few_cells_do_not_count_for_the_overlap(cells):
    """200 cells: two genes in all of them, three in one each, of which the dictionary knows none."""
    counts = np.zeros((200, 5), dtype=int)
    counts[:, :2] = 1
    counts[0, 2:] = 1
    assert in_vocabulary(cells(counts, IDS[:5]), dictionary_of(*IDS[:2])).gene_ids == IDS[:2]


def test_mouse_genes_are_refused_by_name(cells):
    opened = cells([[1, 2]], ("ENSMUSG00000021944.3", "ENSMUSG00000018263.1"))
    with pytest.raises(
        ValueError, match=r"2 of 2 genes are of mouse \(ENSMUSG.*\), the dictionary is of human; exchange"
    ):
        in_vocabulary(opened, dictionary_of(*IDS))
    mouse = dictionary_of("ENSMUSG00000021944", "ENSMUSG00000018263")
    assert len(in_vocabulary(opened, mouse).gene_ids) == 2


def test_genes_are_called_by_symbol_or_id():
    known = dictionary_of(*IDS[:3])
    assert gene_called("ONE", known) == gene_called(f"{IDS[1]}.4", known) == IDS[1]
    assert gene_called("OLD", known, GeneNames({"OLD": (IDS[5], IDS[2])})) == IDS[2]
    assert gene_called(IDS[5], known, GeneNames(successor_of={IDS[5]: IDS[0]})) == IDS[0]
    with pytest.raises(ValueError, match=r"gene 'GATA4' is not in the dictionary; give its Ensembl id"):
        gene_called("GATA4", known)
    with pytest.raises(ValueError, match=rf"gene 'TWO' is 2 genes of the dictionary \({IDS[1]}, {IDS[2]}\)"):
        gene_called("TWO", known, GeneNames({"TWO": (IDS[1], IDS[2])}))


def test_a_factor_that_no_cell_expresses_is_refused_with_n(cells):
    obs = {"cell_type": ["heart", "heart", "lung"], "donor_id": ["d1", "d2", "d2"]}
    opened = cells([[1, 2, 0, 4], [0, 1, 0, 3], [0, 5, 6, 0]], obs=obs)
    found = expressing(opened, IDS[1], [2, 0])
    assert (found.asked, found.rows.tolist(), found.n_donors) == (2, [0, 2], 2)
    assert expressing(opened, IDS[0], [0, 1]).rows.tolist() == [0]
    message = rf"none of N = 2 cells of type 'heart' expresses the factor TWO \({IDS[2]}\) \(at least 1 must; 1 cells"
    with pytest.raises(ValueError, match=message):
        expressing(opened, IDS[2], [0, 1], symbol="TWO")
    with pytest.raises(
        ValueError, match=rf"only 1 of N = 3 cells expresses the factor {IDS[2]} \(at least 2 must"
    ):
        expressing(opened, IDS[2], [0, 1, 2], minimum=2)
    with pytest.raises(
        ValueError, match=rf"factor {IDS[5]} is none of the 4 genes, so none of N = 3 cells expresses"
    ):
        expressing(opened, IDS[5], [0, 1, 2])


@pytest.fixture(scope="module")
def vocabulary(shared):
    """Geneformer V1's dictionary, from its table."""
    return read_dictionary(shared / "real/geneformer/gene_tokens_V1.tsv")


def test_real_cells_with_ids(shared, vocabulary):
    with open_cells(
        shared / "real/singlecell/pbmc_5k_ensembl.h5ad", vocabulary=vocabulary.token_of
    ) as opened:
        assert any("n_counts is stale" in note and "set totals: n_counts" in note for note in opened.notes)
        cells = in_vocabulary(opened, vocabulary)
        assert cells.n == 200
        assert len(cells.gene_ids) > 12_000
        spi1 = expressing(cells, gene_called("SPI1", vocabulary), cells.of_type("CD14 monocyte"))
        assert spi1.n_donors == 1
        assert len(spi1.rows) > 10
        with pytest.raises(ValueError, match=r"so none of N = 200 cells expresses it"):
            expressing(cells, gene_called("GATA4", vocabulary), np.arange(cells.n), symbol="GATA4")


def test_real_cells_with_symbols_and_wrong_totals(shared, vocabulary):
    path = shared / "real/singlecell/scp1884_symbols.h5ad"
    with pytest.raises(ValueError, match=r"no column 'cell_type'; did you mean 'Celltype'"):
        open_cells(path, names=vocabulary.names)
    choice = Choice(cell_type="Celltype")
    with open_cells(path, choice, vocabulary.names, vocabulary.token_of) as opened:
        assert any("ratio 0.0188 to 121" in note and "set totals" not in note for note in opened.notes)
        cells = in_vocabulary(opened, vocabulary)
        assert cells.n == 1020
        assert len(set(cells.donor)) == 69
        assert len(set(cells.cell_type)) == 68
