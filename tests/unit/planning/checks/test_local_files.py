"""Files of this machine that are named and not there, and numbers and names that no file's name could hold."""

from __future__ import annotations

import pytest
import yaml

from workflow_scripts.planning.checks.local_files import absent_files
from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.tables.models import read_models

HEADER = "cell_type\tassembly\tlabel_kind\tlabel\tlabel_minus\tDNase\tpeaks\n"
MODELS = {"models": {"floor": {"architecture": "ridge", "length": 200.0, "rna_features": False}}}
RELEASED = {
    "checkpoint": {"address": "weights.ckpt", "md5": "0" * 32},
    "architecture": "caduceus",
    "signals": [],
    "rna_features": [],
    "length": 200,
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A row A whose files are all there, a row B that has none, and a configuration that asks for A."""
    monkeypatch.chdir(tmp_path)
    for name in ("toy.fa", "toy.gtf", "A.plus.bw", "A.minus.bw", "A one.bw", "A.bed"):
        (tmp_path / name).touch()
    rows = "A\ttoy\tbigwig\tA.plus.bw\tA.minus.bw\tfile://{workdir}/A%20one.bw\tA.bed\nB\ttoy\t\t\t\tB.bw\t\n"
    (tmp_path / "cells.tsv").write_text(HEADER + rows)
    (tmp_path / "folds.tsv").write_text(
        "fold\tchromosome\tsplit\n"
        + "".join(f"{fold}\tchr{n}\t{split}\n" for fold in ("1", "cv.2") for n, split in enumerate(SPLITS))
    )
    (tmp_path / "models.yaml").write_text(yaml.safe_dump(MODELS))
    return {
        "cell_types": "cells.tsv",
        "models": "models.yaml",
        "folds": "folds.tsv",
        "assemblies": {"toy": {"genome": {"address": "toy.fa"}, "annotation": {"address": "toy.gtf"}}},
        "run": {"cell_types": ["A"], "models": ["floor"], "folds": [1], "seeds": [2]},
        "windows": {"lengths": [200]},
        "released": {"theirs": RELEASED},
    }


SPLITS = ("train", "valid", "test")


def nothing(path):
    """No rule makes a file."""
    return False


def test_nothing_is_said_where_all_are_there(project):
    assert absent_files(make_plan(project), nothing) == []


@pytest.mark.parametrize(
    ("file", "where"),
    [
        ("toy.fa", "config: assemblies.toy.genome.address"),
        ("toy.gtf", "config: assemblies.toy.annotation.address"),
        ("A.plus.bw", "cells.tsv: A, column label"),
        ("A.minus.bw", "cells.tsv: A, column label_minus"),
        ("A one.bw", "cells.tsv: A, column DNase"),
        ("A.bed", "cells.tsv: A, column peaks"),
    ],
)
def test_a_file_that_is_not_there_is_named(project, tmp_path, file, where):
    (tmp_path / file).unlink()
    plan = make_plan(project)
    (said,) = absent_files(plan, nothing)
    assert said.startswith(f"{where} = '{file}': no such file")
    assert absent_files(plan, file.__eq__) == []
    (tmp_path / file).mkdir()
    assert "not a file" in absent_files(plan, nothing)[0]


def test_what_nobody_asks_for_may_be_absent_until_an_earlier_run_has_left_it(project, tmp_path):
    made = tmp_path / "resources/downloads/B.DNase.bigWig"
    made.parent.mkdir(parents=True)
    made.symlink_to(tmp_path / "gone.bw")
    assert [said.split(" = ")[0] for said in absent_files(make_plan(project), nothing)] == [
        "cells.tsv: B, column DNase"
    ]


def test_the_file_of_a_checkpoint_is_looked_for_where_a_prediction_names_it(project):
    project["predictions"] = {"A": ["theirs"]}
    (said,) = absent_files(make_plan(project), nothing)
    assert said.startswith("config: released.theirs.checkpoint.address = 'weights.ckpt'")


def test_a_path_below_the_home_folder_is_expanded(project, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    project["assemblies"]["toy"]["genome"]["address"] = "~/toy.fa"
    assert absent_files(make_plan(project), nothing) == []


def test_a_whole_number_is_the_same_number_however_it_is_written(project, tmp_path):
    project["run"] |= {"seeds": [3.0], "folds": [1.0]}
    project["windows"] = {"lengths": [200.0, 400]}
    plan = make_plan(project)
    assert [each.folder for each in plan.trainings()] == ["results/runs/A/floor/fold1/seed3"]
    assert str(plan.dataset_length(200)) == "200"
    assert str(read_models([tmp_path / "models.yaml"])["floor"].length) == "200"


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ({"seeds": [3.5]}, r"run\.seeds\.0 = 3\.5"),
        ({"seeds": [True]}, r"run\.seeds\.0 = True"),
        ({"seeds": [float("inf")]}, r"run\.seeds\.0 = inf"),
        ({"seeds": [3, 3.0]}, r"run\.seeds names 3 twice"),
        ({"folds": [1, "1"]}, r"run\.folds names 1 twice"),
        ({"folds": ["cv.2"]}, r"run\.folds: 'cv\.2' cannot be part of a file's name"),
        ({"folds": ["1\n"]}, r"run\.folds\.0 = '1\\n' holds"),
        ({"folds": [2.5]}, r"run\.folds\.0 = 2\.5"),
    ],
)
def test_numbers_and_names_that_no_file_can_have_are_refused(project, run, message):
    project["run"] |= run
    with pytest.raises(ValueError, match=message):
        make_plan(project)


def test_not_a_number_is_refused_where_a_number_is_wanted(project):
    project["peak_calling"] = {"cutoff": float("nan")}
    with pytest.raises(ValueError, match=r"peak_calling\.cutoff = nan: not a number to compute with"):
        make_plan(project)
