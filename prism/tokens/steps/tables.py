"""The tables of an entry: effects, scores, edges, the h5ad and the record, from what was measured of each factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from prism import NUMBERS_VERSION
from prism.files.checksums import writing_checked
from prism.files.h5ad import write_h5ad
from prism.runs.provenance import git_revision, package_versions
from prism.tokens.perturb.controls import CONTROLS
from prism.tokens.scoring.contrasts import COLUMNS as SCORES
from prism.tokens.scoring.contrasts import DIRECT, INDIRECT, score_table
from prism.tokens.scoring.contrasts import OURS as SHIFT
from prism.tokens.scoring.donors import over_donors
from prism.tokens.scoring.statistics import benjamini_hochberg, donor_ps, gene_ps, max_statistic_ps
from prism.tokens.steps.effects import Effects
from prism.tokens.steps.inputs import Inputs, Settings

RANDOM, BAND = "random_direction", (0.05, 0.95)
MAX_STATISTIC = "max_statistic"
EFFECTS = (
    "gene_id", "symbol", "cell_type", "factor", "N_Detections", "shift", "resolved", "p", "q", *CONTROLS, "random_low",
    "random_high", "target", "weight",
)  # fmt: skip
UNKNOWN_KIND, NO_TARGET = "target", "none"
EDGES = ("source", "target", "weight")


def effects_table(
    inputs: Inputs, found: Effects, targets: Mapping[str, tuple[float, str]], settings: Settings
) -> pd.DataFrame:
    """effects.tsv of a factor in a cell type, largest shift first.

    inputs: of the entry.
    found: what was measured.
    targets: id -> weight, and direct, indirect or ""; {} where there is no list.
    settings: of the entry.
    """
    genes = [inputs.dictionary.gene_of[int(token)] for token in found.tokens]
    mean = {name: over_donors(values) for name, values in found.by_donor.items()}
    ps, qs = _tested(found, mean[SHIFT], settings["statistics"]["correction"])
    low, high = np.quantile(found.random, BAND, axis=0)
    resolved = mean[SHIFT] > found.facts["floor"]
    table = pd.DataFrame(
        {
            "gene_id": genes, "symbol": [inputs.symbol(gene) for gene in genes], "cell_type": found.facts["cell_type"],
            "factor": found.facts["factor"], "N_Detections": found.detections, **mean, "resolved": resolved, "p": ps,
            "q": qs, "random_low": low, "random_high": high,
            "target": [_kind(gene, targets) for gene in genes],
            "weight": [targets[gene][0] if gene in targets else np.nan for gene in genes],
        }
    )  # fmt: skip
    return table[list(EFFECTS)].sort_values(
        [SHIFT, "gene_id"], ascending=[False, True], kind="stable", ignore_index=True
    )


def _kind(gene: str, targets: Mapping[str, tuple[float, str]]) -> str:
    if gene in targets:
        return targets[gene][1] or UNKNOWN_KIND
    return NO_TARGET if targets else ""


def _tested(found: Effects, observed: np.ndarray, correction: str) -> tuple[np.ndarray, np.ndarray]:
    """p and corrected p of each gene; NaN where donors were refused."""
    if found.facts["refused"]:
        return (np.full(len(observed), np.nan),) * 2
    if correction == MAX_STATISTIC:
        return gene_ps(observed, found.random), max_statistic_ps(observed, found.random)
    ps = donor_ps(found.by_donor[SHIFT], found.by_donor[RANDOM])
    return ps, benjamini_hochberg(ps)


def scores_table(
    table: pd.DataFrame, found: Effects, genes: Sequence[str], settings: Settings
) -> pd.DataFrame:
    """scores.tsv of a factor in a cell type; empty where there is no list of targets.

    table: its effects.
    found: what was measured.
    genes: (genes,) ids in the order of `found.tokens`.
    settings: of the entry.
    """
    kind = table.set_index("gene_id")["target"].reindex(list(genes)).replace(NO_TARGET, "").to_numpy(str)
    facts, asked = found.facts, settings["statistics"]
    about = {"factor": facts["factor"], "cell_type": facts["cell_type"]}
    counts = {"n_cells": facts["n_cells"], "n_donors": 0 if facts["refused"] else len(facts["donors"])}
    if (kind == "").all() or (kind != "").all():
        return pd.DataFrame(columns=[*about, *SCORES, *counts])
    measured = {name: values for name, values in found.by_donor.items() if np.isfinite(values).any()}
    scores = score_table(
        measured, kind != "", kind == DIRECT, kind == INDIRECT, seed=settings["seed"], draws=asked["draws"]
    )
    return scores.assign(**about, **counts)[[*about, *SCORES, *counts]]


def edges_table(effects: pd.DataFrame, name_of: Mapping[str, str]) -> pd.DataFrame:
    """edges.tsv: factor, gene and mean shift over the cell types, of what is resolved.

    effects: effects.tsv.
    name_of: factor's key -> its name as a source.
    """
    kept = effects[effects["resolved"]]
    gene = kept["symbol"].where(kept["symbol"] != "", kept["gene_id"])
    named = pd.DataFrame({"source": kept["factor"].map(name_of), "target": gene, "weight": kept[SHIFT]})
    mean = named.groupby(["source", "target"], sort=False, as_index=False)["weight"].mean()
    return mean.sort_values(["source", "weight"], ascending=[True, False], kind="stable", ignore_index=True)[
        list(EDGES)
    ]


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table, numbers to nine digits, with its checksum.

    path: of the file.
    table: to write.
    """
    with writing_checked(path) as part:
        table.to_csv(part, sep="\t", index=False, float_format="%.9g")


def write_cells(
    path: str | Path,
    inputs: Inputs,
    found: Sequence[Effects],
    name: str,
    settings: Settings,
    told: Mapping[str, Any],
) -> None:
    """tokens.h5ad: the cells that were run, their counts, mean embeddings, and every gene's shifts.

    path: of the file.
    inputs: of the entry, its cells open.
    found: what was measured.
    name: of the entry.
    settings: of the entry.
    told: provenance.
    """
    cells = inputs.cells
    rows = np.unique(np.concatenate([each.rows for each in found]))
    obs = pd.DataFrame({"cell_type": cells.cell_type[rows]}, index=cells.names[rows].astype(str))
    obs = obs if cells.donor is None else obs.assign(donor_id=cells.donor[rows])
    var = pd.DataFrame(
        {"ensembl_id": cells.gene_ids, "feature_name": [inputs.symbol(gene) for gene in cells.gene_ids]},
        index=list(cells.gene_ids),
    )
    column = {inputs.dictionary.token_of[gene]: place for place, gene in enumerate(cells.gene_ids)}
    methods = [SHIFT, *CONTROLS]
    varm, obsm = {}, {}
    width = found[0].states.shape[1]
    reference = np.full((len(rows), width), np.nan, np.float32)
    for each in found:
        key = "_".join(filter(None, (each.facts["factor"], each.facts["cell_type"]))).replace("/", "_")
        shifts = np.full((len(cells.gene_ids), len(methods)), np.nan)
        shifts[[column[int(token)] for token in each.tokens]] = np.column_stack(
            [over_donors(each.by_donor[method]) for method in methods]
        )
        varm[f"shift_{key}"] = shifts
        places = np.searchsorted(rows, each.rows)
        reference[places] = each.states
        mutated = np.full((len(rows), width), np.nan, np.float32)
        mutated[places] = each.mutated
        obsm[f"X_mutated_{key}"] = mutated
    obsm = {"X_reference": reference, **obsm}
    uns = {"prism_tokens": {"name": name, "methods": methods, "seed": settings["seed"], **told}}
    write_h5ad(path, cells.counts(rows), obs, var, varm, obsm, uns)


def provenance(settings: Settings, files: Mapping[str, str]) -> dict[str, Any]:
    """What the results are made of.

    settings: of the entry.
    files: what was read -> its sha256.
    """
    return {
        "git_revision": git_revision() or "unknown",
        "numbers_version": NUMBERS_VERSION,
        "packages": package_versions(),
        "files": dict(files),
        "lineage": "dynamic tokens after Bio-DTA (arXiv 2504.13049); lineage inferred, no reproduction claimed",
    }
