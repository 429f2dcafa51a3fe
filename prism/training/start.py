"""Weights that a training starts from: of a run of one's own, of a best.ckpt, or released by others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from prism.files.checksums import digits_of
from prism.genome.genes.gtf import stable_id
from prism.runs.checkpoint import read_checkpoint

HELD_OUT, UNKNOWN = "held out", "unknown"
OF_BATCHES = (
    "running_mean",
    "running_var",
    "num_batches_tracked",
)  # what BatchNorm learns without a gradient
SHOWN = 3  # parameters, or genes, of an error


@dataclass(frozen=True, eq=False)
class Start:
    """A checkpoint to start from.

    path: the best.ckpt, of a training or imported.
    told: `start_from` of the entry.
    sha256: of the file.
    content: of the file.
    """

    path: str
    told: Mapping[str, Any]
    sha256: str
    content: Mapping[str, Any]

    @classmethod
    def read(cls, path: str | Path, told: Mapping[str, Any]) -> Start:
        """Read a checkpoint.

        path: the best.ckpt.
        told: `start_from` of the entry.
        Raises ValueError, naming the file and the fix, for a file that is damaged or not a best.ckpt.
        """
        return cls(str(path), dict(told), digits_of(path), read_checkpoint(path))

    @property
    def knows_its_genes(self) -> bool:
        """Whether it is known which genes its weights were fitted to; of a released checkpoint it is not."""
        before = (self.content.get("start") or {}).get("test_genes")
        return "released" not in self.content["provenance"] and before != UNKNOWN

    def refuse_unfit(
        self,
        architecture: str,
        signals: Sequence[str],
        features: Sequence[str],
        held_out: Sequence[str],
        split: str,
    ) -> None:
        """Refuse weights of another model or other inputs, and weights that were fitted to genes of the test set.

        architecture: of the model that is to be trained.
        signals: names, in the order in which it reads them.
        features: names of its gene features, likewise.
        held_out: ids of the fold's test genes.
        split: hash of the fold's splits; a checkpoint without a list of its genes must have the same.
        Raises ValueError naming the file, what differs and the fix.
        """
        wanted = {"architecture": architecture, "signals": list(signals), "rna_feature_names": list(features)}
        for key, value in wanted.items():
            if self.content[key] != value:
                raise ValueError(
                    f"start_from: {self.path} has {key} {_listed(self.content[key])}, and this training "
                    f"{_listed(value)}; start from weights of the same, or without start_from"
                )
        if not self.knows_its_genes:
            return
        seen = self.content.get("seen_genes")
        if seen is None and self.content["provenance"].get("split_hash") != split:
            raise ValueError(
                f"start_from: {self.path} does not say which genes it was trained on, and its fold is another one: "
                "test genes of this fold may be among them; train it again, or start from a run of this fold"
            )
        if met := sorted(set(map(stable_id, seen or ())) & set(map(stable_id, held_out))):
            names = ", ".join(met[:SHOWN]) + (", ..." if len(met) > SHOWN else "")
            raise ValueError(
                f"start_from: {self.path} was trained on, or chosen by, {len(met)} of the {len(held_out)} test genes "
                f"of this fold ({names}): the test scores would be of genes that it has seen; start from a run of the "
                "same fold"
            )

    def load_into(self, module: nn.Module) -> None:
        """Give a freshly built model these weights.

        module: the model; what it does not train, such as the priors of a mask, must be the same already.
        Raises ValueError naming the parameter and both shapes, or what is not trained and differs.
        """
        here, there = module.state_dict(), self.content["state_dict"]
        shapes = {name: (_shape(there, name), _shape(here, name)) for name in {**here, **there}}
        if odd := [name for name, (old, new) in shapes.items() if old != new]:
            told = "; ".join(
                f"{name} is {shapes[name][0]} there and {shapes[name][1]} here" for name in odd[:SHOWN]
            )
            more = f" and {len(odd) - SHOWN} more" if len(odd) > SHOWN else ""
            raise ValueError(
                f"start_from: {self.path} does not fit this model: {told}{more}; give the entry the settings of the "
                "model that it starts from"
            )
        trained = {name for name, each in module.named_parameters() if each.requires_grad}
        for name in here:
            learned = name in trained or name.rpartition(".")[2] in OF_BATCHES
            if not learned and not torch.allclose(here[name].double(), there[name].double(), rtol=1e-5):
                raise ValueError(
                    f"start_from: {self.path} has other values of {name}, which is not trained: it follows from the "
                    "settings; give the entry the settings of the model that it starts from"
                )
        module.load_state_dict(there)

    def record(self) -> dict[str, Any]:
        """What a run's record says of its start."""
        provenance = self.content["provenance"]
        return {
            "start_from": dict(self.told),
            "file": self.path,
            "sha256": self.sha256,
            "fold": provenance.get("fold"),
            "seed": provenance.get("seed"),
            "settings_hash": provenance.get("settings_hash"),
            "released": provenance.get("released"),
            "test_genes": HELD_OUT if self.knows_its_genes else UNKNOWN,
        }

    def seen_with(self, genes: Sequence[str]) -> list[str] | None:
        """Ids of the genes that the weights will have been fitted to, or chosen by; None where it is not known.

        genes: ids of the training and validation genes of this run.
        """
        if not self.knows_its_genes:
            return None
        return sorted({*genes, *(self.content.get("seen_genes") or ())})


def _shape(state: Mapping[str, torch.Tensor], name: str) -> str:
    return str(tuple(state[name].shape)) if name in state else "absent"


def _listed(value: Any) -> str:
    return (", ".join(value) or "none") if isinstance(value, list) else str(value)
