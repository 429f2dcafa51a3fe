"""The plan of a run: configuration and tables that were checked, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

from prism.genome.genes.table import ACTIVITY, RNA_FEATURES
from workflow_scripts.planning import requests
from workflow_scripts.planning.downloads import Download
from workflow_scripts.planning.requests import Training
from workflow_scripts.planning.tables.cell_types import CellType
from workflow_scripts.planning.tables.models import Entry, further_windows_mb
from workflow_scripts.planning.tables.released import Released
from workflow_scripts.planning.tables.tokens import TokensEntry


@dataclass(frozen=True)
class Plan:
    """Everything that the rules ask for; `compose.make_plan` makes it.

    config: the whole configuration. cell_types, entries, released: rows and entries by name, also those that are not
    asked for. splits: fold -> canonical description of its split. downloads: by the file that each is written to.
    prefix: of every file, where another workflow uses this one as a module. starts: (cell type or group, entry) of
    trainings that others start from, asked for or not. tokens: entries of dynamic tokens by name.

    In its methods `cell_type` is the name of a row, `model` the name of an entry, and `name` that of what a model is
    trained on: a row, or a group of `run.joint`.
    """

    config: dict
    cell_types: dict[str, CellType]
    entries: dict[str, Entry]
    splits: dict[str, str]
    downloads: dict[str, Download]
    released: dict[str, Released] = field(default_factory=dict)
    prefix: str = ""
    starts: list[tuple[str, str]] = field(default_factory=list)
    tokens: dict[str, TokensEntry] = field(default_factory=dict)

    @property
    def chosen(self) -> dict:
        """The part of the configuration that says what to run."""
        return self.config["run"]

    def trainings(self, cell_type: str | None = None) -> list[Training]:
        """All trainings asked for.

        cell_type: of this one, or of this group; default: of every chosen cell type that has a label, and every group.
        """
        trained = [cell_type] if cell_type else self.trained
        folds = [str(fold) for fold in self.chosen["folds"]]
        return [
            Training(name, model, fold, seed)
            for name, model, fold in product(trained, self.chosen["models"], folds)
            for seed in self.seeds(model)
        ]

    def seeds(self, model: str) -> list[int]:
        """Seeds of a model; one is enough where nothing is random.

        model: the name of an entry of config/models.yaml.
        """
        return self.chosen["seeds"][:1] if self.entries[model].traits.closed_form else self.chosen["seeds"]

    def trains(self, name: str) -> bool:
        """Whether the cell type, or every one of the group, has a label.

        name: of a row of the table of cell types, or of a group.
        """
        return all(self.cell_types[each].label.kind != "none" for each in self.members(name))

    @property
    def joint(self) -> dict[str, list[str]]:
        """The cell types of each group that models are trained on together."""
        return requests.joint(self.config)

    def members(self, name: str) -> list[str]:
        """The cell types that a model is trained on.

        name: of a row of the table of cell types, which is its only one, or of a group.
        """
        return self.joint.get(name, [name])

    @property
    def trained(self) -> list[str]:
        """What models are trained on: chosen cell types that have a label, and groups."""
        return [*self.trained_cell_types, *self.joint]

    @property
    def described_cell_types(self) -> list[str]:
        """Cell types whose datasets are made: those chosen, and the members of groups."""
        return requests.trained_or_described(self.config)

    @property
    def trained_cell_types(self) -> list[str]:
        """The chosen cell types that have a label."""
        return [name for name in self.chosen["cell_types"] if self.trains(name)]

    def models_of(self, architecture: str) -> list[str]:
        """Entries to train of one architecture, by themselves or to predict with.

        architecture: a name in `prism.models.catalogue`.
        """
        return [name for name in self.to_train if self.entries[name].architecture == architecture]

    @property
    def to_train(self) -> list[str]:
        """Entries to train: by themselves, to predict with, or for others to start from; each once."""
        return list(dict.fromkeys([*requests.models(self.config), *(model for _, model in self.starts)]))

    @property
    def released_asked(self) -> set[str]:
        """What is predicted with, and the released checkpoints that trainings start from."""
        starts = {
            self.entries[name].start_from.get("released") for name in self.to_train if name in self.entries
        }
        return (
            {run for _, run in requests.predictions(self.config)}
            | starts
            | set(requests.token_runs(self.config))
        )

    @property
    def cell_types_asked(self) -> list[str]:
        """Cell types to train on, to predict for, or whose trainings others start from; each once."""
        return list(
            dict.fromkeys(
                [
                    *requests.cell_types(self.config),
                    *(each for name, _ in self.starts for each in self.members(name)),
                ]
            )
        )

    @property
    def mask_models(self) -> list[str]:
        """Models to train whose learned mask can be drawn."""
        return [name for name in self.chosen["models"] if self.entries[name].traits.learns_a_mask]

    def training_mb(self, name: str, model: str) -> int:
        """MB of a first attempt to train a model: more for each further cell type whose windows are in memory too.

        name: of a row of the table of cell types, or of a group.
        model: the name of an entry of config/models.yaml.
        """
        entry, members = self.entries[model], self.members(name)
        signals = max(len(self.signal_names(each)) for each in members)
        return entry.training_mb + further_windows_mb(entry.length, signals, len(members))

    def dataset_length(self, length: int) -> int:
        """The shortest dataset that a window can be cropped from, bp.

        length: of the window, bp.
        """
        lengths = self.config["windows"]["lengths"]
        return min(each for each in lengths if each >= length)

    def signal_names(self, cell_type: str) -> list[str]:
        """Signals of a cell type's dataset, in order: those that the configuration names, else all of its row.

        cell_type: the name of a row of the table of cell types.
        """
        there = self.cell_types[cell_type].signals
        named = self.config["windows"].get("signals")
        return [name for name in named if name in there] if named is not None else list(there)

    def contact_maps(self, cell_type: str) -> list[str]:
        """Signals of a cell type's row that are contacts.

        cell_type: the name of a row of the table of cell types.
        """
        signals = self.cell_types[cell_type].signals
        return [name for name, track in signals.items() if track.kind == "contacts"]

    def calls_peaks(self, cell_type: str) -> bool:
        """Whether a cell type's row has the bigWig that peaks are called from.

        cell_type: the name of a row of the table of cell types.
        """
        track = self.cell_types[cell_type].signals.get(self.config["peak_calling"]["signal"])
        return track is not None and track.kind == "bigwig"

    def has_peaks(self, cell_type: str) -> bool:
        """Whether a cell type's row has peaks, or what they are called from.

        cell_type: the name of a row of the table of cell types.
        """
        return self.cell_types[cell_type].peaks is not None or self.calls_peaks(cell_type)

    def has_activity(self, cell_type: str) -> bool:
        """Whether a cell type's row has every signal of the promoter activity.

        cell_type: the name of a row of the table of cell types.
        """
        names, there = self.config.get("promoter_activity") or [], self.cell_types[cell_type].signals
        return bool(names) and all(name in there for name in names)

    def features_surely_there(self, cell_type: str) -> list[str]:
        """Gene features that a cell type's genes will have, as far as it is known before they are made.

        cell_type: the name of a row of the table of cell types.
        """
        settings = self.config["assemblies"][self.cell_types[cell_type].assembly]
        from_annotation = settings.get("annotation") and not settings.get("gene_table")
        found = list(RNA_FEATURES) if from_annotation and settings.get("rna_features") != "none" else []
        return found + ([ACTIVITY] if self.has_activity(cell_type) else [])

    def features_surely_absent(self, cell_type: str) -> list[str]:
        """Gene features that a cell type's genes will not have, as far as it is known before they are made.

        cell_type: the name of a row of the table of cell types.
        """
        settings = self.config["assemblies"][self.cell_types[cell_type].assembly]
        found = list(RNA_FEATURES) if settings.get("rna_features") == "none" else []
        return found + ([] if self.has_activity(cell_type) else [ACTIVITY])
