"""Which published number may be shown beside a run: same method, window, inputs and test set as the paper's.

Source of the protocol: Prism (ICLR 2026) and Seq2Exp (ICLR 2025); the numbers themselves are a table with a citation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from prism.genome.genes.feature_groups import WORDS, chosen_by, groups_of
from prism.genome.reading import reading_of
from prism.models.catalogue import ARCHITECTURES, traits
from prism.runs.record import RunRecord

COLUMNS = ["method", "cell_type", "metric", "mean", "sd", "window_bp", "entry", "source"]
FOLD = "11"
TEST_GENES = 1167
ASSAY = "CAGE"
LIKE = 0.02  # share by which windows and numbers of genes may differ
# keys of a training that make another protocol; precision and the genes at once in memory do not
PROTOCOL = (
    "steps",
    "epochs",
    "batch_size",
    "learning_rate",
    "betas",
    "weight_decay",
    "schedule",
    "warmup_steps",
    "warmup_from",
    "final_learning_rate",
    "gradient_clip",
)


def check_table(table: pd.DataFrame) -> pd.DataFrame:
    """Check the table of published results, and return it with lower-case metrics.

    table: as read from its file.
    Raises ValueError if a column is missing.
    """
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise ValueError(
            f"the table of published results has no column {', '.join(missing)}; it needs {', '.join(COLUMNS)}"
        )
    return table.assign(metric=table["metric"].str.lower(), cell_type=table["cell_type"].astype(str))


def method(run: RunRecord) -> str | None:
    """The papers' name of a run's architecture and settings; None if they have none.

    run: the record of a finished run.
    """
    known = ARCHITECTURES.get(run.architecture)
    if known is None or known.publication is None:
        return None
    settings = run.entry.get("settings") or {}
    for key, name in known.publication.variants.items():
        if settings.get(key, known.own_settings[key]) != known.own_settings[key]:
            return name.format(settings[key])
    return known.publication.method


def differences(run: RunRecord, reference: Mapping[str, Any]) -> list[str]:
    """Why the published number may not be shown beside a run, in words; [] if it may.

    run: the record of a finished run.
    reference: the entry that reproduces the published number, as a run of it records it.
    """
    return _other_window(run, reference) + _other_data(run) + _other_model(run.entry, reference)


def beside(run: RunRecord, table: pd.DataFrame, references: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Rows of the published table that may be shown beside a run; empty if none may.

    run: the record of a finished run.
    table: checked by `check_table`.
    references: entries that reproduce published numbers, by name; of one that is missing no number is shown.

    The column `other_window` is true where the window is all that differs: such a number is shown as what it is.
    """
    rows = _of(run, table)
    found = [_fit(run, entry, references) for entry in rows["entry"]]
    shown = np.array([not reasons or window_alone for reasons, window_alone in found], bool)
    return rows.assign(other_window=[window_alone for _, window_alone in found])[shown]


def _fit(run: RunRecord, entry: str, references: Mapping[str, Mapping[str, Any]]) -> tuple[list[str], bool]:
    """Why a published number may not stand beside a run, and whether the window is all that differs."""
    if entry not in references:
        return [f"no entry {entry} in the configuration's models, which reproduces it"], False
    reasons = differences(run, references[entry])
    return reasons, bool(reasons) and reasons == _other_window(run, references[entry])


def _other_window(run: RunRecord, reference: Mapping[str, Any]) -> list[str]:
    length = reference["length"]
    # Enformer's 196,608 bp is the papers' "200 kb"
    if run.length is None or abs(run.length - length) > LIKE * length:
        return [f"window {run.length} bp, published {length} bp"]
    return []


def _other_data(run: RunRecord) -> list[str]:
    genes, reasons = run.genes("test"), []
    if run.assay.upper() != ASSAY:
        reasons.append(f"label {run.assay or 'unknown'}, published {ASSAY}")
    if run.fold != FOLD:
        reasons.append(f"fold {run.fold}, published {FOLD}")
    if genes is None or abs(genes - TEST_GENES) > LIKE * TEST_GENES:
        reasons.append(f"{run.told_genes('test')} test genes, published {TEST_GENES:,}")
    return reasons


def _other_model(entry: Mapping[str, Any], reference: Mapping[str, Any]) -> list[str]:
    """What differs in inputs, settings and training; a key that an old record lacks differs in nothing."""
    given, published = (groups_of(chosen_by(each)) for each in (entry, reference))
    reasons = [f"no {WORDS[name]}" for name in published if name not in given]
    reasons += [f"with {WORDS[name]}" for name in given if name not in published]
    signals, named = entry.get("signals"), reference.get("signals")
    if signals is not None and list(signals) != list(named or ()) and (named is not None or len(signals) < 3):
        told = "three" if named is None else ", ".join(named) or "none"
        reasons.append(f"signals {', '.join(signals) or 'none'}, published {told}")
    here, there = reading_of(entry), reading_of(reference)
    reasons += [f"{key} {here[key]}, published {there[key]}" for key in here if here[key] != there[key]]
    here, there = (each.get("settings") or {} for each in (entry, reference))
    for each in traits(entry["architecture"]).settings:
        found, published = (settings.get(each.name, each.default) for settings in (here, there))
        if each.published_at_default and found != published:
            reasons.append(f"{each.name} {found}, published {published}")
    here, there = entry.get("training") or {}, reference.get("training") or {}
    for key in PROTOCOL if here else ():
        if here.get(key) != there.get(key):
            reasons.append(f"{key} {_told(here.get(key))}, published {_told(there.get(key))}")
    return reasons


def _told(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else "none" if value is None else str(value)


def omissions(
    runs: list[RunRecord], table: pd.DataFrame, references: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """One line for each model whose method was published for the cell type, but under another protocol.

    runs: those of the figure.
    table: the published results.
    references: entries that reproduce published numbers, by name.
    """
    table, lines = check_table(table), {}
    for run in runs:
        for entry in _of(run, table)["entry"].unique():
            reasons, window_alone = _fit(run, entry, references)
            if reasons and not window_alone:
                name = f"published {method(run)} is not drawn beside {run.cell_type} {run.model}"
                lines[name] = f"{name}: {'; '.join(reasons)}"
    return list(lines.values())


def other_genes(runs: list[RunRecord], table: pd.DataFrame) -> list[str]:
    """A line for each cell type that is scored on other test genes than the published numbers are.

    runs: those of the figure.
    table: checked by `check_table`.

    Few genes more or less do not keep the published number away (`differences`), so they are told.
    """
    same_test = [run for run in runs if run.fold == FOLD and run.assay.upper() == ASSAY]
    found = [
        f"published numbers are of {TEST_GENES:,} test genes, those of {run.cell_type} here of {run.told_genes('test')}"
        for run in same_test
        if run.genes("test") != TEST_GENES and not _of(run, table).empty
    ]
    return list(dict.fromkeys(found))


def _of(run: RunRecord, table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["cell_type"] == run.cell_type) & (table["method"] == method(run))]
