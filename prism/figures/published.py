"""Which published number may be shown beside a run: same method, window, inputs and test set as the paper's.

Source of the protocol: Prism (ICLR 2026) and Seq2Exp (ICLR 2025); the numbers themselves are a table with a citation.
"""

from __future__ import annotations

import pandas as pd

from prism.genome.genes.feature_groups import WORDS, chosen_by, groups_of
from prism.genome.reading import CHOICES, recorded
from prism.models.catalogue import ARCHITECTURES, traits
from prism.runs.record import RunRecord

COLUMNS = ["method", "cell_type", "metric", "mean", "sd", "window_bp", "source"]
FOLD = "11"
TEST_GENES = 1167
ASSAY = "CAGE"


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


def differences(run: RunRecord, window_bp: int) -> list[str]:
    """Why the published number may not be shown beside a run, in words; [] if it may.

    run: the record of a finished run.
    window_bp: window of the published number, bp.
    """
    known, settings = traits(run.architecture), run.entry.get("settings") or {}
    genes = run.genes("test")
    signals = run.entry.get("signals")
    reasons = []
    # Enformer's 196,608 bp is the papers' "200 kb"
    if run.length is None or abs(run.length - window_bp) > 0.02 * window_bp:
        reasons.append(f"window {run.length} bp, published {window_bp} bp")
    if run.assay.upper() != ASSAY:
        reasons.append(f"label {run.assay or 'unknown'}, published {ASSAY}")
    if run.fold != FOLD:
        reasons.append(f"fold {run.fold}, published {FOLD}")
    if genes is None or abs(genes - TEST_GENES) > 0.02 * TEST_GENES:
        reasons.append(f"{run.told_genes('test')} test genes, published {TEST_GENES:,}")
    given = groups_of(chosen_by(run.entry))
    reasons += [f"no {words}" for name, words in WORDS.items() if name not in given]
    if signals is not None and len(signals) < 3 and known.publication and known.publication.signals:
        reasons.append(f"signals {', '.join(signals) or 'none'}, published three")
    reasons += [f"{key} {value}, published {CHOICES[key][0]}" for key, value in recorded(run.entry).items()]
    for each in known.settings:
        if each.published_at_default and settings.get(each.name, each.default) != each.default:
            reasons.append(f"{each.name} {settings[each.name]}, published {each.default}")
    return reasons


def beside(run: RunRecord, table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the published table that may be shown beside a run; empty if none may.

    run: the record of a finished run.
    table: checked by `check_table`.
    """
    rows = _of(run, table)
    fits = [not differences(run, int(window)) for window in rows["window_bp"]]
    return rows[fits]


def omissions(runs: list[RunRecord], table: pd.DataFrame) -> list[str]:
    """One line for each model whose method was published for the cell type, but under another protocol.

    runs: those of the figure.
    table: the published results.
    """
    table, lines = check_table(table), {}
    for run in runs:
        for window in _of(run, table)["window_bp"].unique():
            reasons = differences(run, int(window))
            if reasons:
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
