"""Provenance in words: the small lines below a figure, and the full record in the file's metadata."""

from __future__ import annotations

import json

from prism.genome.reading import recorded
from prism.genome.tracks.transforms import of_source
from prism.protocol.tuning import in_words
from prism.runs.record import RunRecord

SHOWN = 4
# Key of an entry that is not at its default -> what its models do, and what the others do.
READING = {
    "orientation": (
        "windows read in the gene's direction, those of genes on the - strand turned",
        "the others read the + strand",
    ),
    "scale_features": ("gene features as z-scores of the training genes", "the others read them as they are"),
}


def _distinct(values: list[str]) -> list[str]:
    return list(dict.fromkeys(value or "unknown" for value in values))


def _listed(values: list[str]) -> str:
    values = _distinct(values)
    more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
    return ", ".join(values[:SHOWN]) + more


def _revision(value: str) -> str:
    return value[:8]


def output_type(source: dict) -> str:
    """What a signal's values are: by the user's table, else by the portal's record of its files, else "".

    source: of the signal, as the dataset file records it.
    """
    said = [file.get("output_type") for file in source.get("files") or []]
    return source.get("output_type") or ", ".join(dict.fromkeys(filter(None, said)))


def describe_source(name: str, source: dict) -> str:
    """One signal in words: `DNase: read-depth normalized signal, log1p (ENCFF414OGC)`.

    name: of the signal.
    source: of the signal, as the dataset file records it.
    """
    addresses = str(source.get("address") or "").split(",")
    files = "; ".join(part.strip().rstrip("/").rsplit("/", 1)[-1] for part in addresses if part.strip())
    words = [output_type(source) or "output type not given"]
    if "normalisation" in source:
        words.append(f"normalisation {source['normalisation']}")
    if (transform := of_source(source)).changes:
        words.append(transform.name)
    return f"{name}: {', '.join(words)}" + (f" ({files})" if files else "")


def signal_line(cell_type: str, sources: dict) -> str:
    """The signals of a cell type with what they measure, so that a substitute is visible.

    cell_type: name of the cell type, for the text.
    sources: of the dataset file, by name.
    """
    # sequence, blacklist and peaks have no kind: they are not signals
    words = [describe_source(name, source) for name, source in sources.items() if source.get("kind")]
    return f"signals of {cell_type}: " + (" | ".join(words) if words else "none")


def signal_lines(run: RunRecord) -> list[str]:
    """`signal_line` of a run's cell type, or of each of those that it was trained on; [] where it records no source.

    run: the record of a finished run.
    """
    by_cell_type: dict[str, dict] = {}
    for key, source in (run.provenance.get("sources") or {}).items():
        cell_type, _, name = key.rpartition("/")  # <cell type>/<signal> where there are several
        by_cell_type.setdefault(cell_type or run.cell_type, {})[name] = source
    return [signal_line(cell_type, sources) for cell_type, sources in by_cell_type.items()]


def provenance_lines(runs: list[RunRecord]) -> list[str]:
    """Lines below a figure: data set, NUMBERS_VERSION, label, git revision, signals, direction, dropped genes.

    runs: those that the figure shows.
    """
    versions = _distinct([str(run.provenance.get("numbers_version", "")) for run in runs])
    numbers = ", ".join(versions) + (" (differ: runs not comparable)" if len(versions) > 1 else "")
    first = " · ".join(
        [
            "data set " + _listed([str(run.provenance.get("dataset_hash") or "")[:8] for run in runs]),
            "numbers version " + numbers,
            "label " + _listed([run.assay for run in runs]),
            "code " + _listed([_revision(str(run.provenance.get("git_revision") or "")) for run in runs]),
        ]
    )
    lines = [first]
    for run in runs:
        lines += [line for line in signal_lines(run) if line not in lines]
    dropped = [line for line in dict.fromkeys(map(dropped_line, runs)) if line]
    return lines + reading_lines(runs) + tuned_lines(runs) + start_lines(runs) + dropped


def reading_lines(runs: list[RunRecord]) -> list[str]:
    """Lines that say which models read windows along the gene or gene features as z-scores; [] where none does.

    runs: those that the figure shows.
    """
    told = []
    for key, words in READING.items():
        names = list(dict.fromkeys(run.model for run in runs if key in recorded(run.entry)))
        rest = len({run.model for run in runs}) > len(names)
        if names:
            told.append(f"{words[0]}: {', '.join(names)}" + (f" ({words[1]})" if rest else ""))
    return told


def tuned_lines(runs: list[RunRecord]) -> list[str]:
    """A line for each model whose settings were chosen by tuning: what was taken, out of how many values.

    runs: those that the figure shows.
    """
    by_model: dict[str, dict[str, list[str]]] = {}
    for run in runs:
        if run.tuned:
            places = by_model.setdefault(run.model, {}).setdefault(in_words(run.tuned), [])
            place = f"{run.cell_type}, fold {run.fold}"
            places += [place] if place not in places else []
    lines = []
    for model, found in by_model.items():
        told = [
            words + (f" ({'; '.join(places)})" if len(found) > 1 else "") for words, places in found.items()
        ]
        lines.append(f"{model} tuned on validation: {' | '.join(told)}")
    return lines


def start_lines(runs: list[RunRecord]) -> list[str]:
    """A line for each model that did not start from random weights: what it started from, and what that had seen.

    runs: those that the figure shows.
    """
    lines = []
    for run in runs:
        if run.start:
            told = ", ".join(f"{key} {value}" for key, value in run.start["start_from"].items())
            unknown = run.start["test_genes"] == "unknown"
            seen = (
                ": trained on unknown genes, TEST GENES MAY BE AMONG THEM"
                if unknown
                else " (test genes held out)"
            )
            lines.append(f"{run.model} started from the weights of {told}{seen}")
    return list(dict.fromkeys(lines))


def dropped_line(run: RunRecord) -> str:
    """How much of its validation and test genes a run is scored on; "" where it is all of them.

    run: the record of a finished run.
    """
    words = {"test": "test", "valid": "validation"}
    told = [f"{run.told_genes(split)} {word} genes" for split, word in words.items() if run.dropped(split)]
    return f"{run.cell_type}, fold {run.fold}: {', '.join(told)} (the others were dropped)" if told else ""


def full_record(runs: list[RunRecord]) -> str:
    """Every run's identity in full, as JSON, for the metadata of the written file.

    runs: those that the figure shows.
    """
    keys = ("dataset_hash", "settings_hash", "numbers_version", "git_revision", "device", "precision")
    return json.dumps(
        [
            {
                "cell_type": run.cell_type,
                "model": run.model,
                "fold": run.fold,
                "seed": str(run.seed),
                "label": run.assay,
            }
            | {key: run.provenance.get(key) for key in keys}
            for run in runs
        ],
        sort_keys=True,
    )
