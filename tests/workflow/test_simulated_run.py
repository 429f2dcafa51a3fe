"""The whole workflow on a small simulated genome: what it makes, and what makes it run again."""

from __future__ import annotations

import json
import shutil
import zipfile

import pandas as pd
import pytest
import yaml

from tests.workflow.project import COLUMNS, MODELS, cell_type_row, executed_jobs

RUN = "results/runs/simA/tiny/fold1/seed2"


def test_every_artefact_is_there(finished):
    folder = finished.folder
    for name in ("best.ckpt", "history.csv", "predictions.tsv.gz", "metrics.json"):
        assert (folder / RUN / name).stat().st_size > 0
    figures = {path.name for path in (folder / "results/comparison/figures").iterdir()}
    stems = ["metrics", "scatter.simA", "training_curves.simA", "signal_profile.simA"]
    assert figures == {f"{stem}.{suffix}" for stem in stems for suffix in ("svg", "png")}
    costs = list((folder / "results/job_costs").rglob("*.tsv"))
    assert len(costs) >= 15


def test_metrics_follow_from_predictions(finished):
    metrics = json.loads((finished.folder / RUN / "metrics.json").read_text())
    predictions = pd.read_csv(finished.folder / RUN / "predictions.tsv.gz", sep="\t")
    test = predictions[predictions["split"] == "test"]
    assert metrics["metrics"]["test"]["n"] == len(test)
    assert metrics["metrics"]["test"]["mse"] == pytest.approx(
        ((test.prediction - test.expression) ** 2).mean(), rel=1e-5
    )
    assert metrics["metrics"]["test"]["pearson"] == pytest.approx(
        test.prediction.corr(test.expression), rel=1e-4
    )
    assert set(test["chrom"]) == {"chr3"}


def test_state_of_a_finished_run_is_gone(finished):
    state = finished.folder / RUN / "state"
    assert not state.exists() or not any(state.iterdir())


def test_second_run_finds_nothing_to_do(finished):
    assert finished.planned() == {}


def test_announces_what_it_will_do(finished):
    (finished.folder / "results/comparison/figures/metrics.svg").unlink()
    out = finished.snakemake()
    assert "Jobs: 2 (1 all, 1 figure_metrics)" in out
    assert "Download: 0 files" in out


def test_whitespace_in_models_trains_nothing(finished):
    models = finished.folder / "models.yaml"
    models.write_text("# a comment\n\n" + yaml.safe_dump(MODELS, indent=6))
    assert finished.planned() == {}


def test_touched_tables_train_nothing(finished):
    for table in ("models.yaml", "folds.tsv", "cell_types.tsv", "config.yaml"):
        (finished.folder / table).touch()
    assert finished.planned() == {}


def test_moved_clone_trains_nothing(finished, tmp_path):
    clone = tmp_path / "elsewhere"
    ignored = shutil.ignore_patterns(".venv*", ".git", "results", "resources", ".snakemake", "logs")
    shutil.copytree(finished.workflow, clone, ignore=ignored)
    finished.workflow, home = clone, finished.workflow
    try:
        assert finished.planned() == {}
    finally:
        finished.workflow = home


def test_a_changed_hyperparameter_trains_that_model_only(finished):
    models = yaml.safe_load(yaml.safe_dump(MODELS))
    models["models"]["tiny"]["training"] = {"steps": 7}
    (finished.folder / "models.yaml").write_text(yaml.safe_dump(models))
    try:
        jobs = finished.planned("train")
    finally:
        (finished.folder / "models.yaml").write_text(yaml.safe_dump(MODELS, sort_keys=False))
    assert jobs == {"train_prism": 2, "train": 1}


def test_a_third_cell_type_by_its_row(finished):
    """A new row, one file asked for: only what it needs is run, and the others' files stay as they are."""
    table = finished.folder / "cell_types.tsv"
    before = table.read_text()
    datasets = {path: path.stat().st_mtime_ns for path in (finished.folder / "results").rglob("*.h5")}
    table.write_text(before + cell_type_row("simC", "simB"))
    try:
        executed = executed_jobs(finished.snakemake("results/windows/simC/400.h5"))
    finally:
        table.write_text(before)
    assert executed == {"download": 6, "genes": 1, "cut_windows": 1}
    assert {path: path.stat().st_mtime_ns for path in datasets} == datasets
    assert (finished.folder / "results/windows/simC/400.h5").exists()


def test_prediction_for_a_cell_type_without_label(finished):
    table = finished.folder / "cell_types.tsv"
    before = table.read_text()
    row = dict(zip(COLUMNS, cell_type_row("new", "simB").rstrip("\n").split("\t"), strict=True))
    row |= {"label": "", "label_minus": "", "label_kind": "", "label_assay": ""}
    table.write_text(before + "\t".join(row.values()) + "\n")
    target = "results/predictions/new/simA.tiny.fold1.seed2.tsv.gz"
    try:
        finished.snakemake(target)
    finally:
        table.write_text(before)
    predictions = pd.read_csv(finished.folder / target, sep="\t")
    assert len(predictions) > 30
    assert predictions["prediction"].notna().all()


def test_report(finished):
    finished.snakemake("--report", "report.html")
    text = (finished.folder / "report.html").read_text()
    assert len(text) > 100_000
    assert "predicted against observed" in text
    assert "System Message" not in text
    assert "with the models floor, tiny" in text


def test_report_as_a_zip_file(finished):
    """What the workflow catalog asks for: figures and quality pages as files beside the report."""
    finished.snakemake("--report", "report.zip")
    with zipfile.ZipFile(finished.folder / "report.zip") as report:
        names = report.namelist()
        assert "with the models floor, tiny" in report.read("report/report.html").decode()
    shown = {name.rsplit("/", 1)[1] for name in names} - {"report.html"}
    figures = {"metrics.svg", "scatter.simA.svg", "training_curves.simA.svg", "signal_profile.simA.svg"}
    assert shown == figures | {"simA.html"}


def test_killed_between_stages_goes_on(fresh):
    """A job that fails leaves the others' results; the next run does only what is missing."""
    fresh.snakemake("results/genes/simA.tsv")
    jobs = fresh.planned("results/windows/simA/400.h5")
    assert "genes" not in jobs
    assert jobs["cut_windows"] == 1
