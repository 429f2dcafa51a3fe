"""Which candidates are tried before an entry is trained, and where what they leave goes."""

from __future__ import annotations

import json

from prism.protocol.tuning import candidates
from workflow_scripts.planning import trials
from workflow_scripts.planning.plan import Plan
from workflow_scripts.planning.tables.models import Entry

TUNING = "results/tuning"
FOLDER = f"{TUNING}/{{cell_type}}/{{model}}/fold{{fold}}"
CANDIDATE = f"{FOLDER}/candidate{{candidate}}"
STATE = f"{CANDIDATE}/state"
TABLE = "results/comparison/tuning.tsv"


def tuned_in(plan: Plan, environment: str) -> list[str]:
    """Entries with `tune` that are trained by gradients in one conda environment.

    plan: of this run of the workflow.
    environment: `training`, or one of an architecture's own.
    """
    return [name for name in trials.trained_in(plan, environment) if plan.entries[name].tune]


def solved(plan: Plan) -> list[str]:
    """Entries with `tune` that are solved in closed form.

    plan: of this run of the workflow.
    """
    return [name for name in trials.solved(plan) if plan.entries[name].tune]


def seed(plan: Plan) -> int:
    """The seed of every candidate: the first of the run.

    plan: of this run of the workflow.
    """
    return plan.chosen["seeds"][0]


def entry_of(plan: Plan, model: str, candidate: int | str) -> Entry:
    """A candidate as an entry.

    plan: of this run of the workflow.
    model: the name of an entry with `tune`.
    candidate: its place, from 1.
    Raises ValueError for a place that there is not.
    """
    found = plan.entries[model].candidates
    if not 1 <= int(candidate) <= len(found):
        raise ValueError(f"model {model}: candidate {candidate} is not there; its tune has {len(found)}")
    return found[int(candidate) - 1]


def values_json(plan: Plan, model: str, candidate: int | str) -> str:
    """The values of a candidate as its script receives them.

    plan: of this run of the workflow.
    model: the name of an entry with `tune`.
    candidate: its place, from 1.
    """
    entry_of(plan, model, candidate)
    return json.dumps(candidates(plan.entries[model].tune)[int(candidate) - 1])


def tune_json(plan: Plan, model: str) -> str:
    """The lists of values of an entry as a script receives them.

    plan: of this run of the workflow.
    model: the name of an entry with `tune`.
    """
    return json.dumps(plan.entries[model].tune, sort_keys=True)


def records(plan: Plan, cell_type: str, model: str, fold: str) -> list[str]:
    """The records of all candidates, in order.

    plan: of this run of the workflow.
    cell_type: the name of a row of the table of cell types.
    model: the name of an entry with `tune`.
    fold: of the table of folds.
    """
    folder = FOLDER.format(cell_type=cell_type, model=model, fold=fold)
    count = len(plan.entries[model].candidates)
    return [f"{folder}/candidate{place}/record.json" for place in range(1, count + 1)]


def chosen(plan: Plan, cell_type: str, model: str, fold: str) -> list[str]:
    """What the training of an entry waits for: the choice among its candidates, or nothing where it has none.

    plan: of this run of the workflow.
    cell_type: the name of a row of the table of cell types.
    model: the name of an entry of config/models.yaml.
    fold: of the table of folds.
    """
    folder = FOLDER.format(cell_type=cell_type, model=model, fold=fold)
    return [f"{folder}/chosen.json"] if plan.entries[model].tune else []


def tables(plan: Plan) -> list[str]:
    """The table of candidates of every tuning that the run asks for.

    plan: of this run of the workflow.
    """
    folders = [
        FOLDER.format(cell_type=training.cell_type, model=training.model, fold=training.fold)
        for training in plan.trainings()
        if plan.entries[training.model].tune
    ]
    return [f"{folder}/candidates.tsv" for folder in dict.fromkeys(folders)]


def all_tables(plan: Plan) -> list[str]:
    """The table of all tunings, if the run asks for any.

    plan: of this run of the workflow.
    """
    return [TABLE] if tables(plan) else []
