"""Trains one arm on one genome and measures the estimands."""

from __future__ import annotations

import contextlib
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks.causal_test.genomes import FACTUAL, Genome
from benchmarks.causal_test.oracle import fit_oracle
from benchmarks.causal_test.protocol import Task, entry_of, hash_of
from prism import NUMBERS_VERSION
from prism.api import load_run
from prism.compute.batches import Batches
from prism.runs.paths import RunPaths
from prism.simulate.counterfactual import STATES
from prism.training.fit import train
from prism.training.run import Run

GENES_AT_ONCE = 50
OBSERVED, INTERVENED = "observed", "intervened"
CHANGE = {"background": "background", "mark": "log10_rate"}  # redrawn state -> what the slope is over

# (dataset name, rows) -> output name -> predictions (n,)
Predict = Callable[[str, np.ndarray], dict[str, np.ndarray]]


def measured(task: Task, genome: Genome, revision: str) -> dict[str, object]:
    """Train an arm and measure it: a row of the table of runs.

    task: what is trained.
    genome: of the task's world and number.
    revision: of the code.
    Raises ValueError as training does, with the last lines of its log.
    """
    started, entry = time.process_time(), entry_of(task.family, task.arm)
    windows = genome.opened(entry["signals"], entry["rna_features"])
    run = Run(
        windows[FACTUAL], genome.settings.folds(), entry, "sim", task.arm, 1, task.seed, git_revision=revision
    )
    found: dict[str, object] = {}
    if task.arm == "ridge_oracle":
        predict = fit_oracle(run, genome, windows)
    else:
        module, record = _trained(run)
        found["best_step"] = record["best_step"]
        predict = _predictor(module, windows)
        if task.arm in ("learned", "shuffled"):
            found |= _contexts(module, windows[FACTUAL], genome.test_genes(same=True))
    found |= estimands(genome, predict, windows[FACTUAL].expression.numpy())
    return {
        **task._asdict(),
        "seed": task.seed,
        "settings_hash": hash_of(task),
        "numbers_version": NUMBERS_VERSION,
        "revision": revision,
        **found,
        "seconds": round(time.process_time() - started, 1),
    }


def estimands(genome: Genome, predict: Predict, expression: np.ndarray) -> dict[str, float]:
    """MSE and Pearson of both test sets, and the response to both counterfactual genomes, of every output.

    genome: the genome and its twins.
    predict: of the fitted model.
    expression: (n_genes,) labels.

    The slopes are those of a straight line through the change in prediction over the change in background (in
    deviations), or over the true change in log10 rate, among test genes of the training's distribution.
    """
    found: dict[str, float] = {}
    for same, name in ((True, "same"), (False, "shifted")):
        rows = genome.test_genes(same)
        for output, values in predict(FACTUAL, rows).items():
            found[f"{output}_mse_{name}"] = float(np.mean((values - expression[rows]) ** 2))
            found[f"{output}_r_{name}"] = float(np.corrcoef(values, expression[rows])[0, 1])
    rows = genome.test_genes(same=True)
    before = predict(FACTUAL, rows)
    for state in STATES:
        after, column = predict(state, rows), CHANGE[state]
        change = (genome.truth[state][column] - genome.truth[FACTUAL][column]).to_numpy()[rows]
        for output in before:
            found[f"{output}_slope_{state}"] = slope(change, after[output] - before[output])
    return found


def slope(x: np.ndarray, y: np.ndarray) -> float:
    """Slope of the least-squares line of y over x.

    x: (n,).
    y: (n,).
    """
    centred = x - x.mean()
    return float(centred @ y / (centred @ centred))


def _trained(run: Run) -> tuple[torch.nn.Module, dict]:
    """The model with its best weights in eval mode, and what its metrics.json holds."""
    log = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        try:
            with contextlib.redirect_stderr(log):
                record = train(run, RunPaths.within(folder), "cpu")
        except (ValueError, SystemExit) as error:
            raise ValueError(f"{run.model}, seed {run.seed}: {error}\n{log.getvalue()[-2000:]}") from error
        return load_run(Path(folder)).module, record


def _predictor(module: torch.nn.Module, windows: dict) -> Predict:
    def predict(name: str, rows: np.ndarray) -> dict[str, np.ndarray]:
        answers: dict[str, list[torch.Tensor]] = {}
        with torch.inference_mode():
            for batch in Batches(windows[name], rows, GENES_AT_ONCE):
                output = module(batch.without_expression(), with_details=True)
                outputs = {OBSERVED: output.expression}
                if "intervention_prediction" in output.details:
                    outputs[INTERVENED] = output.details["intervention_prediction"]
                for key, values in outputs.items():
                    answers.setdefault(key, []).append(values.double())
        return {key: torch.cat(values).numpy() for key, values in answers.items()}

    return predict


def _contexts(module: torch.nn.Module, windows, rows: np.ndarray) -> dict[str, float]:
    """How alike the context weights are: deviation over genes, over channels, and cosine of the columns."""
    weights = []
    with torch.inference_mode():
        for batch in Batches(windows, rows, GENES_AT_ONCE):
            weights.append(module(batch.without_expression(), with_details=True).details["context_weights"])
    a = torch.cat(weights).double()
    columns = torch.nn.functional.normalize(a, dim=1)
    return {
        "context_sd_genes": float(a.std(dim=0).mean()),
        "context_sd_channels": float(a.mean(dim=0).std(dim=0).mean()),
        "context_cosine": float((columns[..., 0] * columns[..., 1]).sum(dim=1).mean()),
    }
