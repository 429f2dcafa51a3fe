"""What the models of a figure read beside the sequence, in the small print: a score says little without it."""

from __future__ import annotations

from prism.genome.genes.feature_groups import chosen_by, in_words
from prism.models.catalogue import ARCHITECTURES
from prism.runs.record import RunRecord


def inputs(run: RunRecord) -> str:
    """What a run's model reads beside the sequence, in words; "nothing: sequence alone" for none of it.

    run: the run.
    """
    known, signals = ARCHITECTURES.get(run.architecture), run.entry.get("signals")
    read = []
    if (known is None or known.reads_signals) and signals != []:
        read.append("signals" if signals is None else ", ".join(signals))
    if known is not None and known.reads_elements:
        read.append("candidate elements")
    if (run.entry.get("settings") or {}).get("input_mask") == "peaks":
        read.append("peaks")
    return ", ".join(read + in_words(chosen_by(run.entry))) or "nothing: sequence alone"


def input_lines(runs: list[RunRecord]) -> list[str]:
    """One line that says which models of a figure read what beside the sequence.

    runs: those that the figure shows.
    """
    models: dict[str, list[str]] = {}
    for run in runs:
        names = models.setdefault(inputs(run), [])
        names += [run.model] if run.model not in names else []
    told = [f"{', '.join(names)}: {read}" for read, names in models.items()]
    return [f"read beside the sequence, as far as the data have it · {' · '.join(told)}"] if told else []
