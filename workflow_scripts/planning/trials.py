"""Which models are tried out before they are trained, and on which fold."""

from __future__ import annotations

from workflow_scripts.planning.models import CLOSED_FORM
from workflow_scripts.planning.plan import Plan

OWN_ENVIRONMENT = ("enformer",)  # architectures whose library lives apart


def results(plan: Plan) -> list[str]:
    """The trial of every model to train, for every cell type that has a label."""
    return [result(name, model) for name in plan.trained_cell_types for model in plan.chosen["models"]]


def before_training(plan: Plan, cell_type: str, model: str) -> list[str]:
    """What training waits for: the model's trial where `smoke_first` is set, else nothing."""
    return [result(cell_type, model)] if plan.config["smoke_first"] else []


def result(cell_type: str, model: str) -> str:
    """Where a trial's facts lie."""
    return f"results/smoke/{cell_type}/{model}.json"


def in_shared_environment(plan: Plan) -> list[str]:
    """Entries that are trained by gradients in the environment of all."""
    apart = (*CLOSED_FORM, *OWN_ENVIRONMENT)
    return [name for name, entry in plan.entries.items() if entry.architecture not in apart]


def fold(plan: Plan) -> str:
    """The fold that the genes of a trial are taken from: the first."""
    return str(plan.chosen["folds"][0])
