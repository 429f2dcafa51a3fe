"""What a model predicts while it is trained: whole splits, and each validation with its row in the history."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from prism.compute.device import peak_memory_gb
from prism.genome.dataset.joint import gene_names
from prism.inference.prediction import predicted, refuse_bad_prediction
from prism.jobs.log import Countdown
from prism.training.loop.journal import Journal
from prism.training.run import Run


def predict_split(
    module: nn.Module, run: Run, split: str, device: torch.device, precision: str
) -> np.ndarray:
    """Predict every gene of a split of a run's fold.

    module: the model, on `device`.
    run: what is trained on what.
    split: train, valid or test.
    device: where the model computes.
    precision: of matrix products: fp32, bf16 or fp16.

    Returns (n,) float32, log10(x + 1), in the dataset's order.
    """
    size = run.settings.genes_at_once(run.windows.length)
    genes = run.indices(split)
    progress = Countdown(len(genes), f"{split} genes predicted")
    return predicted(module, run.windows, genes, device, precision, size, progress=progress)


def close_validation(
    journal: Journal,
    module: nn.Module,
    run: Run,
    prediction: np.ndarray,
    at: dict[str, float],
    device: torch.device,
) -> None:
    """Check a validation, add its row to the history and keep the weights if it is the best so far.

    journal: history and best weights of the training.
    module: the model that has predicted.
    run: what is trained on what.
    prediction: (n,) of the whole valid split, log10(x + 1).
    at: values of this moment for the row: step, epoch and, where there is one, learning_rate.
    device: whose peak of memory the row gives.
    Raises ValueError, naming genes, where a prediction is not finite.
    """
    genes = gene_names(run.windows, run.indices("valid"))
    refuse_bad_prediction(prediction, genes, f"after step {at['step']} " if at["step"] else "")
    at = at | {"peak_memory_gb": round(peak_memory_gb(device), 3)}
    journal.close_row(module, at, prediction, run.expression("valid"), run.rows_by_cell_type("valid"))
