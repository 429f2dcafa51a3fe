"""The door: cells, dictionary, genotypes and factors of an entry are looked at before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from prism.genome.genes import table as gene_tables
from prism.jobs import records
from prism.tokens.cells.cells import Cells
from prism.tokens.dictionary import Dictionary, gene_called
from prism.tokens.dictionary_files import read_dictionary, write_dictionary
from prism.tokens.from_data import dictionary_from
from prism.tokens.perturb.vcf import read_genotypes
from prism.tokens.scoring.targets import targets_of
from prism.tokens.steps.inputs import CellFiles, Settings, names_of, opened
from prism.tokens.vocabulary import expressing, in_vocabulary

ALL = ""  # name of all cells together


def pass_door(files: CellFiles, settings: Settings, dictionary: str | Path, record: str | Path) -> None:
    """Check all that later jobs read, and write the dictionary and what was counted.

    files: of the entry.
    settings: of the entry.
    dictionary: table to write.
    record: JSON to write.
    Raises ValueError, naming the thing, the value and the fix, for whatever cannot be used.
    """
    genes = gene_tables.read(files.genes).kept
    names = names_of(settings, genes)
    own = settings["dictionary"]
    used = read_dictionary(own, settings["dictionary_version"]) if own else None
    with opened(files, settings, used, names) as whole:
        used = dictionary_from(whole) if used is None else used
        cells = in_vocabulary(whole, used, settings["minimum_overlap"])
        known = {gene for gene in map(str, genes["gene_id"])}
        told = {
            "cells": cells.n,
            "genes": len(cells.gene_ids),
            "donors": None if cells.donor is None else len(set(cells.donor.tolist())),
            "cell_types": {
                name: int(n) for name, n in zip(*np.unique(cells.cell_type, return_counts=True), strict=True)
            },
            "tokens": used.size,
            "notes": list(cells.notes),
            "factors": {},
        }
        _check_donors(cells, settings)
        for key, factor in settings["factors"].items():
            gene = gene_called(factor["gene"], used, names)
            if gene not in known:
                raise ValueError(
                    f"factor {key} ({gene}) is none of the {len(known)} genes of {files.genes}, so that it has no "
                    "window to mutate; give an annotation that has it"
                )
            told["factors"][key] = _counted(cells, key, gene, factor) | _listed(
                settings, key, factor, gene, used, names
            )
    write_dictionary(dictionary, used)
    records.write(record, told)


def _check_donors(cells: Cells, settings: Settings) -> None:
    if not settings["genotypes"]:
        return
    if cells.donor is None:
        raise ValueError(
            f"{cells.where}: names no donor, and genotypes are given ({settings['genotypes']}); name the donors' "
            "column as `donor`, or leave genotypes out"
        )
    read_genotypes(settings["genotypes"], [], sorted(set(cells.donor.tolist())))


def _counted(cells: Cells, key: str, gene: str, factor: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name in factor["cell_types"] or [ALL]:
        rows = np.arange(cells.n) if name == ALL else cells.of_type(name)
        there = expressing(cells, gene, rows, symbol=key)
        found[name] = {"cells": there.asked, "express": len(there.rows), "donors": there.n_donors}
    return {"gene_id": gene, "cell_types": found}


def _listed(
    settings: Settings, key: str, factor: Mapping[str, Any], gene: str, dictionary: Dictionary, names: Any
) -> dict[str, Any]:
    if not settings["targets"]:
        return {}
    said = [factor["targets"]] if factor["targets"] else [gene, factor["gene"], key]
    listed = targets_of(settings["targets"], said, factor["indirect"])
    known, absent = resolved(listed.weight, dictionary, names)
    if not known:
        raise ValueError(
            f"{settings['targets']}: none of {len(listed)} targets of {key} has a token (such as {absent[0]}); give "
            "their Ensembl ids, or a table of genes with these symbols"
        )
    return {"targets": len(known), "targets_without_token": absent}


def resolved(
    listed: Mapping[str, Any], dictionary: Dictionary, names: Any
) -> tuple[dict[str, str], list[str]]:
    """Gene ids of listed genes, and those that have no token.

    listed: by id or symbol.
    dictionary: of the model.
    names: of the genes.

    Returns id -> as it is listed, and the others.
    """
    known: dict[str, str] = {}
    absent = []
    for said in listed:
        try:
            known.setdefault(gene_called(said, dictionary, names), said)
        except ValueError:
            absent.append(said)
    return known, absent
