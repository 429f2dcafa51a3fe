"""Fitting a model that is solved, not trained by steps."""

from __future__ import annotations

import torch
from torch import nn

from prism.compute.batches import Batches
from prism.jobs.log import say
from prism.training.loop.evaluate import close_validation, predict_split
from prism.training.loop.journal import Fitted, Journal
from prism.training.run import Run

CPU = torch.device("cpu")


def fit_closed_form(module: nn.Module, run: Run) -> Fitted:
    """Fit on the train split, on the CPU; the penalty is chosen on the valid split.

    module: a model with `fit(train, valid)` (ridge).
    run: what is trained on what.

    Returns the weights and one history row, of step 0.
    Raises ValueError, naming genes, where a prediction of the valid split is not finite.
    """
    size, journal = run.settings.genes_at_once(run.windows.length), Journal()
    train, valid = (Batches(run.windows, run.indices(split), size) for split in ("train", "valid"))
    report = module.fit(train, valid)
    say(f"fitted in closed form: {report}")
    prediction = predict_split(module, run, "valid", CPU, "fp32")
    close_validation(journal, module, run, prediction, {"step": 0, "epoch": 0.0}, CPU)
    return Fitted(journal.best["state_dict"], None, journal.rows, report)
