"""Ensembles of seeds and scores of transfers: which predictions they are made of, and what their scripts are told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from workflow_scripts.planning import requests
from workflow_scripts.planning.files import Files
from workflow_scripts.planning.plan import Plan
from workflow_scripts.planning.prediction_files import PREDICTIONS
from workflow_scripts.planning.requests import Training

TRANSFER = "results/transfer/scores.tsv"
ENSEMBLE = "ensemble"


@dataclass(frozen=True)
class Ensemble:
    """Predictions of one cell type with all seeds of one training.

    cell_type: that is predicted.
    members: the trainings, which differ in their seeds.
    """

    cell_type: str
    members: tuple[Training, ...]

    @property
    def name(self) -> str:
        """Such as K562.prism_2k.fold11."""
        return self.members[0].name.rpartition(".")[0]

    @property
    def file(self) -> str:
        """Its table."""
        return f"{PREDICTIONS}/{self.cell_type}/{self.name}.{ENSEMBLE}.tsv.gz"


def prediction(cell_type: str, training: Training) -> str:
    """The table of a prediction.

    cell_type: that is predicted.
    training: of the model.
    """
    return f"{PREDICTIONS}/{cell_type}/{training.name}.tsv.gz"


def named_groups(plan: Plan) -> list[Ensemble]:
    """Predictions that the configuration names, those that differ in the seed together.

    plan: of this run of the workflow.
    """
    groups: dict[tuple, list[Training]] = {}
    for cell_type, run in requests.predictions(plan.config):
        if (training := Training.named(run)) and run not in plan.released:
            key = (cell_type, training.cell_type, training.model, training.fold)
            groups.setdefault(key, []).append(training)
    return [Ensemble(key[0], tuple(members)) for key, members in groups.items()]


def ensemble_files(plan: Plan) -> list[str]:
    """The tables of those groups that are of several seeds.

    plan: of this run of the workflow.
    """
    return [group.file for group in named_groups(plan) if len(group.members) > 1]


def ensemble(plan: Plan, cell_type: str, name: str) -> Ensemble:
    """The ensemble of a name: of the seeds that the configuration predicts with, else of all that it trains.

    plan: of this run of the workflow.
    cell_type: that is predicted.
    name: such as K562.prism_2k.fold11.
    """
    for group in named_groups(plan):
        if (group.cell_type, group.name) == (cell_type, name):
            return group
    first = Training.named(f"{name}.seed0")
    seeds = plan.seeds(first.model)
    return Ensemble(
        cell_type, tuple(Training(first.cell_type, first.model, first.fold, seed) for seed in seeds)
    )


def is_scored(plan: Plan, cell_type: str, trained_on: str) -> bool:
    """Whether predictions of a cell type with models of another can be scored: it has a label, and the same genome.

    plan: of this run of the workflow.
    cell_type: that is predicted.
    trained_on: cell type, or group, of the trainings.
    """
    members = plan.members(trained_on)
    there, own = plan.cell_types[cell_type], plan.cell_types[members[0]]
    return cell_type not in members and plan.trains(cell_type) and there.assembly == own.assembly


class TransferFiles:
    """Answers for the table of transfers.

    files: of the same plan.
    """

    def __init__(self, files: Files):
        self.files, self.plan = files, files.plan
        self._groups = [
            group
            for group in named_groups(self.plan)
            if is_scored(self.plan, group.cell_type, group.members[0].cell_type)
        ]

    def table(self) -> list[str]:
        """The table of all transfers, if there is any to score."""
        return [TRANSFER] if self._groups else []

    def predictions(self) -> list[str]:
        """Predictions of the other cell types."""
        return [prediction(group.cell_type, each) for group in self._groups for each in group.members]

    def own(self) -> list[str]:
        """Predictions of the cell types that were trained on, of the genes that were held out."""
        runs = [f"{each.folder}/predictions.tsv.gz" for group in self._groups for each in group.members]
        return list(dict.fromkeys(runs))

    def described(self) -> list[str]:
        """The transfers as their script receives them, JSON each: every seed, and every ensemble."""
        found = []
        for group in self._groups:
            found += [self._described(group, (each,)) for each in group.members]
            found += [self._described(group, group.members)] if len(group.members) > 1 else []
        return [json.dumps(each, sort_keys=True) for each in found]

    def _described(self, group: Ensemble, members: tuple[Training, ...]) -> dict[str, Any]:
        first = members[0]
        return {
            "cell_type": group.cell_type,
            "trained_on": first.cell_type,
            "model": first.model,
            "fold": first.fold,
            "seed": str(first.seed) if len(members) == 1 else ENSEMBLE,
            "predictions": [self.files.placed(prediction(group.cell_type, each)) for each in members],
            "own": [self.files.placed(f"{each.folder}/predictions.tsv.gz") for each in members],
            "facts": {
                "match_scale": requests.asked_of(self.plan.config, group.cell_type).match_scale,
                "label": self._label(group.cell_type),
                "own_label": self._label(first.cell_type),
            },
        }

    def _label(self, cell_type: str) -> str:
        label = self.plan.cell_types[
            self.plan.members(cell_type)[0]
        ].label  # those of a group share their assay
        return label.assay or label.kind
