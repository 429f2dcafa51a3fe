"""Windows without a known base are named and not predicted; filters of genes; ensembles."""

from __future__ import annotations

import warnings

import h5py
import numpy as np
import pandas as pd
import pytest

import prism
from prism.inference.prediction import predict
from prism.runs.predictions import ensemble_table, read_predictions
from prism.training.fit import train
from tests.unit.training import tiny_dataset
from tests.unit.training.tiny_training import RIDGE, paths_in, run_of


@pytest.fixture
def holes(tmp_path):
    """gene02 and gene30 all N, gene05 24 of 32 N, gene06 16 of 32 N."""
    windows, genes = tiny_dataset.write(tmp_path / "holes")
    with h5py.File(windows, "r+") as file:
        codes = np.minimum(file["sequence"][:], 3)
        codes[[2, 30]] = 4
        codes[5, :24] = 4
        codes[6, :16] = 4
        file["sequence"][:] = codes
    return windows, genes


ALL_N = "windows are all N, without a known base, so that they get no prediction: 2 of 32, gene02, gene30; "
MOSTLY_N = "windows are more than 50% N: 1 of 32, gene05; "


def test_they_have_a_row_without_a_prediction_and_with_the_reason(trained, holes, tmp_path, capsys):
    predict(trained.checkpoint, *holes, tmp_path / "out.tsv.gz", "cpu")
    said = capsys.readouterr().err
    assert f"warning: {ALL_N}" in said
    assert f"warning: {MOSTLY_N}" in said
    table = read_predictions(tmp_path / "out.tsv.gz").set_index("gene_id")
    empty = table["prediction"].isna()
    assert list(table.index[empty]) == ["gene02", "gene30"]
    assert set(table.loc[empty, "reason"]) == {"its window has no known base (all N)"}
    assert set(table.loc[~empty, "reason"]) == {""}


def test_a_window_on_a_whole_dataset_that_is_all_n(trained, holes, tmp_path):
    with h5py.File(holes[0], "r+") as file:
        file["sequence"][:] = np.uint8(4)
    predict(trained.checkpoint, *holes, tmp_path / "out.tsv.gz", "cpu")
    assert read_predictions(tmp_path / "out.tsv.gz")["prediction"].isna().all()


def test_a_training_names_them_too(holes, tmp_path, capsys):
    train(run_of(holes, RIDGE), paths_in(tmp_path / "run"), "cpu")
    said = capsys.readouterr().err
    assert "warning: windows are all N, without a known base, so that nothing but signals" in said
    assert "2 of 32, gene02, gene30" in said


def test_in_a_notebook(trained, holes):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = prism.load_run(trained.checkpoint).predict(
            prism.open_windows(*holes), ["gene02", "gene03"], device="cpu"
        )
    assert table["prediction"].isna().tolist() == [True, False]
    assert any("windows are all N" in str(each.message) for each in caught)


def test_chosen_genes_alone_with_the_numbers_that_they_have_among_all(trained, dataset, tmp_path):
    predict(trained.checkpoint, *dataset, tmp_path / "all.tsv.gz", "cpu")
    predict(trained.checkpoint, *dataset, tmp_path / "two.tsv.gz", "cpu", only=["gene07", "gene03"])
    found = read_predictions(tmp_path / "two.tsv.gz").set_index("gene_id")["prediction"]
    assert list(found.index) == ["gene03", "gene07"]
    everything = read_predictions(tmp_path / "all.tsv.gz").set_index("gene_id")["prediction"]
    assert found.to_numpy() == pytest.approx(everything[found.index].to_numpy(), rel=1e-6)
    with pytest.raises(ValueError, match=r"genes\.tsv: has no gene 'gen07' \(did you mean 'gene07'\?\)"):
        predict(trained.checkpoint, *dataset, tmp_path / "out.tsv.gz", "cpu", only=["gen07"])


def member(values, genes=("a", "b", "NA")):
    columns = {
        "gene_id": genes,
        "symbol": "s",
        "chrom": "chr1",
        "tss": [1, 2, 3],
        "split": ["", "test", "test"],
    }
    return pd.DataFrame(
        columns | {"expression": [0.1, np.nan, 1], "prediction": values, "reason": ["", "", "all N"]}
    )


def test_an_ensemble_by_hand():
    found = ensemble_table(
        {2: member([1.0, 2.0, np.nan]), 22: member([3.0, 2.0, np.nan]), 7: member([2.0, 2, np.nan])}
    )
    assert list(found.columns) == [
        *(
            "gene_id",
            "symbol",
            "chrom",
            "tss",
            "split",
            "expression",
            "mean",
            "sd",
            "n",
            "seed2",
            "seed22",
            "seed7",
        ),
        "reason",
    ]
    assert list(found["mean"]) == ["2.0", "2.0", ""]
    assert list(found["sd"]) == ["1.0", "0.0", ""]
    assert list(found["n"]) == [3, 3, 3]
    assert list(found["seed22"]) == ["3.0", "2.0", ""]
    assert list(found["expression"]) == ["0.1", "", "1.0"]
    assert list(ensemble_table({2: member([1.0, 2.0, 3.0])})["sd"]) == ["", "", ""]
    with pytest.raises(ValueError, match="seed 3 has other genes than seed 2"):
        ensemble_table({2: member([1.0, 2, 3]), 3: member([1.0, 2, 3], ("a", "b", "c"))})
