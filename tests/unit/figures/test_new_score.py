"""A score is added by one entry in `prism.scores.METRICS`; a run older than the score is told as such."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from prism import scores
from prism.evaluation.comparable import ScoredRun, unrecorded
from prism.evaluation.comparison import metrics_table, paired_table, summary_table
from prism.figures.metrics import metrics_figure
from prism.figures.scatter import scatter_figure
from prism.figures.training_curves import training_curves_figure
from prism.runs.history import write_history
from prism.runs.predictions import write_predictions
from prism.runs.record import RunRecord
from tests.unit.drawing.drawn_figure import marks, panels, words

EXPRESSION = np.array([0.0, 1.0, 2.0, 3.0, 1.0, 2.0, 4.0])
SPLIT = ["valid"] * 3 + ["test"] * 4


def share_near(prediction, target) -> float:
    """Share of genes predicted to within 0.25."""
    return float(np.mean(np.abs(np.asarray(prediction) - np.asarray(target)) <= 0.25))


@pytest.fixture
def near(monkeypatch):
    """A new score, by one entry."""
    metric = scores.Metric("near", share_near, "Genes within 0.25", higher_is_better=True, unit="share")
    monkeypatch.setitem(scores.METRICS, "near", metric)


def run_of(folder, model, offsets) -> ScoredRun:
    """A run on disk whose test predictions are the labels plus `offsets`, (4,)."""
    table = pd.DataFrame(
        {"gene_id": [f"g{i}" for i in range(7)], "chrom": "chr1", "tss": 1, "split": SPLIT, "expression": EXPRESSION}
    )  # fmt: skip
    table["prediction"] = EXPRESSION + np.array([0.1, 0.2, 0.3, *offsets])
    of = {split: table[table["split"] == split] for split in ("valid", "test")}
    record = RunRecord.of(
        folder / model / "metrics.json", cell_type="K562", model=model, fold=11, seed=2,
        metrics={split: scores.scores(rows["prediction"], rows["expression"]) for split, rows in of.items()},
        train_mean=scores.scores(np.full(4, 2.5), of["test"]["expression"]), best_step=20, fit={},
        label={"assay": "CAGE"}, entry={"architecture": "prism", "length": 2000},
        provenance={"dataset_hash": "d", "settings_hash": model, "numbers_version": 1, "git_revision": "abc"},
    )  # fmt: skip
    record.write()
    write_predictions(folder / model / "predictions.tsv.gz", table)
    return ScoredRun.read(folder / model / "metrics.json", folder / model / "predictions.tsv.gz")


def figure_of(runs):
    table = metrics_table(runs)
    return metrics_figure(summary_table(table), table, [run.record for run in runs])


def test_it_appears_in_metrics_json_tables_history_and_figure(near, tmp_path):
    # b is the better by the new score, 0.75 to 0.25, though the worse by MSE
    a, b = run_of(tmp_path, "a", [0.2, 0.3, 0.3, 0.3]), run_of(tmp_path, "b", [0.1, 0.1, 0.1, 0.9])
    assert '"near": 0.25' in a.path.read_text()
    table = metrics_table([a, b])
    found = table.query("metric == 'near' and split == 'test'").set_index("model")["value"]
    assert found.to_dict() == {"a": 0.25, "b": 0.75}
    paired = paired_table([a, b]).query("metric == 'near'")
    assert paired["mean_difference"].tolist() == [pytest.approx(-0.5)]
    last = panels(figure_of([a, b]))[-1]
    assert last.get_xlabel() == "Genes within 0.25, share\nhigher is better →"
    assert [float(x[0]) for x, _ in marks(last, "mean")] == [0.25, 0.75]  # rows by MSE: a first
    write_history(tmp_path / "history.csv", [{"step": 1, "valid_near": 0.5}])
    header = (tmp_path / "history.csv").read_text().splitlines()[0]
    assert header.split(",")[-4:] == ["valid_mse", "valid_mae", "valid_pearson", "valid_near"]


def test_models_are_ranked_by_it_best_first(near, tmp_path):
    a, b = run_of(tmp_path, "a", [0.2, 0.3, 0.3, 0.3]), run_of(tmp_path, "b", [0.1, 0.1, 0.1, 0.9])
    table = metrics_table([a, b])
    figure = metrics_figure(summary_table(table), table, [a.record, b.record], shown=("near",))
    (only,) = panels(figure)
    assert [label.get_text() for label in only.get_yticklabels()] == ["b", "a"]


@pytest.fixture
def old_and_new(tmp_path, request):
    """Two runs, the first written before the new score was there."""
    old = run_of(tmp_path, "old", [0.2, 0.3, 0.3, 0.3])
    request.getfixturevalue("near")
    return old, run_of(tmp_path, "new", [0.1, 0.1, 0.1, 0.9])


def test_an_older_run_has_no_value_in_the_tables_and_is_told(old_and_new):
    old, new = old_and_new
    lines = unrecorded([old, new])
    assert lines == [old.record.told_unrecorded(split, "near") for split in ("valid", "test")]
    assert f"{old.path}: no near of the test split is recorded" in lines[1]
    table = metrics_table([old, new])
    found = table.query("metric == 'near' and split == 'test'").set_index("model")["value"]
    assert np.isnan(found["old"])
    assert found["new"] == 0.75
    assert table.query("metric == 'mse'")["value"].notna().all()
    assert np.isnan(paired_table([old, new]).query("metric == 'near'")["mean_difference"].item())


def test_the_figure_of_scores_tells_an_older_run_and_draws_the_rest(old_and_new):
    old, new = old_and_new
    figure = figure_of([old, new])
    told = " ".join(words(figure).split())
    assert "Genes within 0.25 is not recorded for K562 old." in told
    assert "re-run the training to have it" in told
    last = panels(figure)[-1]
    assert "–" in [text.get_text() for text in last.texts]
    assert [float(x[0]) for x, _ in marks(last, "mean")] == [0.75]
    # where no run has the score, the others are drawn and it is told all the same
    assert "Genes within 0.25 is not recorded for K562 old." in " ".join(words(figure_of([old])).split())


def test_the_other_figures_draw_an_older_run(old_and_new):
    old, new = old_and_new
    records = [old.record, new.record]
    scatter_figure("K562", [old.predictions, new.predictions], records)
    history = pd.DataFrame({"step": [10, 20], "train_loss": [0.5, 0.4], "valid_mse": [0.4, 0.3]})
    training_curves_figure("K562", [history, history], records)


def test_the_comparison_of_older_runs_warns_and_ends_well(tmp_path, root):
    """On the command line, where the score that the records lack is one of today's."""
    run = run_of(tmp_path, "a", [0.2, 0.3, 0.3, 0.3])
    content = {**run.record.content, "metrics": {s: {k: v for k, v in found.items() if k != "r2"} for s, found in
                                                 run.record.metrics.items()}}  # fmt: skip
    RunRecord(content, run.path).write()
    command = [sys.executable, "-m", "workflow_scripts.prediction.compare", "--metrics", run.path]
    command += ["--predictions", run.path.with_name("predictions.tsv.gz")]
    for name in ("metrics", "summary", "paired"):
        command += [f"--out-{name}", tmp_path / f"{name}.tsv"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"warning: {run.path}: no r2 of the test split is recorded" in done.stderr
    table = pd.read_csv(tmp_path / "metrics.tsv", sep="\t")
    assert table[table["metric"] == "r2"]["value"].isna().all()
    assert table[table["metric"] != "r2"]["value"].notna().all()
