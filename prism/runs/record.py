"""The record of a finished run, metrics.json: the one place that writes it and reads it.

Neither torch nor h5py is imported here: tables and figures read records too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prism.files.checked_json import read_checked
from prism.jobs import records

NEEDED = ("cell_type", "model", "fold", "seed", "metrics", "provenance")


class UnrecordedScoreError(ValueError):
    """A record lacks a score: it is older than the score, or of another split."""


@dataclass(frozen=True, eq=False)
class RunRecord:
    """What a run left in its metrics.json.

    content: the file as it is; a score that does not exist, such as a correlation with a constant, is None.
    path: the file, which errors name.
    """

    content: Mapping[str, Any]
    path: Path

    @classmethod
    def of(
        cls,
        path: str | Path,
        *,
        cell_type: str,
        model: str,
        fold: int | str,
        seed: int,
        metrics: Mapping[str, Mapping[str, float]],
        train_mean: Mapping[str, float],
        best_step: int | None,
        fit: Mapping[str, Any],
        label: Mapping[str, Any],
        provenance: Mapping[str, Any],
        entry: Mapping[str, Any],
        tuned: Mapping[str, Any] | None = None,
        contexts: Mapping[str, Any] | None = None,
        start: Mapping[str, Any] | None = None,
        cell_types: Mapping[str, Any] | None = None,
    ) -> RunRecord:
        """The record of a run that has just ended; `write` writes it.

        path: the file to be.
        cell_type, model, fold, seed: which run it is.
        metrics: scores by split, as `prism.scores.scores` returns them, of valid and test.
        train_mean: test scores of predicting the training genes' mean for every gene.
        best_step: optimiser step whose weights were kept; None for a closed form.
        fit: what a closed form says of its fit; {} otherwise.
        label: where the expression came from.
        provenance: what the numbers can be traced back to.
        entry: the model's entry of config/models.yaml, resolved, with the values that it was trained with.
        tuned: what was chosen by tuning (`prism.runs.tuning`); written only where something was.
        contexts: how much the contexts of a Prism differ (`prism.inference.contexts`); {} or None, the default, without
            contexts, and then not written.
        start: the checkpoint that training started from (`prism.training.start`); written only where there was one.
        cell_types: of a model trained on a group of cell types, by their names: metrics and floor of the genes of
            each; written only there.
        """
        content = {
            "cell_type": cell_type,
            "model": model,
            "fold": fold,
            "seed": seed,
            "metrics": metrics,
            "floor": {"train_mean": {"test": train_mean}},
            "best_step": best_step,
            "fit": fit,
            **({"contexts": contexts} if contexts else {}),
            "label": label,
            "provenance": provenance,
            "entry": entry,
            **({"tuned": tuned} if tuned else {}),
            **({"start": start} if start else {}),
            **({"cell_types": cell_types} if cell_types else {}),
        }
        return cls(records.without_nan(content), Path(path))

    @classmethod
    def read(cls, path: str | Path) -> RunRecord:
        """Read a metrics.json.

        path: the file that a training wrote.
        Raises ValueError, naming the file and the fix, where it does not hold a run's record as it was written.
        """
        content = read_checked(path, "run's record", "re-run the training")
        missing = [key for key in NEEDED if key not in content]
        if missing:
            raise ValueError(
                f"{path}: no {', '.join(missing)} in it; is it a run's metrics.json? "
                "if so, delete it and re-run the training"
            )
        return cls(content, Path(path))

    def write(self) -> None:
        """Write the file; it appears whole or not at all."""
        records.write(self.path, self.content)

    cell_type = property(lambda self: str(self.content["cell_type"]))
    model = property(lambda self: str(self.content["model"]))
    fold = property(lambda self: str(self.content["fold"]))
    seed = property(lambda self: int(self.content["seed"]))
    metrics = property(lambda self: self.content["metrics"] or {})
    best_step = property(lambda self: self.content.get("best_step"))
    label = property(lambda self: self.content.get("label") or {})
    provenance = property(lambda self: self.content["provenance"] or {})
    contexts = property(lambda self: self.content.get("contexts") or {})
    entry = property(lambda self: self.content.get("entry") or {})
    tuned = property(lambda self: self.content.get("tuned") or {})
    start = property(lambda self: self.content.get("start") or {})
    cell_types = property(lambda self: self.content.get("cell_types") or {})
    architecture = property(lambda self: str(self.entry.get("architecture", self.model)))
    length = property(lambda self: self.entry.get("length"))
    assay = property(lambda self: str(self.label.get("assay") or ""))

    def score(self, split: str, metric: str) -> float:
        """A score on the label's scale, log10(x + 1); nan where it does not exist.

        split: valid or test.
        metric: a name in `prism.scores.METRICS`.
        Raises UnrecordedScoreError, naming file, score and fix, where the file does not have it.
        """
        if not self.has_score(split, metric):
            raise UnrecordedScoreError(self.told_unrecorded(split, metric))
        value = self.metrics[split][metric]
        return float("nan") if value is None else float(value)

    def has_score(self, split: str, metric: str) -> bool:
        """Whether the file has this score of the split, also as one that does not exist.

        split: valid or test.
        metric: a name in `prism.scores.METRICS`.
        """
        return metric in (self.metrics.get(split) or {})

    def told_unrecorded(self, split: str, metric: str) -> str:
        """The line that says that a score is not in the file, and what to do.

        split: valid or test.
        metric: a name in `prism.scores.METRICS`.
        """
        return (
            f"{self.path}: no {metric} of the {split} split is recorded; the run is older than that score. "
            "Delete the file and re-run the training to have it"
        )

    def genes(self, split: str) -> int | None:
        """How many genes of the split were scored; None where the file does not say.

        split: valid or test.
        """
        return (self.metrics.get(split) or {}).get("n")

    def dropped(self, split: str) -> int:
        """How many genes of the split have no label or no place, and so were not scored; 0 if not recorded.

        split: train, valid or test.
        """
        return (self.provenance.get("dropped_genes") or {}).get(split, 0)

    def told_genes(self, split: str) -> str:
        """How many genes of the split were scored, such as "1,167", or "1,070 of 1,167" where some were dropped.

        split: valid or test.
        """
        scored, dropped = self.genes(split), self.dropped(split)
        if scored is None:
            return "unknown"
        return f"{scored:,} of {scored + dropped:,}" if dropped else f"{scored:,}"

    def floor(self, split: str) -> dict[str, float | None]:
        """Scores of predicting the training genes' mean, by metric; {} where they were not computed.

        split: test; other splits have no such scores.
        """
        return ((self.content.get("floor") or {}).get("train_mean") or {}).get(split) or {}
