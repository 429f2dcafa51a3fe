"""Tables over runs, and which runs may stand in one table."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from prism.evaluation.comparable import ScoredRun, refuse_incomparable, revisions
from prism.evaluation.comparison import metrics_table, paired_table, summary_table
from prism.evaluation.statistics import paired_t, t_interval, wilcoxon
from prism.scores import scores

GENES = [f"g{i}" for i in range(8)]
EXPRESSION = np.array([0.0, 1.0, 2.0, 3.0, 0.5, 1.5, 2.5, 3.5])
SPLIT = ["valid"] * 3 + ["test"] * 5


def record_of(model, seed, table, **provenance) -> dict:
    known = {
        "dataset_hash": "data", "settings_hash": model, "numbers_version": 1, "git_revision": "abc",
        "sources": {"ATAC": {"md5": "1c9d", "transform": "none"}},
    }  # fmt: skip
    of = {split: table[table["split"] == split] for split in ("valid", "test")}
    metrics = {split: scores(rows["prediction"], rows["expression"]) for split, rows in of.items()}
    metrics = {
        split: {k: None if v != v else v for k, v in found.items()} for split, found in metrics.items()
    }
    return {
        "cell_type": "K", "model": model, "fold": 11, "seed": seed, "metrics": metrics,
        "entry": {"length": 2000, "signals": None}, "provenance": known | provenance,
    }  # fmt: skip


def make(
    folder, model, seed, offset, genes=GENES, expression=EXPRESSION, entry=None, **provenance
) -> ScoredRun:
    """A run whose predictions are the labels plus `offset`, written to files and read again."""
    table = pd.DataFrame(
        {"gene_id": genes, "chrom": "chr1", "tss": 1, "split": SPLIT, "expression": expression}
    )
    table["prediction"] = expression + offset
    record = record_of(model, seed, table, **provenance)
    record["entry"] |= entry or {}
    place = folder / f"{model}_{seed}"
    place.mkdir(parents=True)
    (place / "metrics.json").write_text(json.dumps(record))
    table.to_csv(place / "predictions.tsv.gz", sep="\t", index=False)
    return ScoredRun.read(place / "metrics.json", place / "predictions.tsv.gz")


@pytest.fixture
def runs(tmp_path):
    bend = np.array([0.1, -0.1, 0.0, 0.2, -0.3, 0.1, 0.0, 0.1])
    offsets = {("a", 2): 0.1 + bend, ("a", 22): 0.2 + bend, ("a", 222): 0.4 + bend}
    offsets |= {("b", 2): 0.3 - bend, ("b", 22): 0.1 + 2 * bend, ("b", 222): 0.2 - bend}
    return [make(tmp_path, model, seed, offset) for (model, seed), offset in offsets.items()]


def test_metrics_table_is_long(runs):
    table = metrics_table(runs)
    assert list(table.columns) == ["cell_type", "model", "fold", "seed", "split", "metric", "value", "genes"]
    assert len(table) == 6 * 2 * 5
    row = table.query("model == 'b' and seed == 22 and split == 'test' and metric == 'mae'")
    # 0.1 + 2 * (0.2, -0.3, 0.1, 0.0, 0.1)
    assert row["value"].item() == pytest.approx(np.mean([0.5, 0.5, 0.3, 0.1, 0.3]))


def test_summary_against_scipy(runs):
    summary = summary_table(metrics_table(runs)).query("model == 'a' and split == 'test' and metric == 'mse'")
    values = [run.score("test", "mse") for run in runs[:3]]
    interval = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    row = summary.iloc[0]
    assert row["n_seeds"] == 3
    assert [row["mean"], row["sd"]] == pytest.approx([np.mean(values), np.std(values, ddof=1)])
    assert [row["ci_low"], row["ci_high"]] == pytest.approx(interval)


def test_one_seed_has_no_interval(runs):
    summary = summary_table(metrics_table(runs[:1]))
    assert summary[["sd", "ci_low", "ci_high"]].isna().all(axis=None)
    assert summary["mean"].notna().all()


def test_a_score_missing_in_one_seed_has_no_mean(tmp_path):
    flat = make(tmp_path, "a", 2, 1.0 - EXPRESSION)  # the same prediction everywhere
    summary = summary_table(metrics_table([flat, make(tmp_path, "a", 22, 0.1)]))
    test = summary[summary["split"] == "test"].set_index("metric")["mean"]
    assert np.isnan(test["pearson"])
    assert np.isfinite(test["mse"])


def test_paired_over_seeds_and_genes_against_scipy(runs):
    table = paired_table(runs)
    assert table[["model_a", "model_b"]].drop_duplicates().to_numpy().tolist() == [["a", "b"]]
    seeds = table.query("kind == 'seeds' and metric == 'mse'").iloc[0]
    a, b = ([run.score("test", "mse") for run in part] for part in (runs[:3], runs[3:]))
    assert seeds["n"] == 3
    assert seeds["mean_difference"] == pytest.approx(np.mean(a) - np.mean(b))
    assert seeds["p_t"] == pytest.approx(stats.ttest_rel(a, b).pvalue)
    assert seeds["p_wilcoxon"] == pytest.approx(stats.wilcoxon(a, b).pvalue)
    genes = table.query("kind == 'genes'").iloc[0]
    errors = [np.mean([run.squared_errors() for run in part], axis=0) for part in (runs[:3], runs[3:])]
    assert genes["n"] == 5
    assert genes["mean_difference"] == pytest.approx(np.mean(errors[0]) - np.mean(errors[1]))
    assert genes["p_wilcoxon"] == pytest.approx(stats.wilcoxon(*errors).pvalue)
    assert set(table.query("kind == 'seeds'")["metric"]) == {"mse", "mae", "pearson", "spearman", "r2"}


def test_models_without_a_common_seed_are_paired_over_genes_only(runs):
    table = paired_table([runs[0], runs[4]])
    assert table["kind"].tolist() == ["genes"]


def test_nothing_to_test_is_nan_without_a_warning():
    assert np.isnan(paired_t([0.1]))
    assert np.isnan(paired_t([0.1, 0.1]))
    assert np.isnan(wilcoxon([0.0, 0.0]))
    assert np.isnan(t_interval([1.0])).all()
    assert t_interval([1.0, 1.0]) == (1.0, 1.0)


def test_other_windows_and_signals_are_comparable(tmp_path):
    """Another length, no gene features, or elements, have another dataset hash by design; the genes are the same."""
    elements = {"content_hash": "e", "sources": {}}
    near = make(tmp_path, "near", 2, 0.4, elements=elements, dataset_hash="with elements")
    refuse_incomparable([make(tmp_path, "b", 2, 0.3, elements=None), near])
    other = make(tmp_path, "other", 2, 0.4, elements=elements, dataset_hash="with other elements")
    with pytest.raises(
        ValueError, match="dataset hash is with elements in the first and with other elements in"
    ):
        refuse_incomparable([near, other])
    long = make(tmp_path, "long", 2, 0.1, entry={"length": 200_000}, dataset_hash="long")
    bare = make(tmp_path, "bare", 2, 0.2, entry={"rna_features": False}, dataset_hash="bare")
    mrna = make(tmp_path, "mrna", 2, 0.2, entry={"rna_features": ["mrna"]}, dataset_hash="eight")
    refuse_incomparable([make(tmp_path, "a", 2, 0.3, git_revision="def"), long, bare, mrna])
    assert revisions([long, bare]) == {"abc": 2}


def test_orientations_are_entries_of_one_dataset(tmp_path):
    """They stand in one table as two models of the same dataset, but not as two seeds of one model."""
    gene = {"orientation": "gene"}
    plus, turned = make(tmp_path, "plus", 2, 0.1), make(tmp_path, "turned", 2, 0.2, entry=gene)
    refuse_incomparable([plus, turned])
    cut_again = make(tmp_path, "again", 2, 0.2, entry=gene, dataset_hash="other")
    with pytest.raises(ValueError, match="dataset hash is data in the first and other in the second"):
        refuse_incomparable([plus, cut_again])
    other_seed = make(tmp_path, "plus", 22, 0.2, entry=gene, settings_hash="turned")
    with pytest.raises(ValueError, match="settings hash is plus in the first and turned in the second"):
        refuse_incomparable([plus, other_seed])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"numbers_version": 2}, "NUMBERS_VERSION is 1 in the first and 2"),
        ({"dataset_hash": "new"}, "dataset hash is data in the first and new"),
        ({"settings_hash": "x", "model": "a"}, "settings hash is a in the first and x"),
        (
            {
                "elements": {"sources": {"activity/ATAC": {"md5": "77ab", "transform": "x"}}},
                "entry": {"length": 500},
            },
            "ATAC has md5 1c9d in the first and 77ab",
        ),
        (
            {"sources": {"ATAC": {"md5": "77ab"}}, "dataset_hash": "new", "entry": {"length": 500}},
            "ATAC has md5 1c9d in the first and 77ab",
        ),
        (
            {"expression": EXPRESSION + np.eye(8)[4]},
            "1 test genes differ, the first is g4 .expression 0.5 and 1.5",
        ),
        ({"genes": ["x", *GENES[1:]]}, "2 valid genes differ, the first is g0 .expression 0.0 and absent"),
    ],
)
def test_what_cannot_be_compared_is_refused_naming_both(tmp_path, changed, words):
    a = make(tmp_path, "a", 2, 0.1)
    b = make(tmp_path, **({"model": "b", "seed": 22, "offset": 0.2} | changed))
    with pytest.raises(
        ValueError, match=f"a_2/metrics.json and .*_22/metrics.json cannot be compared: {words}"
    ):
        refuse_incomparable([a, b])


def test_the_same_run_twice_is_refused(tmp_path):
    run = make(tmp_path, "a", 2, 0.1)
    with pytest.raises(ValueError, match="same run"):
        refuse_incomparable([run, ScoredRun.read(run.path, run.path.parent / "predictions.tsv.gz")])


def test_files_of_two_runs_are_not_taken_for_one(tmp_path):
    a, b = make(tmp_path, "a", 2, 0.1), make(tmp_path, "b", 2, 0.2)
    with pytest.raises(ValueError, match="not of one run; give both lists in the same order"):
        ScoredRun.read(a.path, b.path.parent / "predictions.tsv.gz")


def test_command_line_takes_lists_from_files(runs, tmp_path, root):
    for name in ("metrics", "predictions"):
        suffix = {"metrics": "metrics.json", "predictions": "predictions.tsv.gz"}[name]
        lines = [f"--{name}", *(str(run.path.parent / suffix) for run in runs)]
        (tmp_path / f"{name}.txt").write_text("\n".join(lines) + "\n")
    outputs = {name: tmp_path / "out" / f"{name}.tsv" for name in ("metrics", "summary", "paired")}
    command = [sys.executable, "-m", "workflow_scripts.prediction.compare"]
    command += [f"@{tmp_path}/metrics.txt", f"@{tmp_path}/predictions.txt"]
    for name, path in outputs.items():
        command += [f"--out-{name}", str(path)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "6 runs; git revisions: abc (6)" in done.stderr
    assert [len(pd.read_csv(path, sep="\t")) for path in outputs.values()] == [60, 20, 6]


def test_command_line_refuses_in_one_line(runs, tmp_path, root):
    command = [sys.executable, "-m", "workflow_scripts.prediction.compare", "--metrics", str(runs[0].path)]
    predictions = [str(run.path.parent / "predictions.tsv.gz") for run in runs[:2]]
    command += ["--predictions", *predictions]
    for name in ("metrics", "summary", "paired"):
        command += [f"--out-{name}", str(tmp_path / name)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "error: 1 metrics and 2 predictions given; give one of each for every run\n"
