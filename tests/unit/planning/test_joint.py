"""Groups of cell types that train one model: their files in the plan, and what is refused before any job."""

from __future__ import annotations

import json

import pytest
import yaml

from workflow_scripts.planning import trials
from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.files import Files
from workflow_scripts.planning.prediction_files import PredictionFiles
from workflow_scripts.planning.terminal.announcement import joint_lines
from workflow_scripts.planning.transfers import TransferFiles

ROWS = """\
cell_type assembly label_kind label_assay label H3K27ac DNase DNase_transform DNase_output_type contacts peaks
A toy bigwig CAGE p.bw H.bw D.bw - - m.mcool A.narrowPeak
B toy bigwig CAGE q.bw H.bw E.bw - depth m.mcool B.narrowPeak
RNA toy bigwig RNA-seq p.bw H.bw D.bw - - m.mcool -
log toy bigwig CAGE p.bw H.bw D.bw log1p - m.mcool -
flat toy bigwig CAGE p.bw H.bw - - - m.mcool D.narrowPeak
blank toy none - - H.bw D.bw - - m.mcool -
other that bigwig CAGE p.bw H.bw D.bw - - m.mcool -
"""
ENTRY = {"architecture": "caduceus_signals", "length": 100, "training": {"steps": 10}}
MODELS = {
    "all": ENTRY,
    "one": ENTRY | {"signals": ["DNase"], "gene_features": []},
    "bare": ENTRY | {"signals": ["H3K27ac"], "gene_features": ["promoter_activity"]},
    "enhancers": ENTRY | {"architecture": "epinformer", "signals": []},
    "tuned_to": ENTRY | {"start_from": {"run": "all", "cell_type": "both"}},
    "goes_on": ENTRY | {"start_from": {"run": "all"}},
    "masks": ENTRY | {"architecture": "seq2exp_soft", "signals": ["DNase"]},
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Function: the plan of a run of groups, `run` changed."""
    monkeypatch.chdir(tmp_path)
    lines = [[cell.strip("-") for cell in line.split()] for line in ROWS.splitlines()]
    (tmp_path / "cells.tsv").write_text("\n".join("\t".join(line) for line in lines) + "\n")
    (tmp_path / "models.yaml").write_text(yaml.safe_dump({"models": MODELS}))
    folds = "".join(f"1\tchr{n}\t{split}\n" for n, split in enumerate(("train", "valid", "test")))
    (tmp_path / "folds.tsv").write_text("fold\tchromosome\tsplit\n" + folds)
    genome = {"genome": {"address": "toy.fa"}, "annotation": {"address": "toy.gtf"}}
    config = {
        "cell_types": "cells.tsv", "models": "models.yaml", "folds": "folds.tsv",
        "assemblies": {"toy": genome, "that": genome}, "windows": {"lengths": [100]},
    }  # fmt: skip
    run = {"cell_types": [], "models": ["all"], "folds": [1], "seeds": [2]}
    return lambda predictions=None, **changes: make_plan(
        config | {"run": run | changes, "predictions": predictions or {}}
    )


def test_a_group_is_trained_on_under_its_name(project):
    plan = project(joint={"both": ["B", "A"]}, models=["all", "enhancers", "masks"])
    files = Files(plan)
    assert plan.trained == ["both"]
    assert plan.members("both") == ["A", "B"]  # whatever their order in the file
    assert plan.members("A") == ["A"]
    assert [each.folder for each in plan.trainings()] == [
        f"results/runs/both/{model}/fold1/seed2" for model in ("all", "enhancers", "masks")
    ]
    assert files.datasets_for("both", "all") == ["results/windows/A/100.h5", "results/windows/B/100.h5"]
    assert files.genes_for("both") == ["results/genes/A.tsv", "results/genes/B.tsv"]
    assert files.elements_for("both", "enhancers") == ["results/elements/A.h5", "results/elements/B.h5"]
    assert files.elements_for("both", "all") == []
    assert trials.results(plan)[0] == "results/smoke/both/all.json"
    label = json.loads(files.training_label("both"))
    assert label["assay"] == "CAGE"
    assert label["cell_types"]["B"] == json.loads(files.label_json("B"))
    assert files.training_label("A") == files.label_json("A")


def test_its_members_have_data_and_pages_and_the_group_the_figures_of_runs(project):
    files = Files(project(cell_types=["A"], joint={"both": ["A", "B"]}, models=["all", "masks"]))
    assert files.all_datasets() == ["results/windows/A/100.h5", "results/windows/B/100.h5"]
    assert files.all_quality() == ["results/qc/A.html", "results/qc/B.html"]
    names = [path.rsplit("/", 1)[1] for path in files.all_figures()]
    assert names == [
        "metrics.svg", "scatter.A.svg", "scatter.both.svg", "training_curves.A.svg", "training_curves.both.svg",
        "mask.A.svg", "mask.both.svg", "signal_profile.A.svg", "signal_profile.B.svg",
    ]  # fmt: skip
    assert "--fold" in files.fold_options("B")


def test_memory_is_asked_for_the_windows_of_further_cell_types(project):
    plan = project(joint={"both": ["A", "B"]})
    alone = plan.entries["all"].training_mb
    assert plan.training_mb("A", "all") == alone
    # 20,000 genes x 100 bp x (3 + 4 x 3 signals) bytes
    assert plan.training_mb("both", "all") == alone + 30_000_000 // 2**20


def test_another_cell_type_is_predicted_with_the_run_of_a_group(project):
    plan = project({"blank": ["both.all.fold1.seed2"]}, joint={"both": ["A", "B"]})
    files = PredictionFiles(Files(plan))
    assert files.all() == ["results/predictions/blank/both.all.fold1.seed2.tsv.gz"]
    assert files.checkpoint("both.all.fold1.seed2") == "results/runs/both/all/fold1/seed2/best.ckpt"
    assert files.trained_genes("blank", "both.all.fold1.seed2") == [
        "results/genes/A.tsv",
        "results/genes/B.tsv",
    ]
    assert files.needs("blank", "both.all.fold1.seed2").signals == ("H3K27ac", "DNase", "contacts")
    with pytest.raises(ValueError, match="flat has H3K27ac, contacts and lacks DNase"):
        project({"flat": ["both.all.fold1.seed2"]}, joint={"both": ["A", "B"]})
    with pytest.raises(ValueError, match="model 'all3' is in no table"):
        project({"blank": ["both.all3.fold1.seed2"]}, joint={"both": ["A", "B"]})
    with pytest.raises(ValueError, match=r"cell type 'bth' is in no table.*did you mean 'both'"):
        project({"blank": ["bth.all.fold1.seed2"]}, joint={"both": ["A", "B"]})


def test_a_transfer_from_a_group_is_scored_where_the_cell_type_is_not_in_it(project):
    plan = project(
        {"log": ["both.one.fold1.seed2"], "A": ["both.one.fold1.seed2"]}, joint={"both": ["A", "B"]}
    )
    transfers = TransferFiles(Files(plan))
    assert transfers.predictions() == ["results/predictions/log/both.one.fold1.seed2.tsv.gz"]
    assert transfers.own() == ["results/runs/both/one/fold1/seed2/predictions.tsv.gz"]
    assert json.loads(transfers.described()[0])["facts"]["own_label"] == "CAGE"


def test_a_training_starts_from_the_run_of_a_group_and_a_group_from_its_own(project):
    plan = project(cell_types=["A"], joint={"both": ["A", "B"]}, models=["tuned_to"])
    assert plan.starts == [("both", "all")]
    assert plan.cell_types_asked == ["A", "B"]
    plan = project(joint={"both": ["A", "B"]}, models=["goes_on"])
    assert plan.starts == [("both", "all")]
    with pytest.raises(ValueError, match=r"start_from\.cell_type: 'both' is in no table"):
        project(cell_types=["A"], models=["tuned_to"])


def test_the_start_says_what_is_joint(project):
    assert joint_lines(project(joint={"both": ["A", "B"]})) == [
        "Joint both: one model of A, B; each signal keeps its cell type's own scale",
        "Joint both: output types of DNase differ: not given in A, depth in B",
    ]
    assert joint_lines(project(cell_types=["A"])) == []


REFUSED = [
    ({"joint": {}}, "run names neither cell_types nor joint"),
    ({"joint": {"A": ["A", "B"]}}, r"run\.joint\.A: a cell type has this name"),
    ({"joint": {"a": ["A", "B"]}}, "'A' and 'a' differ in capitals only"),
    ({"joint": {"x": ["A", "b"]}}, r"run\.joint\.x: cell type 'b' is in no table; .*did you mean 'B'"),
    ({"joint": {"x": ["A", "A"]}}, r"run\.joint\.x names A twice"),
    ({"joint": {"x": []}}, "joint.x"),
    ({"joint": {"a b": ["A"]}}, "a b"),
    ({"cell_types": ["A", "x"], "joint": {"x": ["A", "B"]}}, "'x' is in no table"),
    ({"joint": {"x": ["A", "blank"]}}, r"run\.joint\.x: blank has no label"),
    ({"joint": {"x": ["A", "other"]}}, r"run\.joint\.x: assembly of A is toy, of other that"),
    ({"joint": {"x": ["A", "RNA"]}}, r"run\.joint\.x: label_assay of A is CAGE, of RNA RNA-seq; one model"),
    ({"joint": {"x": ["A", "log"]}}, r"run\.joint\.x: DNase_transform of A is none, of log log1p"),
    ({"joint": {"x": ["A", "flat"]}}, "model all takes what each cell type has, and the signals differ"),
    (
        {"joint": {"x": ["A", "flat"]}, "models": ["one"]},
        "model one needs the signal DNase, flat has: H3K27ac",
    ),
    ({"joint": {"x": ["A", "flat"]}, "models": ["bare"]}, "model bare needs gene features, flat has none"),
    ({"joint": {"x": ["A", "flat"]}, "models": ["enhancers"]}, "needs the activity of candidate elements"),
]


@pytest.mark.parametrize(("run", "message"), REFUSED)
def test_groups_that_cannot_train_one_model(project, run, message):
    with pytest.raises(ValueError, match=message):
        project(**run)


def test_a_signal_that_no_model_reads_may_have_another_transform(project):
    assert project(joint={"x": ["A", "log"]}, models=["bare"]).trained == ["x"]
