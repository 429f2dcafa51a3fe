"""A trained model with what it needs of its data, read from a best.ckpt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from prism.genome.dataset.windows import Windows
from prism.genome.reading import reading_of
from prism.inference.input_scales import InputScale, feature_warnings, signal_warnings
from prism.models import build
from prism.runs.checkpoint import read_checkpoint


@dataclass(frozen=True)
class Trained:
    """A trained model, and what its best.ckpt says of the data that it was trained on.

    module: the model, in eval mode.
    checkpoint: the content of the file.
    """

    module: nn.Module
    checkpoint: dict[str, Any]

    @classmethod
    def load(cls, path: str | Path) -> Trained:
        """Read a best.ckpt and build its model, in eval mode on the CPU.

        path: the best.ckpt, of a training or imported.
        Raises ValueError, naming the file, where it cannot be read or its weights do not fit its settings.
        """
        checkpoint = read_checkpoint(path)
        module = build(checkpoint["architecture"], checkpoint["settings"])
        try:
            module.load_state_dict(checkpoint["state_dict"])
        except RuntimeError as error:
            told = " ".join(str(error).split())
            raise ValueError(
                f"{path}: its weights are not those of its settings ({told}); make it again"
            ) from None
        return cls(module.eval(), checkpoint)

    @property
    def orientation(self) -> str:
        """Whether it reads every window on the + strand (plus) or along the gene (gene).

        A checkpoint that does not say, released or older than the setting, reads the + strand.
        """
        return reading_of(self.checkpoint["entry"])["orientation"]

    def windows(self, path: str | Path, genes: str | Path, elements: str | Path | None = None) -> Windows:
        """Windows of a dataset as the model reads them: its length, signals, gene features and orientation.

        path: dataset file (.h5), of any cell type.
        genes: its genes table.
        elements: file of candidate elements, for a model that reads them; default None.
        Raises ValueError where the dataset lacks any of it.
        """
        facts = self.checkpoint
        needed = bool(facts["rna_feature_names"])
        data = Windows(
            path,
            genes,
            facts["length"],
            facts["signals"],
            needed,
            elements=elements,
            orientation=self.orientation,
        )
        self.feature_columns(data.rna_feature_names)  # refuses before all windows are read
        return data

    def feature_columns(self, there: Sequence[str]) -> list[int]:
        """The columns of a dataset's rna_features that the model reads, in the order of its training.

        there: names of the dataset's columns.
        Raises ValueError, naming them, where some are missing.
        """
        needed = self.checkpoint["rna_feature_names"]
        missing = [name for name in needed if name not in there]
        if missing:
            raise ValueError(
                f"the model needs the gene features {', '.join(needed)}; the genes table lacks "
                f"{', '.join(missing)} (it has: {', '.join(there) or 'none'}). "
                "Add them, or use a model with gene_features: []"
            )
        return [list(there).index(name) for name in needed]

    def require(
        self,
        path: str | Path,
        architecture: str | None = None,
        signals: Sequence[str] | None = None,
        length: int | None = None,
        orientation: str | None = None,
    ) -> None:
        """Raise ValueError unless this is the model that was asked for; what is None is not looked at.

        path: of the checkpoint, for the error.
        architecture: a name in `prism.models.catalogue`.
        signals: names, in the order in which the model reads them.
        length: of its window, bp.
        orientation: plus or gene.
        """
        wanted = {"architecture": architecture, "length": length, "orientation": orientation}
        wanted["signals"] = list(signals) if signals is not None else None
        there = self.checkpoint | {"orientation": self.orientation}
        wrong = [key for key, value in wanted.items() if value is not None and value != there[key]]
        if wrong:
            told = "; ".join(
                f"its {key} {_listed(there[key])} (asked for: {_listed(wanted[key])})" for key in wrong
            )
            raise ValueError(
                f"{path}: not the model that was asked for: {told}; delete it and make it again (train, or import it "
                "with what it was trained on), or ask for the model that it is"
            )

    def scale_warnings(self, signals: InputScale, features: InputScale, n_genes: int) -> list[str]:
        """A line for every signal and gene feature with another scale than in training (`input_scales`).

        signals: of the data here, as `prism.runs.provenance.signal_scale` measures them.
        features: of the data here, as `prism.runs.provenance.feature_scale` measures them.
        n_genes: over how many genes they were measured.
        """
        facts = self.checkpoint
        used = {name: features[name] for name in facts["rna_feature_names"]}
        # a checkpoint from before there was a `feature_scale` is treated like a released one: its scale is unknown
        return signal_warnings(facts["signal_scale"], signals) + feature_warnings(
            facts.get("feature_scale"), used, n_genes
        )

    def source_warnings(self, sources: dict[str, dict]) -> list[str]:
        """A line for every signal that is of another output type or transform than in training.

        sources: of the data here, by signal, as a dataset file holds them.
        """
        lines, known = [], self.checkpoint["provenance"].get("sources", {})
        for name in self.checkpoint["signals"]:
            # of a model of several cell types: <cell type>/<signal>
            then = [source for key, source in known.items() if key.rpartition("/")[2] == name]
            for key in ("output_type", "transform"):
                found, now = (
                    list(dict.fromkeys(each[key] for each in then if key in each)),
                    sources.get(name, {}),
                )
                if found and key in now and now[key] not in found:
                    told = " and ".join(found)
                    lines.append(f"warning: {name}: {key} is {now[key]} here and was {told} in training")
        return lines


def _listed(value: Any) -> str:
    return (", ".join(value) or "none") if isinstance(value, list) else str(value)
