"""A small single-cell model, pretrained here on the cells of an entry."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from prism.jobs import records
from prism.jobs.log import say
from prism.tokens.foundation import Foundation
from prism.tokens.steps.inputs import CellFiles, Inputs, Settings
from prism.tokens.training import MaskedTraining, pretrain

AS_BERT = {"another": 0.1, "kept": 0.1}  # of the hidden genes; Devlin et al. 2019


def pretrain_small(files: CellFiles, settings: Settings, folder: str | Path, record: str | Path) -> None:
    """Pretrain a small model by masked-gene prediction, on all cells, and save it as transformers does.

    files: of the entry.
    settings: of the entry; `foundation` is a mapping.
    folder: to write the model to.
    record: JSON to write, with the losses.
    """
    small = settings["foundation"]
    inputs = Inputs.read(files, settings)
    dictionary = inputs.dictionary
    foundation = Foundation.small(
        dictionary.size, small["context"], dictionary.pad, small["width"], small["layers"], small["heads"],
        seed=settings["seed"],
    )  # fmt: skip
    with inputs.cells:
        cells = inputs.encoded(np.arange(inputs.cells.n), foundation.context)
    training = MaskedTraining(
        small["steps"], small["cells_at_once"], small["learning_rate"], seed=settings["seed"], **AS_BERT
    )
    losses = pretrain(
        foundation, cells, dictionary.mask, inputs.gene_tokens, training, Path(f"{record}.state"), say
    )
    foundation.save(folder)
    last = max(1, len(losses) // 20)
    records.write(
        record,
        {
            "cells": len(cells),
            "median_tokens": int(np.median([len(cell) for cell in cells])),
            "cells_cut_at_the_context": sum(len(cell) >= foundation.context for cell in cells),
            "first_loss": float(np.mean(losses[:last])),
            "last_loss": float(np.mean(losses[-last:])),
            "loss_of_guessing": float(np.log(len(inputs.gene_tokens))),
        },
    )
