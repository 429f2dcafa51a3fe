"""The options that the scripts of dynamic tokens share."""

from __future__ import annotations

import argparse
import json
from typing import Any


def parser_of(text: str | None, dna: bool = False) -> argparse.ArgumentParser:
    """A parser with the options of an entry's settings, its cells and, if asked for, its DNA.

    text: description of the script.
    dna: whether it reads windows.
    """
    parser = argparse.ArgumentParser(description=text)
    add = parser.add_argument
    add(
        "--settings", required=True, type=json.loads, help="the entry of `tokens`, with its defaults, as JSON"
    )
    add("--cells", required=True, nargs="+", help="h5ad files")
    add("--genes", required=True, help="genes table of the encoder's row")
    add("--threads", type=int, default=1)
    if dna:
        add("--dictionary", required=True, help="that the door wrote")
        add("--genome", required=True, help="plain FASTA with <genome>.fai beside it")
        add("--length", required=True, type=int, help="of the windows that are encoded, bp")
        add("--run", nargs="?", help="best.ckpt of the run that encodes them")
        add("--windows", nargs="?", help="dataset with the run's signals, where it reads some")
        add("--cache", required=True, help="file that embeddings are kept in")
        add("--foundation", required=True, help="config.json of the single-cell model")
    return parser


def cell_files(arguments: argparse.Namespace) -> Any:
    """What the cells are read from.

    arguments: parsed.
    """
    from prism.tokens.steps.inputs import CellFiles

    return CellFiles(arguments.cells, arguments.genes, getattr(arguments, "dictionary", None))


def dna_files(arguments: argparse.Namespace) -> Any:
    """What the DNA is read from.

    arguments: parsed.
    """
    from prism.tokens.steps.inputs import DnaFiles

    return DnaFiles(arguments.genome, arguments.length, arguments.run, arguments.windows, arguments.cache)
