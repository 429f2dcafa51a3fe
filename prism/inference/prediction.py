"""Predictions of a trained model, in eval mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from prism.compute import malloc
from prism.compute.batches import chunks
from prism.compute.device import describe
from prism.compute.gpu_lock import reserved
from prism.compute.precision import autocast, usable_precision
from prism.genome.batch import Batch
from prism.genome.dataset.windows import Windows
from prism.genome.genes.chosen import chosen_genes
from prism.genome.reading import refuse_other_orientation
from prism.inference.scale_matching import NONE, matched, matched_words
from prism.inference.trained import Trained
from prism.inference.unknown_bases import NO_BASE, unknown_warnings
from prism.jobs import records
from prism.jobs.log import Countdown, say
from prism.protocol.settings import TrainingSettings
from prism.runs.predictions import cell_type_table, write_predictions
from prism.runs.provenance import feature_scale, signal_scale


class NotFiniteError(ValueError):
    """A loss, a gradient or a prediction is NaN or infinite: of weights that went astray, or of bad input."""


def predict(
    checkpoint: str | Path,
    windows: str | Path,
    genes: str | Path,
    out: str | Path,
    device: str = "auto",
    elements: str | Path | None = None,
    expected: Mapping[str, Any] | None = None,
    cpu_precision: str = "fp32",
    *,
    match_scale: str = NONE,
    training: tuple[str | Path, str | Path] | None = None,
    only: Sequence[str] | None = None,
    held_out: Callable[[Sequence[str], Sequence[str]], Sequence[str]] | None = None,
    record: str | Path | None = None,
) -> None:
    """Predict every gene of a dataset file and write a table (`prism.runs.predictions.cell_type_table`).

    A gene whose window has no known base gets a row without a prediction, and the reason.

    checkpoint: best.ckpt of a run, or an imported one.
    windows: dataset file (.h5), of this or another cell type.
    genes: its genes table, with or without expression.
    out: table to write (.tsv.gz).
    device: auto (the default), cpu, cuda or cuda:<number>.
    elements: file of candidate elements, for a model that reads them; None for any other.
    expected: architecture, signals, length and orientation that the checkpoint must have (`Trained.require`); None to
        accept any.
    cpu_precision: of matrix products on a CPU, fp32 (the default) or bf16.
    match_scale: none (the default), or quantile: signals and promoter activity are brought to training's scale
        (`prism.inference.scale_matching`).
    training: dataset file and genes table of the training, for a checkpoint without its quantiles; default None.
    only: ids or symbols of the genes to predict; None (the default) for all.
    held_out: gives, for ids and chromosomes of genes, their splits in the training's fold; None (the default) where
        that is unknown.
    record: JSON file to write: what was predicted from what, and the scales of its inputs; default None.
    Raises ValueError for another checkpoint than expected, where the dataset lacks a signal, a gene feature or the
    window length of the model's training, for unknown genes, and what `matched` raises. Warns of a signal or a gene
    feature with another scale than in training.
    """
    trained = Trained.load(checkpoint)
    trained.require(checkpoint, **(expected or {}))
    data = trained.windows(windows, genes, elements)
    rows = _rows(data, only, genes)
    given = None if training is None or match_scale == NONE else trained.windows(*training)
    before = _scales(data)
    data = matched(trained.checkpoint, data, checkpoint, match_scale, given)
    scales = before if match_scale == NONE else _scales(data)
    for line in matched_words(match_scale, *before[:1], *scales[:1]):
        say(line)
    warnings = trained.scale_warnings(*scales, len(data.gene_id)) + trained.source_warnings(data.sources)
    unknown = data.unknown_share(rows)
    warnings += unknown_warnings(unknown, [data.gene_id[row] for row in rows])
    for line in warnings:
        say(line)
    known = unknown < 1
    values = np.full(len(rows), np.nan, np.float32)
    if known.any():
        values[known] = predicted_on(trained, data, rows[known], device, cpu_precision, say)
    refuse_bad_prediction(values[known], [data.gene_id[row] for row in rows[known]])
    chrom = [data.chrom[row] for row in rows]
    split = held_out([data.gene_id[row] for row in rows], chrom) if held_out else [""] * len(rows)
    reason = ["" if there else NO_BASE for there in known]
    write_predictions(out, cell_type_table(data, rows, values, split, reason))
    if record is not None:
        facts = _facts(trained, data, match_scale, before, scales)
        records.write(
            record, facts | {"genes": len(rows), "predicted": int(known.sum()), "warnings": warnings}
        )
    say(f"{out}: {int(known.sum()):,} predictions")


def _rows(data: Windows, only: Sequence[str] | None, genes: str | Path) -> np.ndarray:
    """Places of the chosen genes; those that were dropped are named."""
    if only is None:
        return np.arange(len(data.gene_id))
    found = chosen_genes(data.gene_table, only, genes)
    for gene, reason in found.items():
        if reason:
            say(f"warning: {gene} was asked for, and dropped from the genes table: {reason}")
    wanted = {gene for gene, reason in found.items() if not reason}
    rows = np.array([row for row, gene in enumerate(data.gene_id) if gene in wanted], np.int64)
    if not len(rows):
        raise ValueError(f"{genes}: all genes that were asked for were dropped there; ask for others")
    return rows


def _scales(data: Any) -> tuple[dict, dict]:
    everything = range(len(data.gene_id))
    return signal_scale(data, everything), feature_scale(data, everything)


def _facts(trained: Trained, data: Any, match_scale: str, before: tuple, after: tuple) -> dict[str, Any]:
    """What a prediction is made of, for its record."""
    facts = trained.checkpoint
    then = {**(facts["signal_scale"] or {}), **(facts.get("feature_scale") or {})}
    here, seen = ({**signals, **features} for signals, features in (before, after))
    return {
        "cell_type": data.cell_type,
        "dataset_hash": data.identity,
        "model": {
            "architecture": facts["architecture"],
            "length": facts["length"],
            "signals": list(facts["signals"]),
            "trained_on": facts["provenance"].get("dataset_hash"),
        },
        "match_scale": match_scale,
        "scales": {
            name: {"training": then.get(name), "here": here[name], "matched": seen[name]}
            if match_scale != NONE
            else {"training": then.get(name), "here": here[name]}
            for name in here
        },
    }


def predicted_on(
    trained: Trained,
    data: Windows,
    rows: Sequence[int],
    device: str,
    cpu_precision: str,
    say: Callable[[str], None],
) -> np.ndarray:
    """Predict the expression of some genes on a device that no other run holds.

    trained: the model with its checkpoint.
    data: windows of the model's length, signals and orientation, with its gene features.
    rows: (n,) places of the genes in the dataset.
    device: auto, cpu, cuda or cuda:<number>.
    cpu_precision: of matrix products on a CPU, fp32 or bf16.
    say: where the lines go that describe device, model and data.

    Returns (n,) float32, log10(x + 1).
    Raises ValueError where the data lack a gene feature of the model, and for another orientation.
    """
    facts = trained.checkpoint
    refuse_other_orientation(data, facts["entry"], "the model")
    columns = trained.feature_columns(data.rna_feature_names)
    settings = TrainingSettings.from_entry(facts["entry"].get("training") or {})
    closed_form = getattr(trained.module, "closed_form", False)
    with reserved("cpu" if closed_form else device, say) as place:
        if place.type == "cpu":
            malloc.keep()  # gradients are what is large, and there are none
        precision = usable_precision("fp32" if closed_form else settings.precision, place, cpu_precision)
        say(f"device: {describe(place)}, products in {precision}")
        say(
            f"model: {facts['architecture']}, length {facts['length']:,}, {', '.join(facts['signals']) or 'no signals'}"
        )
        say(f"dataset: {data.cell_type}, {len(data.gene_id):,} genes, {data.identity}")
        size = settings.genes_at_once(facts["length"])
        module, progress = trained.module.to(place), Countdown(len(rows), "genes", say)
        return predicted(module, data, rows, place, precision, size, columns, progress)


def predicted(
    module: nn.Module,
    windows,
    indices: Sequence[int],
    device: torch.device,
    precision: str,
    batch_size: int,
    columns: Sequence[int] | None = None,
    progress: Countdown | None = None,
) -> np.ndarray:
    """Predict the expression of some genes; the model does not see their labels.

    module: a model of `prism.models`, on `device`.
    windows: a `Windows` reader.
    indices: (n,) places of the genes in the dataset.
    device: where the model computes.
    precision: of matrix products: fp32, bf16 or fp16.
    batch_size: genes that go through the model at once.
    columns: which rna_features to use, in which order; None (the default) for all.
    progress: is told how many genes are done; None (the default) for nobody.

    Returns (n,) float32, log10(x + 1).
    """
    was_training, answers, done = module.training, [], 0
    module.eval()
    with torch.inference_mode(), autocast(device, precision):
        for chunk in chunks(indices, batch_size):
            batch = windows.batch(chunk).without_expression().to(device)
            batch = batch if columns is None else with_columns(batch, columns)
            answers.append(module(batch).expression.float().cpu())
            done += len(chunk)
            if progress is not None:
                progress.reached(done)
    module.train(was_training)
    return torch.cat(answers).numpy()


def with_columns(batch: Batch, columns: Sequence[int]) -> Batch:
    """The same batch with some columns of rna_features.

    batch: with all the columns of a dataset.
    columns: places of the wanted columns, in the order of the result (`Trained.feature_columns`).
    """
    return replace(batch, rna_features=batch.rna_features[:, list(columns)])


def refuse_bad_prediction(prediction: np.ndarray, gene_id: Sequence[str], when: str = "") -> None:
    """Raise NotFiniteError, naming genes, unless every prediction is finite.

    prediction: (n,), log10(x + 1).
    gene_id: (n,) names of the genes.
    when: begins the message, such as "after step 3 "; default "".
    """
    bad = np.flatnonzero(~np.isfinite(prediction))
    if len(bad):
        names = ", ".join(gene_id[i] for i in bad[:5]) + (", ..." if len(bad) > 5 else "")
        raise NotFiniteError(
            f"{when}the predictions of {len(bad)} of {len(prediction)} genes are not finite: {names}. "
            "Look at their signals; in training, lower learning_rate"
        )
