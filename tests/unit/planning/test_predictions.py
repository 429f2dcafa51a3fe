"""Predictions and released checkpoints in the plan, and what is refused before any job."""

from __future__ import annotations

import copy

import pytest
import yaml

from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.files import Files
from workflow_scripts.planning.prediction_files import PredictionFiles

CELL_TYPES = """cell_type\tassembly\tlabel_kind\tlabel\tH3K27ac\tDNase\tcontacts\tpeaks
A\ttoy\tbigwig\tp.bw\tH.bw\tD.bw\tm.mcool\tA.narrowPeak
B\ttoy\t\t\tH.bw\tD.bw\tm.mcool\t
bare\ttoy\t\t\tH.bw\t\t\t
C\ttoy\tbigwig\tp.bw\tH.bw\tD.bw\t\t
D\ttoy\tbigwig\tp.bw\tH.bw\t\tm.mcool\tD.narrowPeak
plain\tbald\tbigwig\tp.bw\t\tD.bw\t\t
"""
FOLDS = "".join(
    f"{fold}\tchr{n}\t{split}\n" for fold in (1, 2) for n, split in enumerate(("train", "valid", "test"))
)
ENTRY = {"architecture": "caduceus_signals", "length": 100, "training": {"steps": 10}}
MODELS = {
    "all": ENTRY,
    "one": ENTRY | {"signals": ["H3K27ac"], "rna_features": False},
    "long": ENTRY | {"length": 400},
    "masked": ENTRY | {"signals": ["H3K27ac"], "settings": {"input_mask": "peaks"}},
    "enhancers": ENTRY | {"architecture": "epinformer", "signals": []},
    "enhancers_norna": ENTRY | {"architecture": "epinformer", "signals": [], "rna_features": False},
    "intervening": ENTRY | {"architecture": "prism"},
    "soft": ENTRY | {"architecture": "seq2exp_soft"},
}
RELEASED = {
    "checkpoint": {"address": "files/weights.ckpt", "md5": "a" * 32},
    "architecture": "prism",
    "settings": {"center_len": 100},
    "signals": ["DNase", "H3K27ac"],
    "rna_features": ["UTR5GC", "promoter_activity"],
    "length": 100,
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cells.tsv").write_text(CELL_TYPES)
    (tmp_path / "folds.tsv").write_text("fold\tchromosome\tsplit\n" + FOLDS)
    (tmp_path / "models.yaml").write_text(yaml.safe_dump({"models": MODELS}))
    genome = {"genome": {"address": "toy.fa"}, "annotation": {"address": "toy.gtf"}}
    return {
        "cell_types": "cells.tsv",
        "models": "models.yaml",
        "folds": "folds.tsv",
        "assemblies": {"toy": genome, "bald": genome | {"rna_features": "none"}},
        "run": {"cell_types": ["A"], "models": ["all"], "folds": [1], "seeds": [2]},
        "windows": {"lengths": [100]},
        "released": {"theirs": copy.deepcopy(RELEASED)},
    }


def predicting(project, **predictions):
    return make_plan(project | {"predictions": predictions})


def test_files_of_a_prediction_from_a_run_and_from_a_released_checkpoint(project):
    files = PredictionFiles(Files(predicting(project, B=["A.all.fold1.seed2", "theirs"], A=["theirs"])))
    assert files.all() == [
        "results/predictions/B/A.all.fold1.seed2.tsv.gz",
        "results/predictions/B/theirs.tsv.gz",
        "results/predictions/A/theirs.tsv.gz",
    ]
    assert files.checkpoint("A.all.fold1.seed2") == "results/runs/A/all/fold1/seed2/best.ckpt"
    assert files.checkpoint("theirs") == "results/released/theirs.ckpt"
    assert files.windows("B", "theirs") == "results/windows/B/100.h5"
    assert files.elements("B", "theirs") == []
    expected = files.expected("A.all.fold1.seed2")
    assert expected == [
        "--architecture", "caduceus_signals", "--length", "100", "--signals", '["H3K27ac", "DNase", "contacts"]',
    ]  # fmt: skip


def test_a_released_checkpoint_is_a_download_with_its_checksum(project):
    plan = make_plan(project)
    file = PredictionFiles(Files(plan)).released_file("theirs")
    assert file == "resources/downloads/released.theirs.ckpt"
    assert (plan.downloads[file].md5, plan.downloads[file].local) == ("a" * 32, "files/weights.ckpt")
    options = PredictionFiles(Files(plan)).import_options("theirs")
    assert options[options.index("--signals") + 1] == '["DNase", "H3K27ac"]'
    assert options[options.index("--settings") + 1] == '{"center_len": 100}'


def test_runs_of_other_folds_and_models_can_be_trained_for_a_prediction(project):
    plan = predicting(project, B=["A.one.fold2.seed7"])
    assert set(plan.splits) == {"1", "2"}
    assert plan.models_of("caduceus_signals") == ["all", "one"]
    assert [run.model for run in plan.trainings()] == ["all"]


def test_windows_hold_called_peaks_only_where_a_prediction_masks_by_them(project):
    files = Files(predicting(project, B=["A.masked.fold1.seed2"]))
    assert files.peaks("B") == ["resources/B/called_peaks.narrowPeak"]
    assert files.peaks("C") == []
    unplanned = PredictionFiles(Files(make_plan(project)))
    with pytest.raises(
        ValueError, match=r"those of B are planned without; name .*\{B: \[A\.masked\.fold1\.seed2\]\}"
    ):
        unplanned.windows("B", "A.masked.fold1.seed2")


def test_a_model_that_masks_by_peaks_asks_none_of_a_cell_type_that_it_is_not_for(project):
    project["run"]["models"] = ["masked"]
    assert Files(make_plan(project)).peaks("bare") == []


def test_elements_are_made_for_a_prediction_that_reads_them(project):
    files = PredictionFiles(Files(predicting(project, B=["A.enhancers.fold1.seed2"])))
    assert files.elements("B", "A.enhancers.fold1.seed2") == ["results/elements/B.h5"]


REFUSED = [
    ({"Z": ["theirs"]}, r"cell type 'Z' is in no table; there are: A, B, bare"),
    ({"B": ["ours"]}, r"'ours' is neither a released checkpoint \(there are: theirs\) nor a run such as"),
    ({"B": ["Z.all.fold1.seed2"]}, r"Z\.all\.fold1\.seed2: cell type 'Z' is in no table; there are: A, B"),
    ({"B": ["A.big.fold1.seed2"]}, r"A\.big\.fold1\.seed2: model 'big' is in no table; there are: all, en"),
    ({"B": ["A.all.fold1.seed4294967296"]}, r"A\.all\.fold1\.seed4294967296: seed 4294967296: seeds are 0 to"),
    ({"A": ["B.all.fold1.seed2"]}, r"B has no label, so that nothing was trained on it"),
    ({"B": ["A.all.fold9.seed2"]}, r"folds\.tsv: fold 9 is not in the table; there are: 1, 2"),
    ({"B": ["A.long.fold1.seed2"]}, r"A\.long.* for B: it reads windows of 400 bp, the longest dataset has 100"),
    (
        {"bare": ["A.all.fold1.seed2"]},
        r"for bare: it reads the signals H3K27ac, DNase, contacts, bare has H3K27ac and lacks DNase, contacts; give",
    ),
    ({"bare": ["theirs"]}, r"theirs for bare: it reads the signals DNase, H3K27ac, bare has H3K27ac and lacks DNase"),
    ({"bare": ["A.masked.fold1.seed2"]}, r"bare: it reads promoter_activity, which is made of H3K27ac, DNase; bare"),
    ({"bare": ["A.enhancers_norna.fold1.seed2"]}, r"for bare: cell type bare has neither peaks nor the signal DNase"),
    (
        {"C": ["A.enhancers_norna.fold1.seed2"]},
        r"for C: its candidate elements have contacts, and C has no contact map \(signals: H3K27ac, DNase\)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("predictions", "message"), REFUSED)
def test_predictions_that_cannot_be_made_are_refused_at_the_start(project, predictions, message):
    with pytest.raises(ValueError, match=message):
        predicting(project, **predictions)


def test_a_signal_that_the_datasets_leave_out_is_told_apart(project):
    project["windows"]["signals"] = ["H3K27ac"]
    with pytest.raises(ValueError, match=r"lacks DNase; DNase is left out by windows\.signals: add it there"):
        predicting(project, B=["theirs"])


def test_features_that_an_assembly_goes_without(project):
    project["promoter_activity"] = ["DNase"]
    project["released"]["theirs"] |= {"signals": ["DNase"]}
    with pytest.raises(
        ValueError, match=r"theirs for plain: it reads the mRNA features UTR5GC, and assemblies\.bald"
    ):
        predicting(project, plain=["theirs"])
    project["released"]["theirs"]["rna_features"] = ["promoter_activity"]
    predicting(project, plain=["theirs"])


def test_an_unplanned_prediction_is_checked_when_it_is_asked_for(project):
    files = PredictionFiles(Files(make_plan(project)))
    with pytest.raises(ValueError, match=r"theirs for bare: it reads the signals"):
        files.windows("bare", "theirs")


BAD_RELEASED = [
    ({"length": 101}, r"released\.theirs: length = 101 is odd"),
    ({"signals": ["DNase", "DNase"]}, r"released\.theirs: signals names one twice: DNase, DNase"),
    (
        {"rna_features": ["UTR5"]},
        r"released\.theirs: rna_features: UTR5 is no column of a genes table; known: UTR5LEN",
    ),
    ({"architecture": "ridge"}, r"released\.theirs\.architecture = 'ridge'"),
    ({"checkpoint": {"address": "x.ckpt"}}, r"released\.theirs\.checkpoint: 'md5' is a required property"),
    ({"weights": "x"}, r"released\.theirs: unknown key 'weights'"),
]


@pytest.mark.parametrize(("changes", "message"), BAD_RELEASED)
def test_bad_entries_of_released(project, changes, message):
    project["released"]["theirs"] |= changes
    with pytest.raises(ValueError, match=message):
        make_plan(project)


def test_a_name_of_released_that_looks_like_a_run_is_refused(project):
    project["released"]["A.all.fold1.seed2"] = RELEASED
    with pytest.raises(ValueError, match=r"config: released: unknown key 'A\.all\.fold1\.seed2'"):
        make_plan(project)


REFUSED_RUNS = [
    (["A", "C"], ["all"], r"model all takes .* the signals differ \(A: H3K27ac, DNase, contacts; C: H3K27ac, DNase\)"),
    (["A", "C"], ["enhancers"], r"the contacts of its elements differ \(A: contacts; C: none\); give each"),
    (["A", "D"], ["masked"], r"the gene features differ \(A: promoter_activity; D: none\)"),
    (["D"], ["enhancers_norna"], r"needs the activity of candidate elements, made of H3K27ac, DNase; D has"),
    (["plain"], ["all"], r"all needs gene features, plain has none \(assemblies\.bald\.rna_features is none"),
]  # fmt: skip


@pytest.mark.parametrize(("cell_types", "models", "message"), REFUSED_RUNS)
def test_models_whose_data_lack_something_are_refused_at_the_start(project, cell_types, models, message):
    project["run"] |= {"cell_types": cell_types, "models": models}
    with pytest.raises(ValueError, match=message):
        make_plan(project)


def test_cell_types_that_differ_may_share_a_model_that_says_what_it_reads(project):
    project["run"] |= {"cell_types": ["A", "C", "D", "B"], "models": ["one"]}
    assert len(make_plan(project).trainings()) == 3


def test_models_that_are_nothing_without_signals(project):
    project["windows"]["signals"] = []
    for model in ("intervening", "soft"):
        project["run"]["models"] = [model]
        with pytest.raises(ValueError, match=rf"model {model} \(.*\) needs signals, A has: none"):
            make_plan(project)


def test_activity_may_be_wanted_by_nobody(project):
    project["promoter_activity"] = []
    project["run"] |= {"cell_types": ["D"], "models": ["enhancers_norna"]}
    make_plan(project)


def test_masks_are_drawn_for_the_models_that_learn_one(project):
    assert not any("mask" in figure for figure in Files(make_plan(project)).all_figures())
    project["run"]["models"] = ["all", "soft"]
    files = Files(make_plan(project))
    assert [figure for figure in files.all_figures() if "mask" in figure] == [
        "results/comparison/figures/mask.A.svg"
    ]
    assert files.of_mask_runs("mask.tsv.gz", "A") == ["results/runs/A/soft/fold1/seed2/mask.tsv.gz"]
