"""What the configuration asks for: trainings, predictions with the models that they leave, tokens by their windows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workflow_scripts.planning.tables.patterns import FOLD, NAME

_TRAINING = re.compile(rf"(?P<cell_type>{NAME})\.(?P<model>{NAME})\.fold(?P<fold>{FOLD})\.seed(?P<seed>\d+)")


@dataclass(frozen=True)
class Training:
    """One training.

    cell_type: a row of the table of cell types, or a group of `run.joint`. model: an entry of models.yaml. fold: a fold
    of the folds table. seed: of weights and batches.
    """

    cell_type: str
    model: str
    fold: str
    seed: int

    @classmethod
    def named(cls, name: str) -> Training | None:
        """The training that a prediction names.

        name: such as `K562.prism_2k.fold11.seed2`; None for one of another form, as a released checkpoint's is.
        """
        found = _TRAINING.fullmatch(name)
        return cls(**found.groupdict() | {"seed": int(found["seed"])}) if found else None

    @property
    def name(self) -> str:
        """As a prediction names it."""
        return f"{self.cell_type}.{self.model}.fold{self.fold}.seed{self.seed}"

    @property
    def folder(self) -> str:
        """The folder of its results, relative to the working directory."""
        return f"results/runs/{self.cell_type}/{self.model}/fold{self.fold}/seed{self.seed}"


@dataclass(frozen=True)
class Asked:
    """What `predictions` says of one cell type.

    runs: to predict it with.
    genes: ids or symbols of the genes to predict, or the path of a list of them; None for all.
    match_scale: none or quantile.
    """

    runs: tuple[str, ...] = ()
    genes: tuple[str, ...] | str | None = None
    match_scale: str = "none"


def asked_of(config: dict, cell_type: str) -> Asked:
    """What `predictions` says of a cell type; of one that it does not name, that nothing is asked for.

    config: the whole configuration, as for the functions below.
    cell_type: the name of a row.
    """
    said = (config.get("predictions") or {}).get(cell_type) or {}
    said = {"runs": said} if isinstance(said, list) else said
    genes = said.get("genes")
    return Asked(
        tuple(said.get("runs") or ()),
        tuple(genes) if isinstance(genes, list) else genes,
        said.get("match_scale") or "none",
    )


def predictions(config: dict) -> list[tuple[str, str]]:
    """(cell type, run) of every prediction; a run is the name of a training or of a released checkpoint.

    config: the whole configuration, as for the functions below.
    """
    named = config.get("predictions") or {}
    return [(name, run) for name in named for run in dict.fromkeys(asked_of(config, name).runs)]


def token_runs(config: dict) -> list[str]:
    """The runs that encode the DNA of dynamic tokens: names of trainings or of released checkpoints, each once.

    config: the whole configuration.
    """
    named = ((each.get("encoder") or {}).get("run") for each in (config.get("tokens") or {}).values())
    return list(dict.fromkeys(run for run in named if run))


def named_trainings(config: dict) -> list[Training]:
    """The trainings that predictions and dynamic tokens name, each once.

    config: the whole configuration.
    """
    found = [Training.named(run) for run in (*(run for _, run in predictions(config)), *token_runs(config))]
    return list(dict.fromkeys(training for training in found if training))


def joint(config: dict) -> dict[str, list[str]]:
    """The cell types of each group that models are trained on together, sorted: their order in the file says nothing.

    config: the whole configuration.
    """
    return {name: sorted(members) for name, members in (config["run"].get("joint") or {}).items()}


def trained_or_described(config: dict) -> list[str]:
    """Cell types whose datasets are made: those chosen, and the members of groups, each once.

    config: the whole configuration.
    """
    members = [name for names in joint(config).values() for name in names]
    return list(dict.fromkeys([*config["run"]["cell_types"], *members]))


def cell_types(config: dict) -> list[str]:
    """Cell types to train on, to predict for, or whose genes have dynamic tokens, each once.

    config: the whole configuration.
    """
    encoders = ((each.get("encoder") or {}) for each in (config.get("tokens") or {}).values())
    of_tokens = (each["cell_type"] for each in encoders if each.get("cell_type"))
    trained = [each.cell_type for each in map(Training.named, token_runs(config)) if each]
    groups = joint(config)
    of_runs = [name for each in trained for name in groups.get(each, [each])]
    predicted = (name for name, _ in predictions(config))
    return list(dict.fromkeys([*trained_or_described(config), *predicted, *of_tokens, *of_runs]))


def models(config: dict) -> list[str]:
    """Entries to train, by themselves, to predict with or to encode DNA, each once.

    config: the whole configuration.
    """
    named = [training.model for training in named_trainings(config)]
    return list(dict.fromkeys([*config["run"]["models"], *named]))


def folds(config: dict) -> list[str]:
    """Folds to train on, by themselves, to predict with or to encode DNA, and those that tokens hold out, each once.

    config: the whole configuration.
    """
    named = [training.fold for training in named_trainings(config)]
    held_out = [each.get("fold") for each in (config.get("tokens") or {}).values()]
    asked = [*map(str, config["run"]["folds"]), *named, *(str(fold) for fold in held_out if fold is not None)]
    return list(dict.fromkeys(asked))
