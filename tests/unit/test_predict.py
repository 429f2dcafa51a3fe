"""A trained model on other data: what is checked, what is warned of, what comes out."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from prism.training.fit import train
from prism.training.prediction import Trained, predict
from tests.unit import tiny_dataset
from tests.unit.test_training import RIDGE, dataset, paths_in, run_of

assert dataset  # the fixture


@pytest.fixture(scope="module")
def trained(dataset, tmp_path_factory):
    paths = paths_in(tmp_path_factory.mktemp("run"))
    train(run_of(dataset, RIDGE), paths, "cpu")
    return paths


def without(genes, folder, *columns):
    """A copy of a genes table without some columns."""
    path = folder / "genes.tsv"
    pd.read_csv(genes, sep="\t", keep_default_na=False).drop(columns=list(columns)).to_csv(
        path, sep="\t", index=False
    )
    return path


def test_all_genes_with_the_runs_own_numbers(trained, dataset, tmp_path, capsys):
    predict(trained.checkpoint, *dataset, tmp_path / "out.tsv.gz", "cpu")
    table = pd.read_csv(tmp_path / "out.tsv.gz", sep="\t")
    assert list(table.columns) == ["gene_id", "chrom", "tss", "expression", "prediction"]
    assert len(table) == 32
    run = pd.read_csv(trained.predictions, sep="\t").set_index("gene_id")["prediction"]
    assert table.set_index("gene_id")["prediction"][run.index].to_numpy() == pytest.approx(
        run.to_numpy(), rel=1e-5
    )
    assert "warning" not in capsys.readouterr().err


def test_labels_are_not_needed_nor_used(trained, dataset, tmp_path):
    predict(trained.checkpoint, *dataset, tmp_path / "with.tsv.gz", "cpu")
    genes = without(dataset[1], tmp_path, "expression")
    predict(trained.checkpoint, dataset[0], genes, tmp_path / "without.tsv.gz", "cpu")
    tables = [pd.read_csv(tmp_path / f"{name}.tsv.gz", sep="\t") for name in ("with", "without")]
    assert list(tables[1].columns) == ["gene_id", "chrom", "tss", "prediction"]
    pd.testing.assert_series_equal(tables[0]["prediction"], tables[1]["prediction"], check_exact=True)


def test_signals_are_taken_by_name_and_long_windows_cropped(trained, dataset, tmp_path):
    """The same genes with the signals in another order, and one more."""
    other = tiny_dataset.write(tmp_path / "other", signals=("DNase", "H3K27ac", "ATAC"))
    predict(trained.checkpoint, *other, tmp_path / "out.tsv.gz", "cpu")
    long = tiny_dataset.write(tmp_path / "long", length=40)
    predict(trained.checkpoint, *long, tmp_path / "cropped.tsv.gz", "cpu")
    for name in ("out", "cropped"):
        assert np.isfinite(pd.read_csv(tmp_path / f"{name}.tsv.gz", sep="\t")["prediction"]).all()


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"signals": ("ATAC",)}, "no signal H3K27ac; needed are ATAC, H3K27ac, there are ATAC"),
        ({"length": 16}, "windows of 32 bp asked for, but the file's have 16 bp"),
    ],
)
def test_a_dataset_that_does_not_fit_is_refused(trained, tmp_path, made, words):
    with pytest.raises(ValueError, match=words):
        predict(trained.checkpoint, *tiny_dataset.write(tmp_path, **made), tmp_path / "out.tsv.gz", "cpu")


def test_missing_gene_features_are_named(trained, dataset, tmp_path):
    genes = without(dataset[1], tmp_path, "promoter_activity")
    with pytest.raises(ValueError, match=r"lacks promoter_activity \(it has: none\)"):
        predict(trained.checkpoint, dataset[0], genes, tmp_path / "out.tsv.gz", "cpu")


def test_another_scale_is_warned_of(trained, tmp_path, capsys):
    predict(trained.checkpoint, *tiny_dataset.write(tmp_path, scale=3.0), tmp_path / "out.tsv.gz", "cpu")
    said = capsys.readouterr().err
    for name in ("ATAC", "H3K27ac"):
        assert f"warning: {name}: mean is" in said
        assert f"warning: {name}: p99 is" in said


def test_signals_that_are_zero_or_constant_are_told():
    checkpoint = {"signal_scale": {name: {"mean": 1.0, "p99": 3.0} for name in ("zero", "flat", "same")}}
    checkpoint["signal_scale"]["never"] = {"mean": 0.0, "p99": 0.0}
    found = Trained(torch.nn.Identity(), checkpoint).scale_warnings(
        {
            "zero": {"mean": 0.0, "p99": 0.0},
            "flat": {"mean": 7.0, "p99": 7.0},
            "same": {"mean": 1.0, "p99": 3.0},
            "never": {"mean": 0.0, "p99": 0.0},
        }
    )
    assert [line.split(":")[1].split(" is")[0].strip() for line in found] == ["zero", "flat", "flat"]
    assert "does its file cover these chromosomes?" in found[0]


def test_the_script_warns_of_scales_and_goes_on(trained, dataset, tmp_path, root):
    """Zero all over, and three times the scale: told on stderr, predicted all the same."""
    for name, scale, word in (
        ("zero", 0.0, "0 all over here"),
        ("much", 3.0, "predictions assume the same scale"),
    ):
        windows, genes = tiny_dataset.write(tmp_path / name, scale=scale)
        out = tmp_path / f"{name}.tsv.gz"
        common = ["--windows", windows, "--genes", genes, "--device", "cpu", "--out", out]
        done = script(root, "predict", *common, "--checkpoint", trained.checkpoint)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("warning: ATAC") == (1 if scale == 0 else 2)
        assert word in done.stderr
        assert len(pd.read_csv(out, sep="\t")) == 32


def test_a_checkpoint_of_another_model_or_signal_order_is_refused_at_the_start(
    trained, dataset, tmp_path, root
):
    out = tmp_path / "out.tsv.gz"
    common = ["--windows", dataset[0], "--genes", dataset[1], "--device", "cpu", "--out", out]
    common += ["--checkpoint", trained.checkpoint]
    stated = ["--architecture", "ridge", "--length", "32", "--signals"]
    done = script(root, "predict", *common, *stated, '["H3K27ac", "ATAC"]')
    assert (done.returncode, out.exists()) == (1, False)
    assert (
        "best.ckpt: not the model that was asked for: its signals ATAC, H3K27ac, needed H3K27ac, ATAC; "
        in done.stderr
    )
    done = script(root, "predict", *common, "--architecture", "prism", "--length", "64")
    assert (
        "its architecture ridge, needed prism; its length 32, needed 64; delete it and make it again"
        in done.stderr
    )
    done = script(root, "predict", *common, *stated, '["ATAC", "H3K27ac"]')
    assert (done.returncode, out.exists()) == (0, True)


def test_twice_the_scale_is_the_border():
    checkpoint = {"signal_scale": {"ATAC": {"mean": 1.0, "p99": 0.0}}}
    trained = Trained(torch.nn.Identity(), checkpoint)
    assert trained.scale_warnings({"ATAC": {"mean": 2.0, "p99": 0.0}}) == []
    assert len(trained.scale_warnings({"ATAC": {"mean": 0.49, "p99": 0.1}})) == 2


def test_another_output_type_is_warned_of():
    sources = {"ATAC": {"output_type": "fold change over control", "transform": "none"}}
    trained = Trained(torch.nn.Identity(), {"signals": ["ATAC"], "provenance": {"sources": sources}})
    found = trained.source_warnings({"ATAC": {"output_type": "signal p-value", "transform": "none"}})
    assert found == [
        "warning: ATAC: output_type is signal p-value here and was fold change over control in training"
    ]


def test_gene_features_are_taken_by_name():
    trained = Trained(torch.nn.Identity(), {"rna_feature_names": ["UTR5GC", "promoter_activity"]})
    assert trained.feature_columns(["CDSGC", "promoter_activity", "UTR5GC"]) == [2, 1]


def test_a_file_that_is_no_checkpoint_of_ours_is_refused(tmp_path):
    torch.save({"state_dict": {}}, tmp_path / "other.ckpt")
    (tmp_path / "short.ckpt").write_bytes((tmp_path / "other.ckpt").read_bytes()[:100])
    with pytest.raises(ValueError, match=r"short.ckpt: cannot be read"):
        Trained.load(tmp_path / "short.ckpt")
    with pytest.raises(
        ValueError, match=r"other.ckpt: not a best.ckpt of this workflow \(format None.*import_checkpoint"
    ):
        Trained.load(tmp_path / "other.ckpt")


def test_weights_of_another_size_are_refused(trained, tmp_path):
    checkpoint = torch.load(trained.checkpoint, weights_only=True)
    checkpoint["state_dict"]["extra"] = torch.zeros(1)
    torch.save(checkpoint, tmp_path / "best.ckpt")
    with pytest.raises(
        ValueError, match=r"best\.ckpt: its weights are not those of its settings .*\"extra\""
    ):
        Trained.load(tmp_path / "best.ckpt")


def test_command_lines_train_then_predict(dataset, tmp_path, root):
    """The two scripts as the workflow calls them."""
    tiny_dataset.FOLDS.to_csv(tmp_path / "folds.tsv", sep="\t", index=False)
    paths = paths_in(tmp_path)
    common = ["--windows", dataset[0], "--genes", dataset[1], "--device", "cpu", "--threads", "1"]
    command = [
        "train",
        *common,
        "--folds",
        tmp_path / "folds.tsv",
        "--fold",
        "1",
        "--seed",
        "2",
        "--cell-type",
        "K",
    ]
    command += ["--model", "ridge", "--state-dir", paths.state, "--checkpoint", paths.checkpoint]
    command += ["--history", paths.history, "--predictions", paths.predictions, "--metrics", paths.metrics]
    assert (
        script(root, *command, "--entry", json.dumps(RIDGE), "--label", '{"assay": "CAGE"}').returncode == 0
    )
    record = json.loads(paths.metrics.read_text())
    assert (record["cell_type"], record["fold"], record["seed"], record["label"]) == (
        "K",
        1,
        2,
        {"assay": "CAGE"},
    )
    out = tmp_path / "out.tsv.gz"
    done = script(root, "predict", *common, "--checkpoint", paths.checkpoint, "--out", out)
    assert done.returncode == 0, done.stderr
    assert len(pd.read_csv(out, sep="\t")) == 32
    done = script(root, *command, "--entry", "[]")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(
        "error: an entry must be a JSON object with architecture and length, not '[]'"
    )


def script(root, name, *arguments):
    command = [sys.executable, "-m", f"workflow_scripts.{name}", *map(str, arguments)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
