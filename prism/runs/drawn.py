"""What a figure needs to know of a run, read from the record (metrics.json) that the run left."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Run:
    """One trained model: identity, scores and where they come from.

    metrics: split -> metric -> value, errors in log10(x + 1) units (MSE: squared)
    floor: the same for the train-mean predictor; {} where it was not computed
    best_step: step of the kept checkpoint, None for a model that is fitted in closed form
    """

    cell_type: str
    model: str
    fold: str
    seed: str
    architecture: str
    length: int | None = None
    assay: str = ""
    metrics: dict = field(default_factory=dict)
    floor: dict = field(default_factory=dict)
    best_step: int | None = None
    entry: dict = field(default_factory=dict)
    provenance: dict = field(default_factory=dict)

    @classmethod
    def from_record(cls, record: dict, where: str) -> Run:
        """Make a Run of a metrics.json's content; `where` names the file in errors. Raises ValueError."""
        missing = [key for key in ("cell_type", "model", "fold", "seed") if key not in record]
        if missing:
            raise ValueError(
                f"{where}: no {', '.join(missing)} in it; is it a run's metrics.json? re-run the training"
            )
        entry = record.get("entry") or {}
        floor = (record.get("floor") or {}).get("train_mean") or {}
        return cls(
            cell_type=str(record["cell_type"]),
            model=str(record["model"]),
            fold=str(record["fold"]),
            seed=str(record["seed"]),
            architecture=str(entry.get("architecture", record["model"])),
            length=entry.get("length"),
            assay=str((record.get("label") or {}).get("assay") or ""),
            metrics=record.get("metrics") or {},
            floor=floor,
            best_step=record.get("best_step"),
            entry=entry,
            provenance=record.get("provenance") or {},
        )


def of_cell_type(runs: list[Run], cell_type: str) -> None:
    """Refuse runs of another cell type, and labels of more than one assay, in one figure. Raises ValueError."""
    if not runs:
        raise ValueError(f"{cell_type}: no run was given, so there is nothing to draw")
    for run in runs:
        if run.cell_type != cell_type:
            raise ValueError(
                f"run {run.model}, seed {run.seed} is of cell type {run.cell_type}, not {cell_type}; drop it"
            )
    assays = sorted({run.assay or "unknown" for run in runs})
    if len(assays) > 1:
        raise ValueError(
            f"{cell_type}: the runs' labels come from {', '.join(assays)}; draw one assay at a time"
        )


def paired(runs: list[Run], items: list, what: str) -> None:
    """Refuse lists that cannot be matched one to one. Raises ValueError."""
    if len(runs) != len(items):
        raise ValueError(f"{len(runs)} runs for {len(items)} {what}; give one of each, in the same order")


def by_model(runs: list[Run]) -> dict[str, list[int]]:
    """Positions of each model's runs in the list, models in order of first appearance."""
    positions: dict[str, list[int]] = {}
    for position, run in enumerate(runs):
        positions.setdefault(run.model, []).append(position)
    return positions
