"""Predictions of a trained model: the observed branch, in eval mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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
from prism.inference.input_scales import Scale, feature_warnings, signal_warnings
from prism.jobs.log import say
from prism.models import build
from prism.protocol.settings import TrainingSettings
from prism.runs.checkpoint import read_checkpoint
from prism.runs.predictions import prediction_table, write_predictions
from prism.runs.provenance import feature_scale, signal_scale


@dataclass(frozen=True)
class Trained:
    """A model and what was said about its data when it was trained (best.ckpt)."""

    module: nn.Module
    checkpoint: dict[str, Any]

    @classmethod
    def load(cls, path: str | Path) -> Trained:
        """Read a best.ckpt and build its model. Raises ValueError, naming the file, where that cannot be done."""
        checkpoint = read_checkpoint(path)
        module = build(checkpoint["architecture"], checkpoint["settings"])
        try:
            module.load_state_dict(checkpoint["state_dict"])
        except RuntimeError as error:
            told = " ".join(str(error).split())
            raise ValueError(
                f"{path}: its weights are not those of its settings ({told}); make it again"
            ) from None
        return cls(module.eval(), checkpoint)

    def feature_columns(self, there: Sequence[str]) -> list[int]:
        """Columns of a dataset's rna_features, in training's order; ValueError names what is missing."""
        needed = self.checkpoint["rna_feature_names"]
        missing = [name for name in needed if name not in there]
        if missing:
            raise ValueError(
                f"the model needs the gene features {', '.join(needed)}; the genes table lacks "
                f"{', '.join(missing)} (it has: {', '.join(there) or 'none'}). "
                "Add them, or use a model with rna_features: false"
            )
        return [list(there).index(name) for name in needed]

    def require(
        self,
        path: str | Path,
        architecture: str | None = None,
        signals: Sequence[str] | None = None,
        length: int | None = None,
    ) -> None:
        """ValueError unless the checkpoint `path` is of this architecture, signals (in order) and window, if given."""
        wanted = {"architecture": architecture, "length": length}
        wanted["signals"] = list(signals) if signals is not None else None
        wrong = [key for key, value in wanted.items() if value is not None and value != self.checkpoint[key]]
        if wrong:
            told = "; ".join(
                f"its {key} {_listed(self.checkpoint[key])}, needed {_listed(wanted[key])}" for key in wrong
            )
            raise ValueError(
                f"{path}: not the model that was asked for: {told}; delete it and make it again (train, or import it "
                "with what it was trained on), or ask for the model that it is"
            )

    def scale_warnings(self, signals: Scale, features: Scale, n_genes: int) -> list[str]:
        """A line for every signal and gene feature that lies elsewhere than in training (`scales`).

        signals, features: `identity.signal_scale` and `identity.feature_scale` of the data, over `n_genes`.
        """
        facts = self.checkpoint
        used = {name: features[name] for name in facts["rna_feature_names"]}
        # checkpoints of before `feature_scale` load as ever: unknown, as a released one's
        return signal_warnings(facts["signal_scale"], signals) + feature_warnings(
            facts.get("feature_scale"), used, n_genes
        )

    def source_warnings(self, sources: dict[str, dict]) -> list[str]:
        """A line for every signal that is of another output type or transform than in training."""
        lines = []
        for name in self.checkpoint["signals"]:
            then, now = self.checkpoint["provenance"].get("sources", {}).get(name, {}), sources.get(name, {})
            for key in ("output_type", "transform"):
                if key in then and key in now and then[key] != now[key]:
                    lines.append(f"warning: {name}: {key} is {now[key]} here and was {then[key]} in training")
        return lines


def predict(
    checkpoint: str | Path,
    windows: str | Path,
    genes: str | Path,
    out: str | Path,
    device: str = "auto",
    elements: str | Path | None = None,
    expected: Mapping[str, Any] | None = None,
    cpu_precision: str = "fp32",
) -> None:
    """Predict every gene of a dataset file with a best.ckpt and write gene_id, chrom, tss, (expression,) prediction.

    genes: the genes table, with or without expression. elements: the file of candidate elements, for a model that
    reads them. expected: architecture, signals and length as the checkpoint must have them (`Trained.require`).
    cpu_precision: of matrix products on a CPU, fp32 or bf16.
    Raises ValueError where it has not, and where the dataset lacks a signal, a gene feature or the window length that
    the model was trained with; warns where a signal or a gene feature has another scale.
    """
    trained = Trained.load(checkpoint)
    trained.require(checkpoint, **(expected or {}))
    facts = trained.checkpoint
    needs_features = bool(facts["rna_feature_names"])
    data = Windows(windows, genes, facts["length"], facts["signals"], needs_features, elements=elements)
    trained.feature_columns(data.rna_feature_names)  # refuses before it reads all windows
    everything = range(len(data.gene_id))
    scales = signal_scale(data, everything), feature_scale(data, everything)
    for line in trained.scale_warnings(*scales, len(everything)) + trained.source_warnings(data.sources):
        say(line)
    values = predicted_on(trained, data, everything, device, cpu_precision, say)
    refuse_bad_prediction(values, data.gene_id)
    write_predictions(out, prediction_table(data, everything, values))
    say(f"{out}: {len(values):,} predictions")


def predicted_on(
    trained: Trained,
    data: Windows,
    rows: Sequence[int],
    device: str,
    cpu_precision: str,
    say: Callable[[str], None],
) -> np.ndarray:
    """Predicted expression, (n,) float32 on the log10(x + 1) scale, of some genes, on a device that is free.

    data: windows of the model's length and signals, with its gene features.
    rows: places of the genes in it, (n,).
    device: auto, cpu, cuda or cuda:<number>.
    cpu_precision: of matrix products on a CPU, fp32 or bf16.
    say: gets the lines that describe device, model and data.
    Raises ValueError where the data lack a gene feature of the model.
    """
    facts = trained.checkpoint
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
        return predicted(trained.module.to(place), data, rows, place, precision, size, columns)


def predicted(
    module: nn.Module,
    windows,
    indices: Sequence[int],
    device: torch.device,
    precision: str,
    batch_size: int,
    columns: Sequence[int] | None = None,
) -> np.ndarray:
    """Predicted expression, (n,) float32 on the log10(x + 1) scale, of some genes of a `Windows` reader.

    The model sees no expression. columns: which rna_features to use, in which order; None for all.
    """
    was_training, answers = module.training, []
    module.eval()
    with torch.inference_mode(), autocast(device, precision):
        for chunk in chunks(indices, batch_size):
            batch = windows.batch(chunk).without_expression().to(device)
            batch = batch if columns is None else with_columns(batch, columns)
            answers.append(module(batch).expression.float().cpu())
    module.train(was_training)
    return torch.cat(answers).numpy()


def _listed(value: Any) -> str:
    return (", ".join(value) or "none") if isinstance(value, list) else str(value)


def with_columns(batch: Batch, columns: Sequence[int]) -> Batch:
    """The same batch with some columns of rna_features, in this order (`Trained.feature_columns`)."""
    return replace(batch, rna_features=batch.rna_features[:, list(columns)])


def refuse_bad_prediction(prediction: np.ndarray, gene_id: Sequence[str], when: str = "") -> None:
    """ValueError naming genes unless every prediction (n,) is finite; `when` is said first."""
    bad = np.flatnonzero(~np.isfinite(prediction))
    if len(bad):
        names = ", ".join(gene_id[i] for i in bad[:5]) + (", ..." if len(bad) > 5 else "")
        raise ValueError(
            f"{when}the predictions of {len(bad)} of {len(prediction)} genes are not finite: {names}. "
            "Look at their signals; in training, lower learning_rate"
        )
