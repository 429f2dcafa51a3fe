"""One run: what is trained on what, and under which conditions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from prism import NUMBERS_VERSION
from prism.genome.dataset import folds as fold_tables
from prism.genome.dataset.dropped import genes_by_split
from prism.genome.dataset.joint import gene_names, members_of
from prism.genome.reading import UNSCALED, reading_of, recorded, refuse_other_orientation
from prism.jobs.limits import Limits
from prism.protocol.settings import TrainingSettings
from prism.runs import provenance
from prism.training.start import Start


@dataclass(frozen=True)
class Run:
    """What makes a run what it is; checked when it is made.

    windows: a `Windows` reader opened with the entry's length, signals, rna_features and orientation; `JointWindows`
        for a model of several cell types.
    folds: the folds table: fold, chromosome or gene_id, split.
    entry: one entry of config/models.yaml, fully resolved.
    cell_type: its name; of several cell types the name of their group.
    model: the entry's name.
    fold: of the folds table.
    seed: of weights and order.
    label: where expression comes from, as metrics.json tells it; default {}.
    git_revision: of the code; by default git is asked.
    cpu_precision: of matrix products on a CPU, fp32 (the default) or bf16.
    tuned: what was chosen by tuning, as metrics.json tells it; {} (the default) where nothing was.
    start: the weights that it starts from, where its entry has `start_from`; None (the default) for random ones.
    with_test: whether the fold's test genes are there; False for a candidate of tuning, which must not see them.
    Raises ValueError for unknown training settings, a fold without train, valid or test genes, missing labels, and
    windows of another orientation than the entry's.
    """

    windows: Any
    folds: pd.DataFrame
    entry: dict[str, Any]
    cell_type: str
    model: str
    fold: int | str
    seed: int
    label: dict[str, Any] = field(default_factory=dict)
    git_revision: str | None = None
    cpu_precision: str = "fp32"
    tuned: dict[str, Any] = field(default_factory=dict)
    start: Start | None = None
    with_test: bool = True

    def __post_init__(self) -> None:
        refuse_untuned(self.entry)
        refuse_unlabelled(self.windows, self.splits)
        self.settings  # noqa: B018  checks it at the door
        refuse_other_orientation(self.windows, self.entry, f"model {self.model}")
        self._refuse_unfit_start()

    def _refuse_unfit_start(self) -> None:
        if bool(self.entry.get("start_from")) != (self.start is not None):
            told = (
                "needs that checkpoint (--start)"
                if self.start is None
                else "has none, and a checkpoint was given"
            )
            raise ValueError(f"model {self.model}: start_from {self.entry.get('start_from') or ''} {told}")
        if self.start is not None:
            held_out = [self.windows.gene_id[i] for i in np.flatnonzero(self.fold_splits == "test")]
            split = provenance.split_hash(self.windows.gene_id, self.fold_splits)
            names = (self.windows.signal_names, self.windows.rna_feature_names)
            self.start.refuse_unfit(self.entry["architecture"], *names, held_out, split)

    @cached_property
    def settings(self) -> TrainingSettings:
        return TrainingSettings.from_entry(self.entry.get("training") or {})

    @cached_property
    def fold_splits(self) -> np.ndarray:
        """What the fold says of every gene, (n,): 'train', 'valid', 'test' or ''; it is the fold of each cell type."""
        return np.concatenate([self._splits_of(each) for each in members_of(self.windows)])

    @cached_property
    def splits(self) -> np.ndarray:
        """The split of every gene that the run has, (n,): 'train', 'valid', 'test' or ''."""
        return (
            self.fold_splits if self.with_test else np.where(self.fold_splits == "test", "", self.fold_splits)
        )

    def _splits_of(self, windows) -> np.ndarray:
        try:
            return fold_tables.assign(self.folds, self.fold, windows.gene_id, windows.chrom)
        except ValueError as error:
            if windows is self.windows:
                raise
            raise ValueError(f"{windows.cell_type}: {error}") from None

    @cached_property
    def split_hash(self) -> str:
        return provenance.split_hash(self.windows.gene_id, self.splits)

    @cached_property
    def identity(self) -> str:
        """The hash under which training state is saved."""
        # an entry that wants fp32 has it on every CPU
        on_cpu = self.cpu_precision if self.settings.precision != "fp32" else "fp32"
        data = (self.windows.identity, self.split_hash)
        start = self.start.sha256 if self.start else ""
        return provenance.run_identity(self.entry, *data, self.fold, self.seed, on_cpu, start)

    @cached_property
    def build_settings(self) -> dict[str, Any]:
        """What `prism.models.build` is given: the entry's settings and the sizes of the data."""
        sizes = {
            "length": int(self.windows.length),
            "n_signals": len(self.windows.signal_names),
            "n_rna_features": len(self.windows.rna_feature_names),
            "signals": list(self.windows.signal_names),
        }
        return (self.entry.get("settings") or {}) | sizes | self._feature_scaling()

    def _feature_scaling(self) -> dict[str, Any]:
        """Mean and standard deviation of the gene features over the training genes, where the entry wants z-scores."""
        names = self.windows.rna_feature_names
        if reading_of(self.entry)["scale_features"] == UNSCALED or not names:
            return {}
        found = provenance.feature_scale(self.windows, self.indices("train"))
        return {"feature_scaling": {key: [found[name][key] for name in names] for key in ("mean", "sd")}}

    def indices(self, split: str) -> np.ndarray:
        """Rows of a split's genes in the dataset.

        split: train, valid or test.
        """
        return np.flatnonzero(self.splits == split)

    @property
    def seen_genes(self) -> list[str] | None:
        """Ids of the genes that the weights are fitted to or chosen by; None where the start's are not known."""
        rows = np.flatnonzero(np.isin(self.splits, ("train", "valid")))
        own = list(dict.fromkeys(self.windows.gene_id[i] for i in rows))
        return self.start.seen_with(own) if self.start else own

    def expression(self, split: str) -> np.ndarray:
        """Labels of a split, (n,), log10(x + 1).

        split: train, valid or test.
        """
        return self.windows.expression.detach().cpu().numpy()[self.indices(split)]

    @property
    def is_joint(self) -> bool:
        """Whether it trains on the cell types of a group."""
        return hasattr(self.windows, "cell_types")

    def rows_by_cell_type(self, split: str) -> dict[str, np.ndarray]:
        """Which of a split's genes, by place in `indices`, are of each cell type; {} unless it is of a group.

        split: train, valid or test.
        """
        if not self.is_joint:
            return {}
        found = np.array(self.windows.cell_types)[self.indices(split)]
        return {each.cell_type: np.flatnonzero(found == each.cell_type) for each in self.windows.members}

    @cached_property
    def dropped_genes(self) -> dict[str, int]:
        """How many genes of each split are in the genes tables, but were dropped there; {} if none was."""
        tables = [each.gene_table for each in members_of(self.windows) if each.gene_table is not None]
        found = [genes_by_split(table, self.folds, self.fold) for table in tables]
        counts = {split: sum(each[split].n_dropped for each in found) for split in fold_tables.SPLITS}
        return counts if any(counts.values()) else {}

    def provenance(self, device: str, precision: str, parameters: int) -> dict[str, Any]:
        """What a number of this run can be traced back to.

        device: in words (`prism.compute.device.describe`).
        precision: of matrix products.
        parameters: how many the model has.
        """
        return {
            "dataset_hash": self.windows.identity,
            "elements": self.windows.elements_origin,
            "settings_hash": provenance.settings_hash(self.entry),
            "split_hash": self.split_hash,
            "numbers_version": NUMBERS_VERSION,
            "seed": self.seed,
            "fold": self.fold,
            "git_revision": self.git_revision or provenance.git_revision(),
            "packages": provenance.package_versions(),
            "device": device,
            "precision": precision,
            "parameters": parameters,
            "sources": dict(self.windows.sources),
            **({"dropped_genes": self.dropped_genes} if self.dropped_genes else {}),
            **({"cell_types": self._identities} if self.is_joint else {}),
            **recorded(self.entry),
        }

    @property
    def _identities(self) -> dict[str, str]:
        """The dataset hash of each cell type of a group."""
        return {each.cell_type: each.identity for each in self.windows.members}


@dataclass(frozen=True)
class Conditions:
    """How a training is carried out; nothing here moves its numbers.

    state_minutes: most training that a kill may cost, minutes.
    limits: of the job, by default none; before its time limit a training stops with its state saved.
    cuda_graphs: whether a step on a GPU is captured once and replayed, where the model allows it.
    tensorboard: folder of event files; None for none.
    """

    state_minutes: float = 10.0
    limits: Limits = field(default_factory=Limits)
    cuda_graphs: bool = True
    tensorboard: Path | None = None


def refuse_untuned(entry: dict[str, Any]) -> None:
    """Raise ValueError for an entry that still says what is to be tried, not what was chosen.

    entry: of config/models.yaml, resolved.
    """
    if entry.get("tune"):
        raise ValueError(
            f"the entry is to be tuned over {', '.join(entry['tune'])}: train it with the values that were chosen "
            "(--chosen results/tuning/.../chosen.json), or without its `tune`"
        )


def refuse_unlabelled(windows, splits: np.ndarray) -> None:
    """Raise ValueError, naming genes, unless every gene of the fold has a finite expression.

    windows: a `Windows` reader.
    splits: (n,) split of every gene, '' for genes that are not in the fold.
    """
    if windows.expression is None:
        raise ValueError(
            "the genes table has no expression column: training needs labels; "
            "give the cell type an expression source and make the genes table again"
        )
    expression = windows.expression.detach().cpu().numpy()
    bad = np.flatnonzero((splits != "") & ~np.isfinite(expression))
    if len(bad):
        names = ", ".join(gene_names(windows, bad[:5]))
        raise ValueError(
            f"{len(bad)} gene(s) of the fold have no expression (empty, NaN or infinite): "
            f"{names}{', ...' if len(bad) > 5 else ''}; drop them from the genes table or label them"
        )


def parse_entry(text: str) -> dict:
    """Read an entry of config/models.yaml.

    text: the entry, resolved, as JSON.
    Raises ValueError unless it names architecture and length.
    """
    entry = json.loads(text)
    if not isinstance(entry, dict) or not {"architecture", "length"} <= set(entry):
        raise ValueError(f"an entry must be a JSON object with architecture and length, not {text[:80]!r}")
    return entry
