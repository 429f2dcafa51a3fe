"""Tokens that follow the DNA: which gene has which embedding in which genome, and the token that comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from prism.tokens.adapter import Adapter

NONE = -1
REFERENCE = 0


@dataclass(frozen=True)
class GenomeEmbeddings:
    """DNA embeddings of genes in several genomes; equal ones are held once.

    values: (rows, d_in) float32.
    row_of: (genomes, size) int64, row of each token's gene in each genome, -1 where it has no DNA; genome 0 is the
        reference.
    """

    values: Tensor
    row_of: Tensor

    @classmethod
    def of(
        cls,
        size: int,
        reference: Mapping[int, np.ndarray],
        genomes: Sequence[Mapping[int, np.ndarray]] = (),
    ) -> GenomeEmbeddings:
        """From vectors by token.

        size: tokens of the dictionary.
        reference: token -> (d_in,) embedding of its gene; tokens that are missing keep their static embedding.
        genomes: for genomes 1, 2, ...: token -> (d_in,) embedding of the genes that differ from the reference.
        Raises ValueError for a changed gene that the reference lacks.
        """
        known: dict[tuple[int, bytes], int] = {}
        values: list[np.ndarray] = []

        def row(token: int, vector: np.ndarray) -> int:
            vector = np.ascontiguousarray(vector, np.float32)
            key = (token, vector.tobytes())
            if key not in known:
                known[key] = len(values)
                values.append(vector)
            return known[key]

        row_of = np.full((1 + len(genomes), size), NONE, np.int64)
        for token, vector in reference.items():
            row_of[:, token] = row(token, vector)
        for number, changed in enumerate(genomes, 1):
            for token, vector in changed.items():
                if token not in reference:
                    raise ValueError(
                        f"genome {number}: token {token} has an embedding, and none in the reference; embed its "
                        "reference window too"
                    )
                row_of[number, token] = row(token, vector)
        return cls(torch.from_numpy(np.stack(values)), torch.from_numpy(row_of))

    def exchanged(self, tokens: Sequence[int], given: Sequence[int]) -> GenomeEmbeddings:
        """The same DNA among other genes, in every genome alike: the control of shuffled DNA.

        tokens: (n,) of the genes.
        given: (n,) token of the gene whose embedding each gets, such as `tokens[perturb.controls.shuffled(n, rng)]`.
        """
        row_of = self.row_of.clone()
        row_of[:, torch.as_tensor(tokens)] = self.row_of[:, torch.as_tensor(given)]
        return GenomeEmbeddings(self.values, row_of)


class DynamicTokens(nn.Module):
    """Tokens by an adapter: its output, or the static token moved by how far a genome departs from the reference.

    adapter: from a DNA embedding to a token.
    genomes: DNA embeddings.
    residual: static + adapter(genome) - adapter(reference), which is the static token exactly where the two embeddings
        are the same; default False: adapter(genome).
    encoder: rows (n,) int64 -> (n, d_in) embeddings, in place of `genomes.values`, where the DNA encoder is trained
        too; default None.
    """

    def __init__(
        self,
        adapter: Adapter,
        genomes: GenomeEmbeddings,
        residual: bool = False,
        encoder: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.adapter, self.residual = adapter, residual
        self.register_buffer("values", genomes.values, persistent=False)
        self.register_buffer("row_of", genomes.row_of, persistent=False)
        self.encoder = encoder if encoder is not None else self._kept

    def inputs(self, static: Tensor, ids: Tensor, genome: Tensor) -> Tensor:
        """The embedding of every token of some cells, (tokens, width).

        static: (size, width), the model's own table.
        ids: (tokens,) int64.
        genome: (tokens,) int64, of the cell that each is in.
        """
        rows, before = self.row_of[genome, ids], self.row_of[REFERENCE, ids]
        moves, out = self.moved(ids, genome), static[ids]
        if not bool(moves.any()):
            return out
        if self.residual:
            fresh, old = self._adapted(torch.cat([rows[moves], before[moves]])).chunk(2)
            fresh = out[moves] + (fresh - old)
        else:
            fresh = self._adapted(rows[moves])
        return out.masked_scatter(moves[:, None], fresh.to(out.dtype))

    def moved(self, ids: Tensor, genome: Tensor) -> Tensor:
        """Which tokens depend on the adapter, (tokens,) bool.

        ids: (tokens,) int64.
        genome: (tokens,) int64, of the cell that each is in.
        """
        rows = self.row_of[genome, ids]
        return rows != (self.row_of[REFERENCE, ids] if self.residual else NONE)

    def table(self, static: Tensor, genome: int, base: Tensor | None = None) -> Tensor:
        """The token of every gene of a genome, (size, width); tokens without DNA are static.

        static: (size, width), the model's own table.
        genome: 0 is the reference.
        base: (size, width), rows of tokens without DNA; default None, for `static`.
        """
        ids = torch.arange(len(static), device=static.device)
        moved = self.inputs(static, ids, torch.full_like(ids, genome))
        if base is None or base is static:
            return moved
        return moved.where((self.row_of[genome] != NONE)[:, None], base)

    def _kept(self, rows: Tensor) -> Tensor:
        return self.values[rows]

    def _adapted(self, rows: Tensor) -> Tensor:
        once, back = rows.unique(return_inverse=True)
        return self.adapter(self.encoder(once))[back]
