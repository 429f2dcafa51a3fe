"""Lists of runs as figures need them: of one cell type, matched with other lists, model by model."""

from __future__ import annotations

from prism.runs.record import RunRecord


def of_cell_type(runs: list[RunRecord], cell_type: str) -> None:
    """Check that the runs of a figure are of one cell type and one assay.

    runs: those of the figure.
    cell_type: the one that they must have.
    Raises ValueError if they are not, or if there is no run.
    """
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


def paired(runs: list[RunRecord], items: list, what: str) -> None:
    """Check that two lists can be matched one to one.

    runs: those of the figure.
    items: what belongs to each.
    what: the items' name in the message.
    Raises ValueError if their lengths differ.
    """
    if len(runs) != len(items):
        raise ValueError(f"{len(runs)} runs for {len(items)} {what}; give one of each, in the same order")


def by_model(runs: list[RunRecord]) -> dict[str, list[int]]:
    """Positions of each model's runs in the list, models in order of first appearance.

    runs: those of the figure.
    """
    positions: dict[str, list[int]] = {}
    for position, run in enumerate(runs):
        positions.setdefault(run.model, []).append(position)
    return positions
