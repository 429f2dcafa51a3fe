"""Tables of targets: pairs and lists, ids before symbols, and lines that contradict each other."""

from __future__ import annotations

import pytest

from prism.tokens.scoring.targets import read_lists, read_targets, targets_of


@pytest.fixture
def table(tmp_path):
    """Writes a table, and gives its path."""

    def write(text):
        path = tmp_path / "targets.tsv"
        path.write_text(text)
        return path

    return write


def test_pairs_of_one_factor(table):
    path = table("source,target,weight\nF,A,1\nF,B,-1\nG,C,1\nF,F,1\nF,D,\nF,A,0\n")
    assert read_targets(path, "F").weight == {"A": 1, "B": -1, "D": 0}  # not the factor itself
    assert read_targets(table("source\ttarget\nF\tA\n"), "F").weight == {"A": 0}


def test_ids_are_read_where_the_factor_is_given_as_one(table):
    path = table("source\tsource_id\ttarget\ttarget_id\tweight\nF\tE1\tA\tE2\t1\nF\tE1\tB\t\t1\n")
    assert read_targets(path, "E1").weight == {"E2": 1}
    assert read_targets(path, "F").weight == {"A": 1, "B": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("source\ttarget\tweight\nF\tA\t1\nF\tA\t-1\n", "line 3: F both activates and represses A"),
        ("source\ttarget\tweight\nF\tA\tup\n", "line 2: weight 'up' is no number"),
        ("source\ttarget\tweight\nG\tA\t1\n", "no target of 'F'; the column source has G"),
        ("factor\ttarget\nF\tA\n", "source"),
    ],
)
def test_tables_that_say_nothing_clear_are_refused(table, text, said):
    with pytest.raises(ValueError, match=said):
        read_targets(table(text), "F")


def test_lists_are_read_by_column(table):
    path = table("GATA4_direct,TBX5_direct\nA,B\nC,\nA,D\n")
    assert read_lists(path) == {"GATA4_direct": ["A", "C"], "TBX5_direct": ["B", "D"]}
    with pytest.raises(ValueError, match="a table of pairs, not of lists"):
        read_lists(table("source,target\nF,A\n"))


def test_pairs_say_which_targets_are_direct(table):
    path = table("source\ttarget\tweight\tkind\nF\tA\t1\tdirect\nF\tB\t1\tindirect\nF\tC\t1\t\n")
    assert read_targets(path, "F").kind == {"A": "direct", "B": "indirect"}
    with pytest.raises(ValueError, match="line 2: kind 'near' is neither direct nor indirect"):
        read_targets(table("source\ttarget\tkind\nF\tA\tnear\n"), "F")


def test_the_first_known_name_of_a_factor_counts_in_pairs_and_in_lists(table):
    assert targets_of(table("source\ttarget\nF\tA\n"), ["E1", "F"]).weight == {"A": 0}
    path = table("F_direct\tF_far\nA\tB\nC\tA\n")
    found = targets_of(path, ["F_direct"], "F_far")
    assert found.kind == {
        "A": "direct",
        "B": "indirect",
        "C": "direct",
    }  # a gene of both lists is a direct target
    assert set(found.weight) == {"A", "B", "C"}
    with pytest.raises(ValueError, match="has no column 'F'; it has F_direct, F_far"):
        targets_of(path, ["F"])
