"""The vocabulary of a single-cell foundation model: tokens of genes, their medians, the special tokens."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from prism.files.plain_pickle import whole_number
from prism.genome.genes.table import named
from prism.tokens.cells.genes import GeneNames, plain_id

PAD, MASK, CLS, EOS = "<pad>", "<mask>", "<cls>", "<eos>"
SPECIALS = (PAD, MASK, CLS, EOS)
TARGET = 10_000.0  # counts of a cell after normalisation; Theodoris et al. 2023 (Nature), Methods


@dataclass(frozen=True)
class Dictionary:
    """Tokens and medians.

    token_of: gene id (without version) -> token, the special tokens not among them.
    median: (size,) by token, the non-zero median of counts / total * 10,000; NaN for special tokens.
    pad, mask: tokens.
    cls, eos: tokens at the beginning and end of each cell; None where the model has none (Geneformer V1).
    gene_of: token -> gene id.
    names: symbols and retired ids that came with it.
    """

    token_of: Mapping[str, int]
    median: np.ndarray
    pad: int
    mask: int
    cls: int | None
    eos: int | None
    gene_of: Mapping[int, str]
    names: GeneNames = field(default_factory=GeneNames)

    @property
    def size(self) -> int:
        """Number of tokens, special ones included: the rows of a model's token table."""
        return len(self.median)

    @property
    def identity(self) -> str:
        """sha256 hex over tokens and medians."""
        said = [
            sorted(self.token_of.items()),
            [self.pad, self.mask, self.cls, self.eos],
            self.median.tolist(),
        ]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def make_dictionary(
    tokens: Mapping[str, object], medians: Mapping[str, object], where: str, names: GeneNames | None = None
) -> Dictionary:
    """A dictionary from its two mappings, checked.

    tokens: gene id or special token -> number from 0; <pad> and <mask> must be there, <cls> and <eos> may be.
    medians: gene id -> non-zero median, above 0; those of genes without a token are not used.
    where: what they were read from, for messages.
    names: symbols and retired ids that came with them; default: none.
    Raises ValueError, naming the gene, the value and the fix, for tokens that are not the whole numbers from 0 up, each
    once, genes without a median, and special tokens that are missing.
    """
    numbers = {name: whole_number(value) for name, value in tokens.items()}
    if wrong := [name for name, number in numbers.items() if number is None or number < 0]:
        raise ValueError(
            f"{where}: token of {wrong[0]} is {tokens[wrong[0]]!r}; tokens are whole numbers from 0 up"
        )
    _refuse_gaps(numbers, where)
    for name in (PAD, MASK):
        if name not in numbers:
            raise ValueError(
                f"{where}: has no {name}; give the special token a row, such as {PAD} 0, {MASK} 1"
            )
    if (CLS in numbers) != (EOS in numbers):
        absent = EOS if CLS in numbers else CLS
        raise ValueError(
            f"{where}: has no {absent}; a model has both {CLS} and {EOS} (Geneformer V2) or neither (V1)"
        )
    genes = {plain_id(name): number for name, number in numbers.items() if name not in SPECIALS}
    if len(genes) < len([name for name in numbers if name not in SPECIALS]):
        raise ValueError(f"{where}: has a gene with two versions of its id; keep one row for each gene")
    median = _medians(genes, {plain_id(name): value for name, value in medians.items()}, len(numbers), where)
    return Dictionary(
        token_of=genes,
        median=median,
        pad=numbers[PAD],
        mask=numbers[MASK],
        cls=numbers.get(CLS),
        eos=numbers.get(EOS),
        gene_of={token: gene for gene, token in genes.items()},
        names=GeneNames() if names is None else names,
    )


def gene_called(said: str, dictionary: Dictionary, names: GeneNames | None = None) -> str:
    """The id of a gene that a user names by symbol or id.

    said: such as GATA4 or ENSG00000136574.
    dictionary: of the model.
    names: a table of genes; default None: the dictionary's own symbols alone.
    Raises ValueError, naming the gene and the fix, where the dictionary has no such gene, or several.
    """
    names = dictionary.names if names is None else names.and_then(dictionary.names)
    gene = plain_id(said)
    gene = gene if gene in dictionary.token_of else names.successor_of.get(gene, gene)
    known = [each for each in (gene, *names.ids_of.get(said.strip(), ())) if each in dictionary.token_of]
    if len(set(known)) != 1:
        what = (
            f"is {len(set(known))} genes of the dictionary ({named(known)})"
            if known
            else "is not in the dictionary"
        )
        raise ValueError(f"gene {said!r} {what}; give its Ensembl id, or a table of genes with this symbol")
    return known[0]


def check_size(dictionary: Dictionary, rows: int, model: str) -> None:
    """Refuse a model that was made for another dictionary.

    dictionary: in use.
    rows: of the model's token table (its vocab_size).
    model: its name or folder, for messages.
    Raises ValueError with both sizes and the fix.
    """
    if dictionary.size != rows:
        kind = "V2" if dictionary.cls is not None else "V1"
        raise ValueError(
            f"{model}: has {rows} tokens, the dictionary {dictionary.size} (with{'' if kind == 'V2' else 'out'} {CLS} "
            f"and {EOS}, as Geneformer {kind}); give the dictionary that the model was trained with"
        )


def _refuse_gaps(numbers: Mapping[str, int], where: str) -> None:
    name_of: dict[int, str] = {}
    for name, number in numbers.items():
        if number in name_of:
            raise ValueError(
                f"{where}: {name_of[number]} and {name} both have token {number}; give each its own"
            )
        name_of[number] = name
    gap = next((number for number in range(len(numbers)) if number not in name_of), None)
    if gap is not None:
        raise ValueError(
            f"{where}: nothing has token {gap}, though tokens go up to {max(name_of)}; number them from 0 without gaps"
        )


def _medians(genes: Mapping[str, int], given: Mapping[str, object], size: int, where: str) -> np.ndarray:
    absent = [gene for gene in genes if gene not in given]
    if absent:
        raise ValueError(
            f"{where}: {len(absent)} of {len(genes)} genes have a token and no median: {named(absent)}; give the two "
            "dictionaries of one model"
        )
    median = np.full(size, np.nan)
    for gene, token in genes.items():
        value = given[gene]
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or not math.isfinite(value)
            or value <= 0
        ):
            raise ValueError(
                f"{where}: median of {gene} is {value!r}; it is a non-zero median, a number above 0: correct it, or "
                "remove the gene"
            )
        median[token] = value
    return median
