"""Which models are tried out before they are trained, and on which fold."""

from __future__ import annotations

from workflow_scripts.planning.plan import Plan

TRIALS = "results/smoke"


def results(plan: Plan) -> list[str]:
    """The trial of every model to train, for every cell type that has a label, and every group.

    plan: of this run of the workflow.
    """
    return [result(name, model) for name in plan.trained for model in plan.chosen["models"]]


def before_training(plan: Plan, cell_type: str, model: str) -> list[str]:
    """What the training of a model waits for: its trial where `smoke_first` is set, else nothing.

    plan: of this run of the workflow.
    cell_type: the name of a row of the table of cell types.
    model: the name of an entry of config/models.yaml.
    """
    return [result(cell_type, model)] if plan.config["smoke_first"] else []


def result(cell_type: str, model: str) -> str:
    """The file of one trial's record.

    cell_type: the name of a row of the table of cell types.
    model: the name of an entry of config/models.yaml.
    """
    return f"{TRIALS}/{cell_type}/{model}.json"


def trained_in(plan: Plan, environment: str) -> list[str]:
    """Entries that are trained by gradients in one conda environment.

    plan: of this run of the workflow.
    environment: `training`, or one of an architecture's own.
    """
    return [
        name
        for name, entry in plan.entries.items()
        if entry.traits.environment == environment and not entry.traits.closed_form
    ]


def solved(plan: Plan) -> list[str]:
    """Entries that are solved in closed form, not trained by gradients.

    plan: of this run of the workflow.
    """
    return [name for name, entry in plan.entries.items() if entry.traits.closed_form]


def fold(plan: Plan) -> str:
    """The fold that the genes of a trial are taken from: the first.

    plan: of this run of the workflow.
    """
    return str(plan.chosen["folds"][0])
