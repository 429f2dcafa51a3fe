"""A trained model on other data: what is checked, what is warned of, what comes out."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from prism.inference.input_scales import feature_warnings, signal_warnings
from prism.inference.prediction import predict
from prism.inference.trained import Trained
from prism.training.fit import train
from tests.unit.training import tiny_dataset
from tests.unit.training.tiny_training import RIDGE, paths_in, run_of


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
    assert list(table.columns) == [
        *("gene_id", "symbol", "chrom", "tss", "split", "expression", "prediction", "reason")
    ]
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
    assert list(tables[1].columns) == ["gene_id", "symbol", "chrom", "tss", "split", "prediction", "reason"]
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
        ({"signals": ("ATAC",)}, "no signal H3K27ac; wanted are ATAC, H3K27ac; it has ATAC"),
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
        line = next(line for line in said.splitlines() if line.startswith(f"warning: {name}: mean is "))
        assert ", p99 is " in line
    assert "promoter_activity" not in said


def test_signals_that_are_zero_or_constant_are_told():
    then = {name: {"mean": 1.0, "p99": 3.0} for name in ("zero", "flat", "same")}
    then["never"] = {"mean": 0.0, "p99": 0.0}
    found = signal_warnings(
        then,
        {
            "zero": {"mean": 0.0, "p99": 0.0},
            "flat": {"mean": 7.0, "p99": 7.0},
            "same": {"mean": 1.0, "p99": 3.0},
            "never": {"mean": 0.0, "p99": 0.0},
        },
    )
    assert [line.split(":")[1].split(" is")[0].strip() for line in found] == ["zero", "flat"]
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
        done = script(root, "prediction.predict", *common, "--checkpoint", trained.checkpoint)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("warning: ATAC") == 1
        assert word in done.stderr
        assert len(pd.read_csv(out, sep="\t")) == 32


def test_a_checkpoint_of_another_model_or_signal_order_is_refused_at_the_start(
    trained, dataset, tmp_path, root
):
    out = tmp_path / "out.tsv.gz"
    common = ["--windows", dataset[0], "--genes", dataset[1], "--device", "cpu", "--out", out]
    common += ["--checkpoint", trained.checkpoint]
    stated = ["--architecture", "ridge", "--length", "32", "--signals"]
    done = script(root, "prediction.predict", *common, *stated, '["H3K27ac", "ATAC"]')
    assert (done.returncode, out.exists()) == (1, False)
    assert (
        "best.ckpt: not the model that was asked for: its signals ATAC, H3K27ac (asked for: H3K27ac, ATAC); "
        in done.stderr
    )
    done = script(root, "prediction.predict", *common, "--architecture", "prism", "--length", "64")
    assert (
        "its architecture ridge (asked for: prism); its length 32 (asked for: 64); delete it and make it again"
        in done.stderr
    )
    done = script(root, "prediction.predict", *common, *stated, '["ATAC", "H3K27ac"]')
    assert (done.returncode, out.exists()) == (0, True)


def test_twice_the_scale_is_the_border():
    then = {"ATAC": {"mean": 1.0, "p99": 0.0}}
    assert signal_warnings(then, {"ATAC": {"mean": 2.0, "p99": 0.0}}) == []
    (line,) = signal_warnings(then, {"ATAC": {"mean": 0.49, "p99": 0.1}})
    assert "mean is 0.49 here and was 1 in training, p99 is 0.1 here and was 0 in training" in line


@pytest.mark.parametrize(
    ("then", "now", "warned"),
    [
        # a z-score: mean near 0, of either sign
        ((0.0, 1.0), (0.99, 1.0), False),
        ((0.0, 1.0), (-1.01, 1.0), True),
        ((-1e-9, 1.0), (1e-9, 1.0), False),
        ((0.01, 1.0), (0.01, 2.0), False),
        ((0.01, 1.0), (0.01, 0.49), True),
        # a fraction: a shift by less than a factor of two, and by more than the spread
        ((0.45, 0.1), (0.56, 0.1), True),
        # promoter activity in another unit, and 0 all over
        ((1.2, 0.9), (12.0, 9.0), True),
        ((1.2, 0.9), (0.0, 0.0), True),
        # the same for all genes, but for rounding
        ((0.3, 0.0), (0.3 + 1e-9, 1e-9), False),
        ((0.3, 0.0), (0.4, 0.0), True),
        ((0.0, 0.0), (0.0, 0.0), False),
    ],
)
def test_gene_features_are_compared_by_shift_and_spread(then, now, warned):
    scales = [{"feature": dict(zip(("mean", "sd"), values, strict=True))} for values in (then, now)]
    found = feature_warnings(*scales, n_genes=20)
    assert len(found) == warned
    if warned:
        assert (
            f"warning: feature: mean is {now[0]:.4g} here and was {then[0]:.4g} in training, sd is"
            in found[0]
        )


def test_few_genes_cannot_tell_the_scale_of_gene_features():
    scale = {"UTR5GC": {"mean": 0.5, "sd": 0.1}}
    (line,) = feature_warnings(scale, {"UTR5GC": {"mean": 0.9, "sd": 0.0}}, n_genes=19)
    assert line.startswith("warning: 19 gene(s) are too few to compare")
    assert feature_warnings({}, {}, n_genes=3) == []


def test_a_model_without_signals_is_told_of_another_promoter_activity(dataset, tmp_path, capsys):
    """Its only look at the tracks: ten times the scale is seen there, and nowhere else."""
    paths = paths_in(tmp_path / "run")
    train(run_of(dataset, RIDGE | {"signals": []}), paths, "cpu")
    predict(paths.checkpoint, *dataset, tmp_path / "same.tsv.gz", "cpu")
    assert "warning" not in capsys.readouterr().err
    genes = pd.read_csv(dataset[1], sep="\t", keep_default_na=False)
    genes["promoter_activity"] *= 10
    genes.to_csv(tmp_path / "genes.tsv", sep="\t", index=False)
    predict(paths.checkpoint, dataset[0], tmp_path / "genes.tsv", tmp_path / "out.tsv.gz", "cpu")
    assert capsys.readouterr().err.count("warning: promoter_activity: mean is ") == 1


def test_a_checkpoint_without_the_scale_of_gene_features_predicts_and_says_so(
    trained, dataset, tmp_path, capsys
):
    checkpoint = torch.load(trained.checkpoint, weights_only=True)
    del checkpoint["feature_scale"]
    torch.save(checkpoint, tmp_path / "older.ckpt")
    predict(tmp_path / "older.ckpt", *dataset, tmp_path / "out.tsv.gz", "cpu")
    told = "warning: the scale of the gene features in training is unknown and cannot be compared (here: promoter_"
    assert told in capsys.readouterr().err
    assert len(pd.read_csv(tmp_path / "out.tsv.gz", sep="\t")) == 32


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
        "training.train",
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
    done = script(root, "prediction.predict", *common, "--checkpoint", paths.checkpoint, "--out", out)
    assert done.returncode == 0, done.stderr
    assert len(pd.read_csv(out, sep="\t")) == 32
    done = script(root, *command, "--entry", "[]")
    begun, refused = done.stderr.splitlines()
    assert (done.returncode, begun.startswith("--- attempt 1 begins: ")) == (1, True)
    assert refused.startswith("error: an entry must be a JSON object with architecture and length, not '[]'")


def script(root, name, *arguments):
    command = [sys.executable, "-m", f"workflow_scripts.{name}", *map(str, arguments)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
