"""The mask that Seq2Exp learned: taken from a checkpoint, turned, averaged, drawn."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from prism.figures.mask import mask_figure
from prism.figures.mask_profile import binned_masks, gene_table, mask_table
from prism.genome.dataset.windows import Windows
from prism.inference.learned_masks import masks
from prism.inference.prediction import Trained
from prism.training.fit import train
from tests.unit.figures.figure_cases import drawn, marks, panels, run, words
from tests.unit.training import tiny_dataset
from tests.unit.training.test_fit import RIDGE, dataset, paths_in, run_of

assert dataset  # the fixture

ENTRY = {
    "architecture": "seq2exp_soft", "length": 32, "signals": None, "rna_features": True,
    "settings": {
        "d_model": 8, "n_layer": 1, "center_len": 8, "signal_priors": {"ATAC": [2, 0.2], "H3K27ac": [2, 1.5]},
    },
    "training": {"steps": 3, "batch_size": 4, "warmup_steps": 1, "learning_rate": 0.01},
}  # fmt: skip


@pytest.fixture(scope="module", params=["seq2exp_soft", "seq2exp_hard"])
def trained(dataset, tmp_path_factory, request):
    paths = paths_in(tmp_path_factory.mktemp(request.param))
    train(run_of(dataset, ENTRY | {"architecture": request.param}), paths, "cpu")
    return paths.checkpoint


def test_masks_of_a_checkpoint(trained, dataset):
    loaded = Trained.load(trained)
    data = Windows(*dataset, 32, loaded.checkpoint["signals"])
    (found,) = masks(loaded, data, [3, 30], "cpu")
    (again,) = masks(loaded, data, [3, 30], "cpu")
    assert found.indices == [3, 30]
    assert (found.mask.shape, found.signals.shape) == ((2, 32), (2, 32, 2))
    np.testing.assert_array_equal(found.mask, again.mask)
    assert (found.mask[:, 12:20] == 1).all()
    assert found.mask.min() >= 0
    np.testing.assert_array_equal(found.signals, data.batch([3, 30]).signals.numpy())
    hard = loaded.checkpoint["architecture"] == "seq2exp_hard"
    assert set(np.unique(found.mask)) <= {0.0, 1.0} if hard else (found.mask[:, :12] < 1).all()


def test_a_model_without_a_mask_is_refused(dataset, tmp_path):
    paths = paths_in(tmp_path)
    train(run_of(dataset, RIDGE), paths, "cpu")
    with pytest.raises(ValueError, match="ridge learns no mask"):
        list(masks(Trained.load(paths.checkpoint), Windows(*dataset, 32), [0], "cpu"))


def test_minus_strand_genes_are_turned_and_means_taken():
    up = np.array([0, 0, 1, 1, 0, 0], np.float32)  # one base upstream of the TSS at 3, and the TSS, on '+'
    stream = [
        ([1], up[None], np.arange(6, dtype=np.float32)[None, :, None]),
        ([0], up[None, ::-1], np.zeros((1, 6, 1), np.float32)),
    ]
    found = binned_masks(stream, ["DNase"], np.array([False, True]), 6)
    assert found["mask"].tolist() == [[0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
    assert found["DNase"][0].tolist() == [5, 4, 3, 2, 1]
    table = mask_table(found, 6, 2)
    assert table["position"].tolist() == [-2, -1, 0, 1, 2]
    assert table["mask_mean"].tolist() == [0, 0.5, 1, 0.5, 0]
    assert table["DNase_mean"].tolist() == [2.5, 2, 1.5, 1, 0.5]
    assert table["promoter"].tolist() == [
        False,
        False,
        True,
        False,
        False,
    ]  # [TSS - 1, TSS + 1), turned or not
    assert set(table["genes"]) == {2}
    genes = gene_table(["b", "a"], found, 6)
    assert genes.columns.tolist() == ["gene_id", "kept", "-2", "-1", "0", "1", "2"]
    assert genes["kept"].tolist() == [0.4, 0.4]


def test_no_gene_is_refused():
    with pytest.raises(ValueError, match="there is no gene to draw a mask of"):
        binned_masks([], ["DNase"], np.zeros(0, bool), 6)


def test_script_writes_the_test_genes(trained, dataset, tmp_path, root):
    tiny_dataset.FOLDS.to_csv(tmp_path / "folds.tsv", sep="\t", index=False)
    command = [
        sys.executable,
        "-m",
        "workflow_scripts.mask",
        "--checkpoint",
        trained,
        "--windows",
        dataset[0],
    ]
    command += ["--genes", dataset[1], "--folds", tmp_path / "folds.tsv", "--fold", "1", "--device", "cpu"]
    command += ["--out", tmp_path / "mask.tsv.gz", "--out-genes", tmp_path / "genes.tsv.gz"]
    done = subprocess.run(list(map(str, command)), cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "6 genes" in done.stdout
    table, genes = (pd.read_csv(tmp_path / f"{name}.tsv.gz", sep="\t") for name in ("mask", "genes"))
    assert len(table) == 31
    assert {"mask_mean", "ATAC_mean", "H3K27ac_sem"} <= set(table)
    assert genes["gene_id"].tolist() == [f"gene{i}" for i in range(26, 32)]
    np.testing.assert_allclose(genes.iloc[:, 2:].mean().to_numpy(), table["mask_mean"], rtol=1e-6)


def table(positions, mask, **signals):
    made = pd.DataFrame({"position": positions, "genes": 5, "promoter": np.abs(positions) <= 10})
    for name, mean in {"mask": mask, **signals}.items():
        made[f"{name}_mean"], made[f"{name}_sem"] = mean, 0.1
    return made


NEAR = np.arange(-50, 51, 10)
FAR = np.arange(-50_000, 50_001, 5000)


def test_the_figure_averages_runs_and_has_a_column_for_each_window():
    runs = [run("soft", "seq2exp_soft", seed) for seed in (2, 22)] + [run("hard", "seq2exp_hard", 2)]
    tables = [table(NEAR, level, DNase=3.0, H3K27ac=1.0) for level in (0.2, 0.4)]
    tables.append(table(FAR, 0.5, DNase=2.0))
    figure = mask_figure("K562", tables, runs)
    axes = panels(figure)
    assert len(axes) == 6
    np.testing.assert_allclose(marks(axes[0], "mask soft")[0][1], 0.3)
    assert marks(axes[0], "mask hard") == []
    np.testing.assert_allclose(marks(axes[1], "mask hard")[0][0], FAR)
    np.testing.assert_allclose(marks(axes[2], "signal DNase")[0][1], 3.0)
    text = words(figure)
    assert "position from the TSS, bp" in text
    assert "position from the TSS, kb" in text
    assert "band: range of the runs" in text
    assert "not an input of these models" in text
    assert "read-depth" in text
    assert drawn(figure).startswith(b"<?xml")


def test_the_figure_of_one_run_has_the_error_over_genes():
    figure = mask_figure("K562", [table(NEAR, 0.5, DNase=1.0)], [run("soft", "seq2exp_soft")])
    assert "± 1 standard error over genes" in words(figure)
    (band,) = [each for each in panels(figure)[0].collections if each.get_gid() == "band soft"]
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (pytest.approx(0.4), pytest.approx(0.6))


def test_tables_without_their_runs_are_refused():
    with pytest.raises(ValueError, match="1 runs for 2 masks"):
        mask_figure("K562", [table(NEAR, 0.5)] * 2, [run("soft", "seq2exp_soft")])
    with pytest.raises(ValueError, match="is of cell type K562, not H1"):
        mask_figure("H1", [table(NEAR, 0.5)], [run("soft", "seq2exp_soft")])
