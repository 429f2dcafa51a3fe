"""Which published number may stand beside a run: same method, window, inputs and test set as the paper's.

Source of the protocol: Prism (ICLR 2026) and Seq2Exp (ICLR 2025); the numbers themselves are a table with a citation.
"""

from __future__ import annotations

import pandas as pd

from prism.runs.record import RunRecord

COLUMNS = ["method", "cell_type", "metric", "mean", "sd", "window_bp", "source"]
FOLD = "11"
TEST_GENES = 1167
ASSAY = "CAGE"
METHODS = {
    "caduceus": "Caduceus",
    "caduceus_signals": "Caduceus + signals",
    "enformer": "Enformer",
    "epinformer": "EPInformer",
    "hyenadna": "HyenaDNA",
    "mamba": "Mamba",
    "seq2exp_hard": "Seq2Exp-hard",
    "seq2exp_soft": "Seq2Exp-soft",
}
PAPER_SETTINGS = {"d_model": 128, "n_layer": 4, "cnn_dim": 8, "alpha": 1.0, "beta": 1.0}
WITHOUT_SIGNALS = ("caduceus", "mamba", "hyenadna", "enformer")


def check_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return the published table with lower-case metrics; raise ValueError if a column is missing."""
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise ValueError(
            f"the table of published results has no column {', '.join(missing)}; it needs {', '.join(COLUMNS)}"
        )
    return table.assign(metric=table["metric"].str.lower(), cell_type=table["cell_type"].astype(str))


def method(run: RunRecord) -> str | None:
    """The name that the papers give to this run's architecture and settings; None where there is none."""
    settings = run.entry.get("settings") or {}
    if run.architecture == "prism":
        n = settings.get("n_context", 2)
        return "Prism" if n == 2 else f"Prism n={n}"
    if run.architecture == "caduceus_signals" and settings.get("input_mask") == "peaks":
        return "MACS3"
    return METHODS.get(run.architecture)


def differences(run: RunRecord, window_bp: int) -> list[str]:
    """Why the published number may not stand beside this run, in words; [] if it may."""
    settings = run.entry.get("settings") or {}
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
        reasons.append(f"{genes} test genes, published {TEST_GENES}")
    if not run.entry.get("rna_features", True):
        reasons.append("no mRNA features")
    if signals is not None and len(signals) < 3 and run.architecture not in WITHOUT_SIGNALS:
        reasons.append(f"signals {', '.join(signals) or 'none'}, published three")
    for key, value in PAPER_SETTINGS.items():
        if settings.get(key, value) != value:
            reasons.append(f"{key} {settings[key]}, published {value}")
    return reasons


def beside(run: RunRecord, table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the (checked) published table that may stand beside this run; empty where none may."""
    rows = _of(run, table)
    fits = [not differences(run, int(window)) for window in rows["window_bp"]]
    return rows[fits]


def omissions(runs: list[RunRecord], table: pd.DataFrame) -> list[str]:
    """One line for each model whose method was published for the cell type, but under another protocol."""
    table, lines = check_table(table), {}
    for run in runs:
        for window in _of(run, table)["window_bp"].unique():
            reasons = differences(run, int(window))
            if reasons:
                name = f"published {method(run)} is not drawn beside {run.cell_type} {run.model}"
                lines[name] = f"{name}: {'; '.join(reasons)}"
    return list(lines.values())


def _of(run: RunRecord, table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["cell_type"] == run.cell_type) & (table["method"] == method(run))]
