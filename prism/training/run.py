"""One run: what is trained on what, and the record of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from prism import NUMBERS_VERSION
from prism.genome.dataset import folds as fold_tables
from prism.protocol.settings import TrainingSettings
from prism.runs import provenance as identity


@dataclass(frozen=True)
class Run:
    """What makes a run what it is; checked when it is made.

    windows: a `Windows` reader opened with the entry's length, signals and rna_features. folds: the folds
    table. entry: one entry of config/models.yaml, fully resolved; model: its name. label: where expression
    comes from. cpu_precision: of matrix products on a CPU, fp32 or bf16.
    Raises ValueError for unknown training settings, a fold without train, valid or test genes, missing
    labels.
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

    def __post_init__(self) -> None:
        refuse_unlabelled(self.windows, self.splits)
        self.settings  # noqa: B018  checks it at the door

    @cached_property
    def settings(self) -> TrainingSettings:
        return TrainingSettings.from_entry(self.entry.get("training") or {})

    @cached_property
    def splits(self) -> np.ndarray:
        """(n,) 'train', 'valid', 'test' or ''."""
        return fold_tables.assign(self.folds, self.fold, self.windows.gene_id, self.windows.chrom)

    @cached_property
    def split_hash(self) -> str:
        return identity.split_hash(self.windows.gene_id, self.splits)

    @cached_property
    def identity(self) -> str:
        """The hash that training state is kept under."""
        # an entry that wants fp32 has it on every CPU
        on_cpu = self.cpu_precision if self.settings.precision != "fp32" else "fp32"
        data = (self.windows.identity, self.split_hash)
        return identity.run_identity(self.entry, *data, self.fold, self.seed, on_cpu)

    @cached_property
    def build_settings(self) -> dict[str, Any]:
        """What `prism.models.build` is given: the entry's settings and the sizes of the data."""
        sizes = {
            "length": int(self.windows.length),
            "n_signals": len(self.windows.signal_names),
            "n_rna_features": len(self.windows.rna_feature_names),
            "signals": list(self.windows.signal_names),
        }
        return (self.entry.get("settings") or {}) | sizes

    def indices(self, split: str) -> np.ndarray:
        """Places of a split's genes in the dataset."""
        return np.flatnonzero(self.splits == split)

    def expression(self, split: str) -> np.ndarray:
        """(n,) labels of a split, log10(x + 1)."""
        return self.windows.expression.detach().cpu().numpy()[self.indices(split)]

    def provenance(self, device: str, precision: str, parameters: int) -> dict[str, Any]:
        """What a number can be traced back to."""
        return {
            "dataset_hash": self.windows.identity,
            "elements": self.windows.elements_origin,
            "settings_hash": identity.settings_hash(self.entry),
            "split_hash": self.split_hash,
            "numbers_version": NUMBERS_VERSION,
            "seed": self.seed,
            "fold": self.fold,
            "git_revision": self.git_revision or identity.git_revision(),
            "packages": identity.package_versions(),
            "device": device,
            "precision": precision,
            "parameters": parameters,
            "sources": dict(self.windows.sources),
        }


def refuse_unlabelled(windows, splits: np.ndarray) -> None:
    """ValueError, naming genes, unless every gene of the fold has a finite expression."""
    if windows.expression is None:
        raise ValueError(
            "the genes table has no expression column: training needs labels; "
            "give the cell type an expression source and make the genes table again"
        )
    expression = windows.expression.detach().cpu().numpy()
    bad = np.flatnonzero((splits != "") & ~np.isfinite(expression))
    if len(bad):
        names = ", ".join(windows.gene_id[index] for index in bad[:5])
        raise ValueError(
            f"{len(bad)} gene(s) of the fold have no expression (empty, NaN or infinite): "
            f"{names}{', ...' if len(bad) > 5 else ''}; drop them from the genes table or label them"
        )


def parse_entry(text: str) -> dict:
    """An entry of models.yaml from its JSON; ValueError unless it names architecture and length."""
    entry = json.loads(text)
    if not isinstance(entry, dict) or not {"architecture", "length"} <= set(entry):
        raise ValueError(f"an entry must be a JSON object with architecture and length, not {text[:80]!r}")
    return entry
