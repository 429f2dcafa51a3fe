"""The cells, the dictionary and the DNA of an entry, as its settings say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from prism.genome.dataset.windows import Windows
from prism.genome.genes import table as gene_tables
from prism.genome.tracks.fasta import Genome
from prism.tokens.cells.cells import Cells, joined
from prism.tokens.cells.door import Choice, open_cells
from prism.tokens.cells.genes import GeneNames, plain_id, read_gene_names
from prism.tokens.dictionary import Dictionary
from prism.tokens.dictionary_files import read_dictionary
from prism.tokens.encoders import EnformerWindows, KmerCounts, TrainedRun
from prism.tokens.genomes import GeneWindows, gene_windows
from prism.tokens.ranking import encode
from prism.tokens.vocabulary import in_vocabulary

Settings = Mapping[str, Any]  # of an entry of `tokens`, all keys of its schema


@dataclass(frozen=True)
class CellFiles:
    """What cells are read from.

    paths: h5ad files.
    genes: the genes table of the encoder's row.
    dictionary: as the door wrote it; None before.
    """

    paths: Sequence[str]
    genes: str
    dictionary: str | None = None


def names_of(settings: Settings, genes: pd.DataFrame) -> GeneNames:
    """Symbols and retired ids: the user's table first, then the genes of the genome.

    settings: genes, the path of a table or None.
    genes: the genes table.
    """
    ids_of: dict[str, dict[str, None]] = {}
    for gene, symbol in zip(genes["gene_id"], genes["symbol"], strict=True):
        if symbol and symbol == symbol:
            ids_of.setdefault(str(symbol), {})[plain_id(gene)] = None
    own = GeneNames({symbol: tuple(ids) for symbol, ids in ids_of.items()})
    return read_gene_names(settings["genes"]).and_then(own) if settings["genes"] else own


def opened(files: CellFiles, settings: Settings, dictionary: Dictionary | None, names: GeneNames) -> Cells:
    """All cells of an entry, before genes without a token are left out.

    files: of the entry.
    settings: of the entry.
    dictionary: of the model; None where it is still to be made.
    names: of the genes.
    Raises ValueError as `cells.door.open_cells` does.
    """
    keys = {
        "counts": "counts",
        "genes": "gene_ids",
        "cell_type": "cell_type",
        "donor": "donor",
        "totals": "totals",
    }
    choice = Choice(**{key: settings[name] for key, name in keys.items()})
    known = () if dictionary is None else dictionary.token_of
    names = names if dictionary is None else names.and_then(dictionary.names)
    return joined([open_cells(path, choice, names, known) for path in files.paths])


@dataclass(frozen=True)
class Inputs:
    """What every job after the door begins with.

    cells: with the genes that have a token.
    dictionary: of the model.
    genes: rows of the genes table that are not dropped.
    names: of the genes.
    """

    cells: Cells
    dictionary: Dictionary
    genes: pd.DataFrame
    names: GeneNames

    @classmethod
    def read(cls, files: CellFiles, settings: Settings) -> Inputs:
        """Open the cells with the dictionary that the door wrote, or the model's own.

        files: of the entry.
        settings: of the entry.
        Raises ValueError as the door does.
        """
        genes = gene_tables.read(files.genes).kept
        own = settings["dictionary"]
        # the model's own knows retired ids too, which the door's table does not keep
        dictionary = (
            read_dictionary(own, settings["dictionary_version"]) if own else read_dictionary(files.dictionary)
        )
        names = names_of(settings, genes)
        cells = opened(files, settings, dictionary, names)
        return cls(in_vocabulary(cells, dictionary, settings["minimum_overlap"]), dictionary, genes, names)

    @property
    def gene_tokens(self) -> np.ndarray:
        """Tokens of all genes, (genes,) int64."""
        return np.array(sorted(self.dictionary.token_of.values()), dtype=np.int64)

    def encoded(self, rows: np.ndarray, context: int) -> list[np.ndarray]:
        """The tokens of some cells.

        rows: their numbers.
        context: most tokens of a cell.
        """
        cells = self.cells
        return encode(cells.counts(rows), cells.totals[rows], cells.gene_ids, self.dictionary, context)

    def symbol(self, gene: str) -> str:
        """A gene's symbol, "" where none is known.

        gene: its id.
        """
        return self._symbols.get(gene, "")

    @cached_property
    def _symbols(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for symbol, ids in self.names.and_then(self.dictionary.names).ids_of.items():
            for gene in ids:
                found.setdefault(gene, symbol)
        return found


def encoder_of(encoder: Settings, checkpoint: str | None) -> TrainedRun | EnformerWindows | KmerCounts:
    """The DNA encoder of an entry.

    encoder: run, enformer or kmers.
    checkpoint: best.ckpt of the run; None for another.
    """
    if "enformer" in encoder:
        return EnformerWindows(encoder["enformer"])
    return TrainedRun(checkpoint) if "run" in encoder else KmerCounts(encoder["kmers"])


@dataclass(frozen=True)
class DnaFiles:
    """What the DNA is read from.

    genome: plain FASTA with its index.
    length: of the windows, bp.
    checkpoint: best.ckpt of the run that encodes it; None for another encoder.
    windows: the dataset with the run's signals; None where it reads none.
    cache: file of embeddings.
    """

    genome: str
    length: int
    checkpoint: str | None
    windows: str | None
    cache: str | Path


def dna_of(inputs: Inputs, files: DnaFiles, signals: Sequence[str] = ()) -> GeneWindows:
    """The windows of the genes that have a token.

    inputs: of the entry.
    files: of its DNA.
    signals: that the run reads.
    """
    values = None
    if signals:
        data = Windows(files.windows, None, files.length, list(signals), False)
        parts = [data.batch([row]).signals.numpy() for row in range(len(data))]
        values = (data.gene_id, np.concatenate(parts))
    return gene_windows(
        inputs.genes, inputs.dictionary.token_of, files.length, Genome(files.genome).codes, values
    )
