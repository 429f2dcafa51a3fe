"""What the measurements of one factor share: cells, model, adapters, windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from prism.tokens.dictionary import TARGET, gene_called
from prism.tokens.encoders import Encoder
from prism.tokens.foundation import Foundation
from prism.tokens.gene_embeddings import embed
from prism.tokens.genomes import GeneWindows
from prism.tokens.perturb.asked import changes_of, read_mutation
from prism.tokens.perturb.mutation import Change
from prism.tokens.scoring.targets import targets_of
from prism.tokens.steps.adapters import OURS, SHUFFLED, UNTRAINED, Trained
from prism.tokens.steps.door import ALL, resolved
from prism.tokens.steps.inputs import CellFiles, DnaFiles, Inputs, Settings, dna_of, encoder_of

MOST_CELLS = 2_000  # of co-expression and expression level


@dataclass(frozen=True)
class Measuring:
    """What the measurements of a factor share.

    inputs: cells and dictionary.
    settings: of the entry.
    models: single-cell model of each adapter.
    trained: the adapters.
    dna: windows of the genes.
    encoder: of windows.
    cache: of embeddings.
    key: what the configuration calls the factor.
    gene: its id.
    """

    inputs: Inputs
    settings: Settings
    models: Mapping[str, Foundation]
    trained: Trained
    dna: GeneWindows
    encoder: Encoder
    cache: str | Path
    key: str
    gene: str

    @classmethod
    def read(
        cls, files: CellFiles, dna: DnaFiles, settings: Settings, foundation: str, adapters: str, key: str
    ) -> Measuring:
        """Open all that a factor's measurements read.

        files: of the cells.
        dna: of the windows.
        settings: of the entry.
        foundation: folder of the single-cell model.
        adapters: the file that `train_adapters` wrote.
        key: of the factor.
        """
        inputs, trained = Inputs.read(files, settings), Trained.read(adapters)
        models = {}
        for name in (OURS, SHUFFLED, UNTRAINED):
            models[name] = Foundation.load(foundation)
            if name in trained.foundations:
                models[name].model.load_state_dict(
                    {part.removeprefix("model."): value for part, value in trained.foundations[name].items()}
                )
        encoder = encoder_of(settings["encoder"], dna.checkpoint)
        signals = list(encoder.facts["signals"]) if dna.checkpoint else []
        gene = gene_called(settings["factors"][key]["gene"], inputs.dictionary, inputs.names)
        return cls(
            inputs, settings, models, trained, dna_of(inputs, dna, signals), encoder, dna.cache, key, gene
        )

    @property
    def token(self) -> int:
        """The factor's token."""
        return self.inputs.dictionary.token_of[self.gene]

    @property
    def factor(self) -> Mapping[str, Any]:
        """What the configuration says of the factor."""
        return self.settings["factors"][self.key]

    def stream(self, *names: int) -> np.random.Generator:
        """A random stream for one purpose.

        names: numbers of the purpose.
        """
        return np.random.default_rng([self.settings["seed"], *names, *self.key.encode()])

    def static(self, name: str = OURS) -> Tensor:
        """The token table of a model, (size, width).

        name: of the adapter that it goes with.
        """
        return self.models[name].token_table.detach()

    def table(self, name: str = OURS) -> Tensor:
        """The tokens of the reference genome under an adapter, (size, width).

        name: of the adapter.
        """
        with torch.inference_mode():
            return self.trained.dynamic(name, self.models[name].size).table(self.static(name), 0)

    def changes(self) -> list[list[Change]]:
        """The mutation of the factor's window, copy by copy."""
        mutation = read_mutation(self.factor["mutation"], f"factors.{self.key}.mutation")
        place = self.dna.gene_ids.index(self.gene)
        return changes_of(
            mutation,
            self.dna.loci[place],
            self.dna.length,
            self.dna.bases,
            self.stream(10),
            f"{self.key} ({self.gene})",
        )

    def embedding(self, gene: str, copies: list[list[Change]]) -> np.ndarray:
        """The embedding of a gene's window with changes, mean of its copies: (d_in,).

        gene: its id.
        copies: changes of each copy.
        """
        windows = self.dna.changed(self.dna.gene_ids.index(gene), copies)
        return embed(self.encoder, windows, self.cache).mean(0)

    def targets(self) -> dict[str, tuple[float, str]]:
        """The known targets of the factor, as `targets_with_token` gives them."""
        return targets_with_token(self.inputs, self.settings, self.key, self.gene)

    def expression(self, cell_type: str) -> tuple[sparse.csr_matrix, np.ndarray]:
        """log(1 + counts per 10,000) of at most `MOST_CELLS` cells of a type, and their numbers.

        cell_type: "" for all cells.
        """
        cells = self.inputs.cells
        rows = np.arange(cells.n) if cell_type == ALL else cells.of_type(cell_type)
        rows = np.sort(self.stream(14).permutation(rows)[:MOST_CELLS])
        values = cells.counts(rows).astype(np.float64)
        values.data = np.log1p(values.data / np.repeat(cells.totals[rows], np.diff(values.indptr)) * TARGET)
        return values, rows


def targets_with_token(
    inputs: Inputs, settings: Settings, key: str, gene: str
) -> dict[str, tuple[float, str]]:
    """The known targets of a factor that have a token: id -> weight, and direct, indirect or "".

    inputs: of the entry.
    settings: of the entry.
    key: what the configuration calls the factor.
    gene: its id.
    """
    if not settings["targets"]:
        return {}
    factor = settings["factors"][key]
    said = [factor["targets"]] if factor["targets"] else [gene, factor["gene"], key, inputs.symbol(gene)]
    listed = targets_of(settings["targets"], said, factor["indirect"])
    known, _ = resolved(listed.weight, inputs.dictionary, inputs.names)
    known.pop(gene, None)
    return {gene: (listed.weight[name], listed.kind.get(name, "")) for gene, name in known.items()}
