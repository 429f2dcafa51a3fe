"""A model that is solved, not trained by steps."""

from __future__ import annotations

import torch
from torch import nn

from prism.compute.batches import Batches
from prism.compute.device import peak_memory_gb
from prism.inference.prediction import predicted, refuse_bad_prediction
from prism.jobs.log import say
from prism.training.loop.fitted import Fitted
from prism.training.loop.journal import Journal
from prism.training.run import Run


def fit_closed_form(module: nn.Module, run: Run) -> Fitted:
    """Fit on the train split, the penalty chosen on the valid split; one history row, of step 0. On the CPU.

    Raises ValueError naming genes where a prediction of the valid split is not finite.
    """
    size, cpu = run.settings.genes_at_once(run.windows.length), torch.device("cpu")
    train, valid = (Batches(run.windows, run.indices(split), size) for split in ("train", "valid"))
    journal = Journal()
    report = module.fit(train, valid)
    say(f"fitted in closed form: {report}")
    indices = run.indices("valid")
    prediction = predicted(module, run.windows, indices, cpu, "fp32", size)
    refuse_bad_prediction(prediction, [run.windows.gene_id[i] for i in indices])
    at = {"peak_memory_gb": round(peak_memory_gb(cpu), 3)}
    journal.close_row(module, {"step": 0, "epoch": 0.0}, prediction, run.expression("valid"), at)
    return Fitted(journal.best["state_dict"], None, journal.rows, report)
