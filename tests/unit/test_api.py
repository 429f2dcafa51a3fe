"""The package in a notebook: a run and windows by gene id, from any folder, and what wrong requests are told."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

import prism
from prism.runs.predictions import read_predictions
from prism.runs.record import RunRecord

ROOT = Path(__file__).resolve().parents[2]
MADE = ROOT / "tests/unit/runs/made_by_0_1_0"  # what it holds: test_version_0_1_0.py
RUN = "results/runs/K562/prism_2k/fold11/seed2"


@pytest.fixture
def dataset():
    return prism.open_windows(MADE / "windows.h5", genes=MADE / "genes.tsv")


@pytest.fixture(scope="module")
def run():
    return prism.load_run(MADE)


@pytest.fixture
def project(tmp_path) -> Path:
    """The small run and its dataset where the documented lines look for theirs."""
    (tmp_path / "results/windows/K562").mkdir(parents=True)
    (tmp_path / "results/genes").mkdir()
    shutil.copytree(MADE, tmp_path / RUN)
    shutil.copy(MADE / "windows.h5", tmp_path / "results/windows/K562/2000.h5")
    shutil.copy(MADE / "genes.tsv", tmp_path / "results/genes/K562.tsv")
    return tmp_path


def in_folder(folder: Path, lines: str) -> subprocess.CompletedProcess:
    """Run Python lines in a folder that is not the clone."""
    return subprocess.run(
        [sys.executable, "-c", lines],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def test_documented_lines_run_in_another_folder(project):
    lines = re.search(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(), flags=re.DOTALL)[1]
    assert len([line for line in lines.splitlines() if line and not line.startswith("import")]) == 5
    done = in_folder(project, lines)
    assert done.returncode == 0, done.stderr
    assert "valid_mse" in done.stdout
    assert "prediction" in done.stdout
    assert "torch.Size([5, 64, 2])" in done.stdout


def test_import_is_light_and_works_anywhere(tmp_path):
    done = in_folder(tmp_path, "import sys, prism; print({'torch', 'h5py', 'numba'} & set(sys.modules))")
    assert (done.returncode, done.stdout) == (0, "set()\n")
    done = in_folder(tmp_path, "import prism; prism.load_run, prism.open_windows; print(prism.__version__)")
    assert (done.returncode, done.stdout) == (0, f"{prism.__version__}\n")


def test_predictions_are_those_that_the_run_wrote(run, dataset):
    then = read_predictions(MADE / "predicted.tsv.gz").set_index("gene_id")
    everything = run.predict(dataset, device="cpu")
    assert list(everything.columns) == ["gene_id", "chrom", "tss", "expression", "prediction"]
    assert everything["gene_id"].tolist() == dataset.gene_ids
    found = everything.set_index("gene_id")
    np.testing.assert_allclose(found["prediction"], then["prediction"][found.index], rtol=0, atol=1e-5)
    assert everything["expression"].tolist() == then["expression"][found.index].tolist()
    some = run.predict(dataset, ["gene31", "gene02"], device="cpu")
    assert some["gene_id"].tolist() == ["gene31", "gene02"]
    np.testing.assert_allclose(some["prediction"], then["prediction"][["gene31", "gene02"]], atol=1e-5)


def test_the_model_takes_its_own_inputs_from_the_file(run, dataset):
    """The dataset was opened with fewer signals, in a shorter window: the prediction does not change."""
    other = prism.open_windows(
        MADE / "windows.h5", MADE / "genes.tsv", length=16, signals=dataset.signals[:1]
    )
    assert other.batch("gene03").signals.shape == (1, 16, 1)
    expected = run.predict(dataset, "gene03", device="cpu")
    pd.testing.assert_frame_equal(run.predict(other, "gene03", device="cpu"), expected)


def test_batches_hold_the_genes_that_were_asked_for(dataset):
    batch = dataset.batch(["gene05", "gene00"])
    with h5py.File(MADE / "windows.h5") as file:
        for row, gene in enumerate((5, 0)):
            codes = torch.from_numpy(file["sequence"][gene].astype(int))
            assert torch.equal(batch.sequence[row], torch.eye(5)[codes][:, :4])
            for column, name in enumerate(dataset.signals):
                assert batch.signals[row, :, column].tolist() == file[f"signals/{name}"][gene].tolist()


def test_tables(run, dataset):
    metrics = RunRecord.read(MADE / "metrics.json").metrics
    assert run.metrics.loc["test", "mse"] == metrics["test"]["mse"]
    assert run.metrics["n"].tolist() == [metrics["valid"]["n"], metrics["test"]["n"]] == [6, 6]
    assert run.history["step"].is_monotonic_increasing
    assert len(run.predictions) == 12
    given = pd.read_csv(MADE / "genes.tsv", sep="\t", float_precision="round_trip").set_index("gene_id")
    assert dataset.genes["gene_id"].tolist() == dataset.gene_ids
    for column in ("strand", "promoter_activity", "expression"):
        assert dataset.genes[column].tolist() == given[column][dataset.gene_ids].tolist()
    bare = prism.open_windows(MADE / "windows.h5")
    assert list(bare.genes.columns) == ["gene_id", "chrom", "tss"]


def test_another_scale_is_warned_of_once(tmp_path):
    shutil.copy(MADE / "windows.h5", tmp_path / "windows.h5")
    with h5py.File(tmp_path / "windows.h5", "r+") as file:
        name = "ATAC"
        file[f"signals/{name}"][:] = file[f"signals/{name}"][:] * 10
        file.attrs["content_hash"] = "ten times"
    louder = prism.open_windows(tmp_path / "windows.h5", MADE / "genes.tsv")
    run = prism.load_run(MADE)
    with pytest.warns(UserWarning, match=f"{name}: mean is .* here and was .* in training"):
        run.predict(louder, device="cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run.predict(louder, device="cpu")


def test_unknown_genes_are_named(run, dataset):
    words = "has no window of BRCA1, TP53; its 32 genes are gene00, gene01, gene02 and 29 more"
    with pytest.raises(ValueError, match=words):
        dataset.batch(["BRCA1", "gene01", "TP53"])
    with pytest.raises(ValueError, match=words):
        run.predict(dataset, ["BRCA1", "TP53"])
    with pytest.raises(ValueError, match="no gene id was given"):
        dataset.batch([])


def test_a_missing_signal_is_named(run, tmp_path):
    with pytest.raises(ValueError, match=r"windows\.h5: no signal DNase; wanted are DNase; it has ATAC"):
        prism.open_windows(MADE / "windows.h5", signals=["DNase"])
    shutil.copy(MADE / "windows.h5", tmp_path / "less.h5")
    with h5py.File(tmp_path / "less.h5", "r+") as file:
        file.attrs["signals"] = '["ATAC"]'
    less = prism.open_windows(tmp_path / "less.h5", MADE / "genes.tsv")
    with pytest.raises(ValueError, match=r"less\.h5: no signal H3K27ac; wanted are ATAC, H3K27ac"):
        run.predict(less)


def test_a_model_with_gene_features_asks_for_the_table(run):
    with pytest.raises(ValueError, match=r"reads the gene features .*opened without a genes table; give it"):
        run.predict(prism.open_windows(MADE / "windows.h5"))


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(ValueError, match="nowhere: no such folder or file"):
        prism.load_run(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(ValueError, match=r"not a run's folder: it holds notes\.txt, and no best\.ckpt"):
        prism.load_run(tmp_path)
    with pytest.raises(ValueError, match=r"notes\.txt: cannot be read"):
        prism.load_run(tmp_path / "notes.txt")


def test_a_checkpoint_alone_predicts_and_says_what_it_lacks(dataset, tmp_path):
    shutil.copy(MADE / "best.ckpt", tmp_path / "best.ckpt")
    alone = prism.load_run(tmp_path / "best.ckpt")
    assert len(alone.predict(dataset, ["gene00"], device="cpu")) == 1
    with pytest.raises(ValueError, match=r"metrics\.json: not there; .* not the folder of a finished run"):
        _ = alone.metrics


def test_the_base_dependencies_serve_it():
    """`pip install .` without extras installs all that the documented lines import."""
    import tomllib

    from packaging.requirements import Requirement

    from tests.unit.house.environments import provided, reached

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    base = {Requirement(text).name for text in project["dependencies"]}
    # Triton is for GPUs, where PyTorch's CUDA builds bring it; Enformer's package is installed by itself.
    models = [f"prism.models.{path.stem}" for path in (ROOT / "prism/models").glob("*.py")]
    outside = set().union(*map(reached, ["prism.api", *models]))
    assert {"torch", "h5py", "pandas", "numba"} <= outside
    assert outside - provided(base) <= {"triton", "enformer_pytorch"}
