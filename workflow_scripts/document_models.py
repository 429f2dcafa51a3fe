"""Writes docs/models.md from config/models.yaml: python -m workflow_scripts.document_models > docs/models.md."""

from __future__ import annotations

import inspect
from itertools import groupby

from workflow_scripts.planning.models import CLOSED_FORM, Entry, read_models
from workflow_scripts.planning.paths import BASE

INTRODUCTION = """\
# Models
Made from `config/models.yaml` by `python -m workflow_scripts.document_models`; do not edit.

Parameters are counted on the model as built for three signals (H3K27ac, DNase, contacts) and nine gene features
(the mRNA features and the promoter activity), or none where the entry says `rna_features: false`; neither
for ridge, which is solved, nor for Enformer, whose library lives in an environment of its own (230,256,641: see
`tests/unit/test_enformer.py`). Steps and batch are those of the entry's protocol; `-` where there is none.
"""
SIGNALS = ("H3K27ac", "DNase", "contacts")
FEATURES = 9


def parameters(entry: Entry) -> str:
    """Trainable parameters of an entry, built; '-' for a closed form or where its library is not installed."""
    from prism.models import build

    signals = SIGNALS if entry.signals is None else entry.signals
    data = {
        "length": entry.length,
        "n_signals": len(signals),
        "n_rna_features": FEATURES if entry.rna_features else 0,
        "signals": list(signals),
    }
    if entry.architecture in (*CLOSED_FORM, "enformer"):
        return "-"
    module = build(entry.architecture, entry.settings | data)
    return f"{sum(each.numel() for each in module.parameters() if each.requires_grad):,}"


def row(entry: Entry) -> str:
    """One line of the table."""
    signals = "all" if entry.signals is None else ", ".join(entry.signals) or "none"
    length = entry.training.get("steps") or (
        entry.training.get("epochs") and f"{entry.training['epochs']} epochs"
    )
    cells = (
        f"`{entry.name}`",
        f"{entry.length:,}",
        signals,
        "yes" if entry.rna_features else "no",
        parameters(entry),
        f"{length:,}" if isinstance(length, int) else length or "-",
        str(entry.training.get("batch_size", "-")),
    )
    return "| " + " | ".join(cells) + " |"


def settings_of(architecture: str) -> list[str]:
    """The settings of an architecture with their defaults, and what it is, from its class."""
    from prism.models import registry

    own = {k: v for k, v in registry.known_settings(architecture).items() if k not in registry.DATA_SETTINGS}
    meaning = " ".join(inspect.getdoc(registry.architecture(architecture)).split("\n\n")[0].split())
    return [
        meaning,
        "",
        "Settings: " + (", ".join(f"`{key}` ({value!r})" for key, value in own.items()) or "none"),
    ]


def document() -> str:
    """The whole page."""
    entries = sorted(
        read_models([BASE / "config" / "models.yaml"]).values(), key=lambda e: (e.architecture, e.name)
    )
    lines = [INTRODUCTION]
    for architecture, group in groupby(entries, key=lambda entry: entry.architecture):
        lines += [f"## {architecture}", *settings_of(architecture), ""]
        lines += ["| entry | window, bp | signals | gene features | parameters | steps | batch |"]
        lines += ["|---|---|---|---|---|---|---|", *(row(entry) for entry in group), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    print(document(), end="")
