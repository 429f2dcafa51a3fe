"""The adapters of a world: ours, one that learned from exchanged DNA, one of random weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks.token_worlds.protocol import RESIDUAL, Task
from benchmarks.token_worlds.worlds import Made
from prism.tokens.adapter import Adapter, untrained, warm_start
from prism.tokens.dynamic import DynamicTokens, GenomeEmbeddings
from prism.tokens.foundation import Foundation
from prism.tokens.perturb.controls import shuffled
from prism.tokens.training import pretrain, train_tokens

OURS, SHUFFLED, UNTRAINED = "shift", "shuffled_dna", "untrained_adapter"


@dataclass(frozen=True)
class Mapped:
    """An adapter in use.

    adapter: in eval mode.
    table: (size, width), token of every gene of the reference genome.
    values: (genes, d), DNA embeddings in the reference, by row.
    token: (genes,) int64.
    residual: the form.
    """

    adapter: Adapter
    table: Tensor
    values: np.ndarray
    token: np.ndarray
    residual: bool

    def of(self, row: int, value: np.ndarray | None = None) -> Tensor:
        """The token of a gene by its DNA, (width,).

        row: of the gene.
        value: (d,) embedding of its window; default None, for the reference.
        """
        value = self.values[row] if value is None else value
        both = torch.from_numpy(np.stack([value, self.values[row]]).astype(np.float32))
        with torch.inference_mode():
            changed, reference = self.adapter(both)
        return self.table[int(self.token[row])] + (changed - reference) if self.residual else changed

    def with_factors(self, rows: Sequence[int]) -> Tensor:
        """The table in which some genes have the token of their own DNA, where others' were exchanged.

        rows: of the genes.
        """
        table = self.table.clone()
        for row in rows:
            table[int(self.token[row])] = self.of(row)
        return table


def pretrained(task: Task, made: Made) -> Foundation:
    """A foundation model, pretrained on the world's cells.

    task: of the world.
    made: the world.
    """
    sizes = task.sizing
    foundation = Foundation.small(
        made.dictionary.size, sizes.context, made.dictionary.pad, sizes.width, sizes.n_layers, sizes.n_heads,
        seed=task.seed,
    )  # fmt: skip
    pretrain(foundation, made.cells, made.dictionary.mask, made.gene_tokens, sizes.pretraining)
    return foundation.eval()


def adapters(
    task: Task,
    made: Made,
    foundation: Foundation,
    values: np.ndarray,
    genomes: Sequence[Mapping[int, np.ndarray]],
    names: Sequence[str] = (OURS, SHUFFLED, UNTRAINED),
) -> dict[str, Mapped]:
    """Train the adapters of a world.

    task: of the world.
    made: the world.
    foundation: frozen.
    values: (genes, d), of the reference.
    genomes: of each donor, row -> (d,).
    names: which; default all three.
    """
    static = foundation.token_table.detach()
    rows = np.flatnonzero(made.token >= 0)
    tokens = made.token[rows]
    given = shuffled(len(rows), np.random.default_rng([task.seed, 5]))
    plain = GenomeEmbeddings.of(
        foundation.size,
        dict(zip(tokens.tolist(), values[rows], strict=True)),
        [{int(made.token[row]): value for row, value in each.items()} for each in genomes],
    )
    splits = made.split[rows]
    learned = (torch.from_numpy(splits != "valid"), torch.from_numpy(splits == "valid"))
    found = {}
    for name in names:
        own = plain.exchanged(tokens, tokens[given]) if name == SHUFFLED else plain
        adapter = Adapter(values.shape[1], static.shape[1], "mlp", seed=task.seed)
        known = own.values[own.row_of[0, torch.from_numpy(tokens)]]
        if name == UNTRAINED:
            untrained(adapter, known, static[torch.from_numpy(tokens)], learned[0])
        else:
            warm_start(adapter, known, static[torch.from_numpy(tokens)], *learned, seed=task.seed)
        dynamic = DynamicTokens(adapter, own, task.form == RESIDUAL)
        if name != UNTRAINED:
            genome = None if task.single else (made.world.donor + 1).tolist()
            train_tokens(
                foundation, dynamic, made.cells, genome, made.dictionary.mask, made.gene_tokens,
                task.sizing.adapting,
            )  # fmt: skip
        with torch.inference_mode():
            table = dynamic.eval().table(static, 0)
        found[name] = Mapped(adapter.eval(), table.clone(), values, made.token, task.form == RESIDUAL)
    return found
