"""All results of an entry, written together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from prism.files.checksums import digits_of
from prism.files.table import read_table
from prism.jobs import records
from prism.tokens.steps.effects import Effects, read_effects
from prism.tokens.steps.inputs import CellFiles, Inputs, Settings
from prism.tokens.steps.measuring import targets_with_token
from prism.tokens.steps.profile import COLUMNS as PROFILE
from prism.tokens.steps.tables import (
    edges_table,
    effects_table,
    provenance,
    scores_table,
    write_cells,
    write_table,
)


def write_results(
    files: CellFiles,
    settings: Settings,
    name: str,
    out: Mapping[str, str],
    factors: Sequence[str],
    profiles: Sequence[str],
    jobs: Sequence[str],
    read: Sequence[str],
) -> None:
    """Write the tables, the h5ad and the record.

    files: of the cells.
    settings: of the entry.
    name: of the entry.
    out: effects, scores, profile, edges, h5ad, record -> path.
    factors: what was measured of each factor, as `write_effects` leaves it.
    profiles: mutation profiles, a JSON of the same name beside each.
    jobs: records of the jobs before, by the names of their files.
    read: files whose sha256 goes into the record.
    """
    inputs = Inputs.read(files, settings)
    found = [each for path in factors for each in read_effects(path)]
    effects, scores, name_of = [], [], {}
    for each in found:
        key, gene = each.facts["factor"], each.facts["gene_id"]
        name_of[key] = each.facts["symbol"] or gene
        targets = targets_with_token(inputs, settings, key, gene)
        effects.append(effects_table(inputs, each, targets, settings))
        genes = [inputs.dictionary.gene_of[int(token)] for token in each.tokens]
        scores.append(scores_table(effects[-1], each, genes, settings))
    whole = pd.concat(effects, ignore_index=True)
    write_table(out["effects"], whole)
    write_table(out["scores"], pd.concat(scores, ignore_index=True))
    write_table(out["edges"], edges_table(whole, name_of))
    tables = [read_table(path, PROFILE) for path in profiles]
    write_table(
        out["profile"],
        pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(PROFILE)),
    )
    told = provenance(settings, {Path(path).name: digits_of(path) for path in read})
    with inputs.cells:
        write_cells(out["h5ad"], inputs, found, name, settings, told)
    records.write(out["record"], _record(name, settings, found, profiles, jobs, told))


def _record(
    name: str,
    settings: Settings,
    found: Sequence[Effects],
    profiles: Sequence[str],
    jobs: Sequence[str],
    told: Mapping[str, Any],
) -> dict[str, Any]:
    of_jobs = {Path(path).stem: records.read(path) for path in jobs}
    statistics = settings["statistics"]
    return {
        "name": name,
        "provenance": told,
        "settings": dict(settings),
        **of_jobs,
        "primary": {key: statistics[key] for key in ("metric", "contrast", "against")},
        "factors": [each.facts for each in found],
        "profiles": {Path(path).stem: records.read(Path(path).with_suffix(".json")) for path in profiles},
    }
