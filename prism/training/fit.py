"""One run, from top to bottom: a model is trained on a fold, tested once, and its files are written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from prism.compute.device import describe, place_on
from prism.compute.gpu_lock import reserved
from prism.compute.precision import usable_precision
from prism.genome.dataset.joint import gene_names
from prism.inference.contexts import collapse_warning, context_spread
from prism.inference.unknown_bases import unknown_warnings
from prism.jobs.attempts import EXIT_TRY_AGAIN
from prism.jobs.limits import Limits, OutOfTimeError
from prism.jobs.log import say
from prism.models import build
from prism.protocol.schedule import warm_up_warning
from prism.protocol.tuning import in_words
from prism.runs.checkpoint import write_checkpoint
from prism.runs.history import write_history
from prism.runs.paths import RunPaths
from prism.runs.predictions import prediction_table, write_predictions
from prism.runs.provenance import feature_scale, signal_scale
from prism.runs.quantiles import feature_quantiles, signal_quantiles
from prism.runs.record import RunRecord
from prism.scores import headlines, scores
from prism.training.closed_form import fit_closed_form
from prism.training.loop.evaluate import predict_split
from prism.training.loop.journal import Fitted
from prism.training.loop.state import RunState, seed_everything
from prism.training.memory.estimate import keep_freed_memory
from prism.training.memory.shortage import explained
from prism.training.run import Conditions, Run


def train(
    run: Run,
    paths: RunPaths,
    device: str = "auto",
    conditions: Conditions | None = None,
) -> dict[str, Any]:
    """Train, choose by validation MSE, test once, write the run's four files.

    run: what is trained on what.
    paths: where the files and the training state go; a killed run goes on from its state.
    device: auto (the default), cpu, cuda or cuda:<i>.
    conditions: what is saved when, and when to stop; by default without limits.

    Returns what metrics.json holds.
    Raises ValueError for what the user can correct: fold, labels, settings, device, memory, a loss that is NaN;
    SystemExit (EXIT_TRY_AGAIN) when the job's time is up, with the state saved.
    """
    conditions = conditions or Conditions()
    states = RunState(paths.state, run.identity, say)
    with fitting(run, states, device, conditions) as (module, fitted, place, precision):
        prediction = {
            split: predict_split(module, run, split, place, precision) for split in ("valid", "test")
        }
        contexts = _contexts(module, run, place)
        provenance = run.provenance(describe(place), precision, count_parameters(module))
        checkpoint = _checkpoint(run, fitted, provenance)
    record = _record(paths.metrics, run, fitted, prediction, provenance, contexts)
    write_checkpoint(paths.checkpoint, checkpoint)
    write_history(paths.history, fitted.rows)
    write_predictions(paths.predictions, _prediction_table(run, prediction))
    record.write()
    states.clear()
    _conclude(record, fitted)
    return record.content


@contextmanager
def fitting(
    run: Run, states: RunState, device: str, conditions: Conditions
) -> Iterator[tuple[nn.Module, Fitted, torch.device, str]]:
    """Fit a run's model, and hold its device while the block uses what came out.

    run: what is trained on what.
    states: where an unfinished training is saved, and gone on from.
    device: auto, cpu, cuda or cuda:<i>.
    conditions: what is saved when, and when to stop.

    Gives the model with the weights of the best validation, what is left of fitting it, its device and the precision
    of its products.
    Raises what `train` raises.
    """
    seed_everything(run.seed)
    module = build(run.entry["architecture"], run.build_settings)
    if run.start:
        run.start.load_into(module)
    closed_form = module.closed_form
    with _on_device("cpu" if closed_form else device, run, conditions.limits) as place:
        wanted = "fp32" if closed_form else run.settings.precision
        precision = usable_precision(wanted, place, run.cpu_precision)
        _announce(run, module, place, precision)
        keep_freed_memory(run, place, conditions.limits.mem_mb)
        if closed_form:
            fitted = fit_closed_form(module, run)
        else:
            from prism.training.gradient import fit_by_gradient  # Lightning takes a second to import

            fitted = fit_by_gradient(module, run, place, precision, states, conditions)
        module.load_state_dict(fitted.state_dict)
        yield module.to(place), fitted, place, precision


@contextmanager
def _on_device(wanted: str, run: Run, limits: Limits) -> Iterator[torch.device]:
    """A device of `wanted`. Shortages of memory on it are explained; the end of the job's time is an exit status."""
    try:
        with reserved(wanted, say, limits=limits) as place, explained(run, place, limits.mem_mb):
            yield place
    except OutOfTimeError as error:
        say(f"{error}; a re-run goes on from there")
        raise SystemExit(EXIT_TRY_AGAIN) from None


def _announce(run: Run, module: nn.Module, place: torch.device, precision: str) -> None:
    windows, wanted = run.windows, run.settings.precision
    reason = " (as cpu_precision says)" if place.type == "cpu" else f" ({wanted} is not available here)"
    reason = reason if precision != wanted else ""
    say(f"device: {describe(place)}, products in {precision}{reason}")
    say(f"model: {run.model} ({run.entry['architecture']}), {count_parameters(module):,} parameters")
    where = place_on(windows, place)
    signals = ", ".join(windows.signal_names) or "no signals"
    size = f"{len(windows.gene_id):,} genes x {windows.length:,} bp, {windows.nbytes / 1e9:.2f} GB {where}"
    say(f"dataset: {run.cell_type}, {size}; {signals}; {len(windows.rna_feature_names)} gene features")
    if run.is_joint:
        told = ", ".join(f"{each.cell_type} {len(each):,} genes" for each in windows.members)
        say(f"one model of {told}; each signal on its cell type's own scale")
    say(f"dataset hash: {windows.identity}")
    splits = ("train", "valid", "test") if run.with_test else ("train", "valid")
    counts = ", ".join(f"{split} {len(run.indices(split)):,}" for split in splits)
    lost = ", ".join(f"{split} {count:,}" for split, count in run.dropped_genes.items() if count)
    say(f"fold {run.fold}, seed {run.seed}: {counts} genes" + (f"; dropped: {lost}" if lost else ""))
    chosen = np.flatnonzero(run.splits != "")
    for line in unknown_warnings(
        windows.unknown_share(chosen),
        gene_names(windows, chosen),
        "nothing but signals and gene features can be learned of them, or predicted from",
    ):
        say(line)
    if run.tuned:
        say(f"tuned: {in_words(run.tuned)}")
    if run.start:
        say(f"weights of the start: {run.start.path}, sha256 {run.start.sha256}")
        if not run.start.knows_its_genes:
            say("warning: start_from: its training genes are not known; test genes may be among them")
    if not module.closed_form:
        steps = run.settings.total_steps(len(run.indices("train")))
        if warning := warm_up_warning(steps, run.settings):
            say(warning)


def count_parameters(module: nn.Module) -> int:
    """How many numbers the training of a model fits.

    module: the model; none for a closed form, whose coefficients are in buffers.
    """
    return sum(parameter.numel() for parameter in module.parameters())


def _prediction_table(run: Run, prediction: dict[str, np.ndarray]) -> pd.DataFrame:
    tables = []
    for split, values in prediction.items():
        table = prediction_table(run.windows, run.indices(split), values)
        table.insert(table.columns.get_loc("tss") + 1, "split", split)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _contexts(module: nn.Module, run: Run, place: torch.device) -> dict[str, Any]:
    """Spread of the contexts over the validation genes, with a line in the log where they collapsed; {} without any."""
    if not getattr(module, "n_context", 0):
        return {}
    size = run.settings.genes_at_once(run.windows.length)
    spread = context_spread(module, run.windows, run.indices("valid"), place, size)
    if warning := collapse_warning(spread):
        say(warning)
    return {"split": "valid"} | spread


def _record(
    path: Path,
    run: Run,
    fitted: Fitted,
    prediction: dict[str, np.ndarray],
    provenance: dict,
    contexts: dict[str, Any],
) -> RunRecord:
    whole = _scores(run, prediction)
    return RunRecord.of(
        path,
        cell_type=run.cell_type,
        model=run.model,
        fold=run.fold,
        seed=run.seed,
        metrics=whole["metrics"],
        train_mean=whole["floor"]["train_mean"]["test"],
        best_step=fitted.step,
        fit=fitted.report,
        contexts=contexts,
        label=run.label,
        provenance=provenance,
        entry=run.entry,
        tuned=run.tuned,
        start=run.start.record() if run.start else None,
        cell_types={name: _scores(run, prediction, name) for name in run.rows_by_cell_type("test")},
    )


def _scores(run: Run, prediction: dict[str, np.ndarray], cell_type: str = "") -> dict[str, Any]:
    """Scores of the splits and their floor: of all genes, or of one cell type of several."""

    def its(values: np.ndarray, split: str) -> np.ndarray:
        return values[run.rows_by_cell_type(split)[cell_type]] if cell_type else values

    known = {split: its(run.expression(split), split) for split in ("train", *prediction)}
    train_mean = np.full(len(known["test"]), known["train"].mean(dtype=np.float64))
    metrics = {split: scores(its(values, split), known[split]) for split, values in prediction.items()}
    return {"metrics": metrics, "floor": {"train_mean": {"test": scores(train_mean, known["test"])}}}


def _checkpoint(run: Run, fitted: Fitted, provenance: dict) -> dict[str, Any]:
    return {
        "architecture": run.entry["architecture"],
        "settings": run.build_settings,
        "state_dict": fitted.state_dict,
        "signals": list(run.windows.signal_names),
        "rna_feature_names": list(run.windows.rna_feature_names),
        "length": int(run.windows.length),
        "signal_scale": signal_scale(run.windows, run.indices("train")),
        "feature_scale": feature_scale(run.windows, run.indices("train")),
        "signal_quantiles": signal_quantiles(run.windows),
        "feature_quantiles": feature_quantiles(run.windows),
        "entry": run.entry,
        "provenance": provenance,
        "seen_genes": run.seen_genes,
        **({"tuned": run.tuned} if run.tuned else {}),
        **({"start": run.start.record()} if run.start else {}),
    }


def _conclude(record: RunRecord, fitted: Fitted) -> None:
    found = {metric.title: record.score("test", metric.name) for metric in headlines()}
    told = [f"{title} {'undefined' if np.isnan(value) else f'{value:.4f}'}" for title, value in found.items()]
    scored = ", ".join([f"{record.told_genes('test')} genes", *told])
    weights = "closed form" if fitted.step is None else f"weights of step {fitted.step}"
    say(f"test, {weights}: {scored}")
    for name, found in record.cell_types.items():
        of_its = found["metrics"]["test"]
        say(f"  {name}: {of_its['n']:,} genes, MSE {of_its['mse']:.4f}")
