"""A training and a prediction on candidate elements."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prism.genome.dataset.windows import Windows
from prism.inference.prediction import predict
from prism.training.fit import train
from prism.training.run import Run
from tests.unit.training import tiny_dataset
from tests.unit.training.tiny_training import paths_in

ENTRY = {
    "architecture": "epinformer", "length": 2000, "signals": [], "rna_features": False,
    "settings": {"out_dim": 32, "n_encoder": 1, "head": 2, "n_enhancers": 1},
    "training": {
        "steps": 1, "batch_size": 4, "validations_per_epoch": 0.2, "schedule": "constant", "warmup_steps": 0,
        "precision": "fp16",
    },
}  # fmt: skip


def test_training_and_prediction_on_elements(tmp_path):
    dataset = tiny_dataset.write(tmp_path, length=2000)
    elements = tmp_path / "elements.h5"
    tiny_dataset.write_elements(elements, dataset[1])

    def run(**options) -> Run:
        windows = Windows(*dataset, 2000, [], False, **options)
        return Run(windows, tiny_dataset.FOLDS, ENTRY, "tiny", "small", 1, 2)

    paths = paths_in(tmp_path)
    record = train(run(elements=elements), paths, "cpu")
    assert np.isfinite(record["metrics"]["test"]["mse"])
    predict(paths.checkpoint, *dataset, tmp_path / "out.tsv.gz", "cpu", elements)
    table = pd.read_csv(tmp_path / "out.tsv.gz", sep="\t").set_index("gene_id")["prediction"]
    own = pd.read_csv(paths.predictions, sep="\t").set_index("gene_id")["prediction"]
    assert table[own.index].to_numpy() == pytest.approx(own.to_numpy(), rel=1e-4)
    assert run(elements=elements).identity != run().identity
    with pytest.raises(ValueError, match="needs candidate elements"):
        predict(paths.checkpoint, *dataset, tmp_path / "out.tsv.gz", "cpu")
