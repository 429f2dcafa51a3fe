"""The adapters of an entry: ours, one of random weights, and one that learned from exchanged DNA."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from prism.genome.dataset.folds import read as read_folds
from prism.genome.dataset.folds import splits_of
from prism.jobs import records
from prism.jobs.log import say
from prism.runs.checkpoint import read_checkpoint, write_checkpoint
from prism.tokens.adapter import Adapter, agreement, untrained, warm_start
from prism.tokens.dictionary import check_size
from prism.tokens.dynamic import DynamicTokens, GenomeEmbeddings
from prism.tokens.foundation import Foundation
from prism.tokens.gene_embeddings import embed
from prism.tokens.genomes import by_token, donor_embeddings
from prism.tokens.perturb.controls import shuffled
from prism.tokens.steps.inputs import CellFiles, DnaFiles, Inputs, Settings, dna_of, encoder_of
from prism.tokens.training import MaskedTraining, train_tokens

OURS, UNTRAINED, SHUFFLED = "ours", "untrained_adapter", "shuffled_dna"
RESIDUAL = "residual"


@dataclass(frozen=True)
class Embedded:
    """DNA embeddings of the genes that have a window.

    tokens: (n,) int64.
    values: (n, d_in) float32, in the reference.
    genomes: of each donor, token -> (d_in,) of the genes that differ.
    splits: (n,) text, train, valid, test or "" (of no split), of the fold that is held out.
    """

    tokens: np.ndarray
    values: np.ndarray
    genomes: list[dict[int, np.ndarray]]
    splits: np.ndarray

    def exchanged(self, rng: np.random.Generator) -> Embedded:
        """The same embeddings, each gene with those of another, in every genome.

        rng: source of chance.
        """
        given = shuffled(len(self.tokens), rng)
        of = dict(zip(self.tokens.tolist(), self.tokens[given].tolist(), strict=True))
        genomes = [
            {token: changed[other] for token, other in of.items() if other in changed}
            for changed in self.genomes
        ]
        return Embedded(self.tokens, self.values[given], genomes, self.splits)

    def table(self, size: int) -> GenomeEmbeddings:
        """For `DynamicTokens`.

        size: tokens of the dictionary.
        """
        return GenomeEmbeddings.of(
            size, dict(zip(self.tokens.tolist(), self.values, strict=True)), self.genomes
        )


@dataclass(frozen=True)
class Trained:
    """Adapters from a file, and what belongs to them.

    adapters: by name, in eval mode.
    foundations: by name, where the single-cell model learned too: its weights.
    tokens: (n,) int64 of the genes that have a window.
    values: (n, d_in), their embeddings in the reference.
    residual: whether tokens are static ones, moved by how far a genome departs from the reference.
    """

    adapters: dict[str, Adapter]
    foundations: dict[str, Mapping[str, Tensor]]
    tokens: np.ndarray
    values: np.ndarray
    residual: bool

    @classmethod
    def read(cls, path: str | Path) -> Trained:
        """Read what `train_adapters` wrote.

        path: of the file.
        Raises ValueError for a damaged file.
        """
        content = read_checkpoint(path)
        adapters = {}
        for name, weights in content["adapters"].items():
            adapters[name] = Adapter(**content["shape"])
            adapters[name].load_state_dict(weights)
        values = content["values"].numpy()
        return cls(
            {name: each.eval() for name, each in adapters.items()}, content["foundations"], content["tokens"].numpy(),
            values, content["residual"],
        )  # fmt: skip

    def dynamic(self, name: str, size: int) -> DynamicTokens:
        """Tokens of the reference.

        name: of the adapter.
        size: tokens of the dictionary.
        """
        given = self.values
        reference = GenomeEmbeddings.of(size, dict(zip(self.tokens.tolist(), given, strict=True)))
        return DynamicTokens(self.adapters[name], reference, self.residual).eval()

    def token(self, name: str, static: Tensor, token: int, embedding: np.ndarray) -> Tensor:
        """The token of a gene whose window has this embedding, (width,).

        name: of the adapter.
        static: (size, width), the model's own table.
        token: of the gene.
        embedding: (d_in,).
        """
        adapter = self.adapters[name]
        with torch.inference_mode():
            moved = adapter(torch.from_numpy(np.asarray(embedding, np.float32))[None])[0]
            if not self.residual:
                return moved
            reference = torch.from_numpy(self.embedding(token))[None]
            return static[token] + (moved - adapter(reference)[0])

    def embedding(self, token: int) -> np.ndarray:
        """The embedding of a gene's window in the reference, (d_in,) float32.

        token: of the gene.
        """
        return self.values[int(np.flatnonzero(self.tokens == token)[0])]


def train_adapters(
    files: CellFiles,
    dna: DnaFiles,
    settings: Settings,
    foundation: str | Path,
    folds: tuple[str | Path, str] | None,
    out: str | Path,
    record: str | Path,
) -> None:
    """Embed the genes' windows, warm-start the adapter, train it and its controls, and write them.

    files: of the cells.
    dna: of the windows.
    settings: of the entry.
    foundation: folder of the single-cell model.
    folds: table of folds and name of the one whose test genes are held out; None holds out none.
    out: checkpoint to write.
    record: JSON to write.
    Raises ValueError as its parts do.
    """
    inputs = Inputs.read(files, settings)
    model = Foundation.load(foundation)
    check_size(inputs.dictionary, model.size, str(foundation))
    with inputs.cells:
        embedded, donors = _embedded(inputs, dna, settings, folds)
        cells = inputs.encoded(np.arange(inputs.cells.n), model.context)
        genomes = None
        if donors:
            number = {donor: place for place, donor in enumerate(donors, 1)}
            genomes = [number[donor] for donor in inputs.cells.donor]
    held_out = embedded.tokens[embedded.splits == "test"]
    cells = [cell[~np.isin(cell, held_out)] for cell in cells]
    asked = settings["adapter"]
    residual = asked["kind"] == RESIDUAL
    shape = {
        "d_in": embedded.values.shape[1], "width": model.token_table.shape[1],
        "kind": "mlp" if residual else asked["kind"], "hidden": asked["hidden"], "seed": settings["seed"],
    }  # fmt: skip
    told: dict[str, Any] = {
        "genes_with_dna": len(embedded.tokens),
        "held_out": len(held_out),
        "donors": len(donors),
    }
    adapters, foundations = {}, {}
    for name in (OURS, SHUFFLED):
        rng = np.random.default_rng([settings["seed"], 2])
        own = embedded if name == OURS else embedded.exchanged(rng)
        adapter = Adapter(**shape)
        told[name] = _started(adapter, own, model.token_table, settings["seed"])
        if name == OURS:
            adapters[UNTRAINED] = _untrained(Adapter(**shape), own, model.token_table).state_dict()
        learned = copy.deepcopy(model)
        tokens = DynamicTokens(adapter, own.table(model.size), residual)
        if asked["steps"]:
            losses = _trained(learned, tokens, cells, genomes, inputs, settings, Path(f"{out}.{name}.state"))
            told[name] |= {"first_loss": _mean(losses[:50]), "last_loss": _mean(losses[-50:])}
        told[name]["after_training"] = _agreement(adapter, own, model.token_table)
        adapters[name] = adapter.state_dict()
        if asked["train_foundation"]:
            foundations[name] = learned.state_dict()
    write_checkpoint(
        out,
        {
            "adapters": adapters, "foundations": foundations, "shape": shape, "residual": residual,
            "tokens": torch.from_numpy(embedded.tokens), "values": torch.from_numpy(embedded.values),
        },
    )  # fmt: skip
    records.write(record, told)


def _embedded(
    inputs: Inputs, files: DnaFiles, settings: Settings, folds: tuple[str | Path, str] | None
) -> tuple[Embedded, list[str]]:
    """The embeddings, and the donors that have a genome of their own, in the order of `genomes`."""
    encoder = encoder_of(settings["encoder"], files.checkpoint)
    signals = list(encoder.facts["signals"]) if files.checkpoint else []
    dna, token_of = dna_of(inputs, files, signals), inputs.dictionary.token_of

    def reached(n: int) -> None:
        if n % 1000 < encoder.at_once:
            say(f"{n:,} windows embedded")

    values = embed(encoder, dna.windows(), files.cache, reached)
    tokens = np.array([token_of[gene] for gene in dna.gene_ids], dtype=np.int64)
    donors, genomes = [], []
    if settings["genotypes"]:
        donors = sorted(set(inputs.cells.donor.tolist()))
        found = donor_embeddings(dna, encoder, files.cache, settings["genotypes"], donors, reached)
        genomes = [by_token(each, dna, token_of) for each in found]
    splits = np.full(len(dna), "train", dtype="<U5")
    if folds is not None:
        chrom = [locus.chrom for locus in dna.loci]
        splits = splits_of(read_folds(folds[0]), folds[1], dna.gene_ids, chrom)
    return Embedded(tokens, values, genomes, splits), donors


def _started(adapter: Adapter, own: Embedded, static: Tensor, seed: int) -> dict[str, Any]:
    values, wanted = torch.from_numpy(own.values), static[torch.from_numpy(own.tokens)]
    before, after = warm_start(adapter, values, wanted, *_learned_from(own), seed=seed)
    return {"warm_start": asdict(before), "matched": asdict(after)}


def _untrained(adapter: Adapter, own: Embedded, static: Tensor) -> Adapter:
    wanted = static[torch.from_numpy(own.tokens)]
    untrained(adapter, torch.from_numpy(own.values), wanted, _learned_from(own)[0])
    return adapter


def _agreement(adapter: Adapter, own: Embedded, static: Tensor) -> dict[str, float]:
    wanted = static[torch.from_numpy(own.tokens)]
    return asdict(agreement(adapter, torch.from_numpy(own.values), wanted, *_learned_from(own)))


def _learned_from(own: Embedded) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(own.splits == "train"), torch.from_numpy(own.splits == "valid")


def _trained(
    model: Foundation,
    tokens: DynamicTokens,
    cells: Sequence[np.ndarray],
    genomes: Sequence[int] | None,
    inputs: Inputs,
    settings: Settings,
    state: Path,
) -> list[float]:
    asked = settings["adapter"]
    training = MaskedTraining(
        asked["steps"], asked["cells_at_once"], asked["learning_rate"], seed=settings["seed"]
    )
    return train_tokens(
        model, tokens, cells, genomes, inputs.dictionary.mask, inputs.gene_tokens, training,
        settings["output_tokens"], asked["train_foundation"], state, say,
    )  # fmt: skip


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
