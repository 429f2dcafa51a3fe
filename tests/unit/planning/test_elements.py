"""Which peaks and elements are planned for which rows."""

from __future__ import annotations

import json

import pytest
import yaml

from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.files import Files

CELL_TYPES = """cell_type\tassembly\tlabel_kind\tlabel\tH3K27ac\tDNase\tmap\tpeaks
own\ttoy\tbigwig\tp.bw\tH.bw\tD.bw\tm.mcool\tpeaks.narrowPeak
called\ttoy\tbigwig\tp.bw\tH.bw\tD1.bw;D2.bw\t\t
neither\ttoy\tbigwig\tp.bw\tH.bw\t\t\t
"""
FOLDS = "fold\tchromosome\tsplit\n1\tchr1\ttrain\n1\tchr2\tvalid\n1\tchr3\ttest\n"
ENTRY = {"architecture": "caduceus_signals", "length": 100, "training": {"steps": 10}}


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cells.tsv").write_text(CELL_TYPES)
    (tmp_path / "folds.tsv").write_text(FOLDS)
    models = {
        "plain": ENTRY,
        "masked": ENTRY | {"settings": {"input_mask": "peaks"}},
        "enhancers": ENTRY | {"architecture": "epinformer"},
    }
    (tmp_path / "models.yaml").write_text(yaml.safe_dump({"models": models}))
    return {
        "cell_types": "cells.tsv",
        "models": "models.yaml",
        "folds": "folds.tsv",
        "assemblies": {"toy": {"genome": {"address": "toy.fa"}, "blacklist": {"address": "b.bed"}}},
        "run": {"cell_types": ["own", "called"], "models": ["plain"], "folds": [1], "seeds": [2]},
        "windows": {"lengths": [100], "signals": ["H3K27ac", "DNase"]},
    }


def test_peaks_of_the_row_come_first(project):
    files = Files(make_plan(project))
    assert files.element_peaks("own") == files.peaks("own") == ["resources/downloads/own.peaks.narrowPeak"]
    assert files.element_peaks("called") == ["resources/called/called_peaks.narrowPeak"]
    assert files.peak_signal("called") == [f"resources/downloads/called.DNase.{i}.bigWig" for i in (1, 2)]
    assert files.elements("own") == "results/elements/own.h5"


def test_windows_hold_called_peaks_only_where_a_model_masks_by_them(project):
    assert Files(make_plan(project)).peaks("called") == []
    project["run"]["models"] = ["plain", "masked"]
    files = Files(make_plan(project))
    assert files.peaks("called") == ["resources/called/called_peaks.narrowPeak"]
    assert files.mask_options("called") == [
        "--blacklist=resources/downloads/toy.blacklist.bed",
        "--peaks=resources/called/called_peaks.narrowPeak",
    ]


def test_a_row_without_peaks_and_signal_is_refused_when_they_are_needed(project):
    project["run"]["cell_types"] = ["neither"]
    message = r"cell type neither has neither peaks nor the signal DNase to call them from \(bigWigs there: H3K27ac\)"
    with pytest.raises(ValueError, match=message):
        Files(make_plan(project)).element_peaks("neither")
    project["run"]["models"] = ["masked"]
    with pytest.raises(ValueError, match=message):
        make_plan(project)
    project["peak_calling"] = {"signal": "H3K27ac", "cutoff": 3}
    files = Files(make_plan(project))
    assert files.peak_options() == ["--cutoff", "3", "--min-length", "150", "--max-gap", "75"]
    assert files.peak_signal("neither") == ["resources/downloads/neither.H3K27ac.bigWig"]


def test_elements_are_made_for_a_model_that_reads_them_and_for_no_other(project):
    project["run"] |= {"cell_types": ["called"], "models": ["plain", "enhancers"]}
    files = Files(make_plan(project))
    assert files.elements_for("called", "enhancers") == ["results/elements/called.h5"]
    assert files.elements_for("called", "plain") == []
    project["run"]["cell_types"] = ["neither"]
    with pytest.raises(ValueError, match="cell type neither has neither peaks nor the signal DNase"):
        make_plan(project)


def test_the_contact_map_of_the_elements(project):
    project["windows"]["signals"] = ["DNase"]  # of the windows; the elements have their own
    files = Files(make_plan(project))
    assert files.contacts("own") == ["resources/downloads/own.map.mcool"]
    (described,) = json.loads(files.contacts_json("own"))
    assert (described["name"], described["kind"], described["files"]) == (
        "map",
        "contacts",
        files.contacts("own"),
    )
    assert (files.contacts("called"), files.contacts_json("called")) == ([], "[]")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ({"cut_off": 1}, r"config: peak_calling: unknown key 'cut_off'; did you mean 'cutoff'"),
        ({"cutoff": 0}, r"config: peak_calling\.cutoff = 0"),
    ],
)
def test_bad_settings(project, spoil, message):
    with pytest.raises(ValueError, match=message):
        make_plan(project | {"peak_calling": spoil})
