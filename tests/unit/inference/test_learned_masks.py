"""The mask that Seq2Exp learned, taken from a checkpoint, and the script that averages it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from prism.genome.dataset.windows import Windows
from prism.inference.learned_masks import learned_masks
from prism.inference.trained import Trained
from prism.training.fit import train
from tests.unit.training import tiny_dataset
from tests.unit.training.tiny_training import RIDGE, paths_in, run_of

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
    (found,) = learned_masks(loaded, data, [3, 30], "cpu")
    (again,) = learned_masks(loaded, data, [3, 30], "cpu")
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
        list(learned_masks(Trained.load(paths.checkpoint), Windows(*dataset, 32), [0], "cpu"))


def test_script_writes_the_test_genes(trained, dataset, tmp_path, root):
    tiny_dataset.FOLDS.to_csv(tmp_path / "folds.tsv", sep="\t", index=False)
    command = [
        sys.executable,
        "-m",
        "workflow_scripts.prediction.mask",
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


def test_masks_of_turned_windows_are_written_on_the_plus_strand(trained, dataset, tmp_path):
    """The same weights on the same windows, of which some are stored the other way round."""
    minus = tiny_dataset.mirrored(tmp_path / "minus", dataset, [3, 30])
    plain, turned = Trained.load(trained), Trained.load(trained)
    turned.checkpoint["entry"] |= {"orientation": "gene"}
    signals = plain.checkpoint["signals"]
    (expected,) = learned_masks(plain, Windows(*dataset, 32, signals), [3, 29, 30], "cpu")
    data = Windows(*minus, 32, signals, orientation="gene")
    (found,) = learned_masks(turned, data, [3, 29, 30], "cpu")
    for name in ("mask", "signals"):
        one, other = getattr(expected, name), getattr(found, name)
        np.testing.assert_array_equal(other[1], one[1])
        np.testing.assert_array_equal(other[[0, 2]], one[[0, 2], ::-1])
    np.testing.assert_array_equal(
        found.signals, Windows(*minus, 32, signals).batch([3, 29, 30]).signals.numpy()
    )
    with pytest.raises(ValueError, match="the model reads windows with orientation gene"):
        list(learned_masks(turned, Windows(*minus, 32, signals), [3], "cpu"))
