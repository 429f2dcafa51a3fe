"""What tuning leaves: the record of each candidate, the choice among them, and their table. No torch.

A candidate is trained on the train split and scored on the valid split; its record has no other score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prism import scores
from prism.files.checked_json import read_checked
from prism.protocol.tuning import candidates, shown, with_values
from prism.runs.history import valid_column

CHOSEN_BY = scores.METRICS[scores.SELECTED_BY]
SCORES = [metric.name for metric in scores.headlines()]
COLUMNS = (
    "cell_type", "model", "fold", "candidate", "values", *map(valid_column, SCORES), "best_step", "seconds", "seed",
    "chosen", "failed",
)  # fmt: skip
AGAIN = "run again"
# What all candidates of a choice must share.
SHARED = ("dataset_hash", "split_hash", "numbers_version", "seed", "start")


def candidate_record(
    *,
    place: int,
    values: Mapping[str, Any],
    rows: Sequence[Mapping[str, float]],
    best_step: int | None,
    **facts: Any,
) -> dict[str, Any]:
    """The record of a candidate that was trained.

    place: its place among the candidates, from 1.
    values: its own, by key of training or settings.
    rows: its history, one row a validation; [] for a training that failed.
    best_step: the step of the best validation; None for a closed form.
    **facts: cell_type, model, fold, seed, entry, provenance, fit, failed (why it has no score, None where it has one).
    """
    best = next((row for row in rows if best_step is None or row["step"] == best_step), {})
    return {
        **{key: facts[key] for key in ("cell_type", "model", "fold", "seed")},
        "candidate": place,
        "values": dict(values),
        "valid": {name: best.get(valid_column(name)) for name in SCORES},
        "best_step": best_step,
        "seconds": rows[-1]["seconds"] if rows else None,
        **{key: facts[key] for key in ("failed", "fit", "provenance", "entry")},
    }


def read_candidates(paths: Sequence[str | Path], tune: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """The records of all candidates of an entry, in their order.

    paths: their files, in the order of the candidates.
    tune: the entry's lists of values.
    Raises ValueError, naming a file and the fix, where one is not that candidate's, or not of the same data as another.
    """
    wanted = candidates(tune)
    if len(paths) != len(wanted):
        raise ValueError(f"{len(paths)} records given for {len(wanted)} candidates; give one of each")
    records: list[dict[str, Any]] = []
    for path, values in zip(paths, wanted, strict=True):
        try:
            record = read_checked(path, "record of a candidate", AGAIN)
            found, provenance = record["values"], record["provenance"]
            odd = [
                key for key in SHARED if records and provenance.get(key) != records[0]["provenance"].get(key)
            ]
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"{path}: not a candidate's record (no {error}); delete it and {AGAIN}"
            ) from None
        if found != values:
            raise ValueError(
                f"{path}: it was trained with {in_list(found)}, not {in_list(values)}; delete it and {AGAIN}"
            )
        if odd:
            first = records[0]["provenance"].get(odd[0])
            told = f"{odd[0]} is {provenance.get(odd[0])}, and {first} in {paths[0]}"
            raise ValueError(f"{path}: {told}; delete it and {AGAIN}")
        records.append(record)
    return records


def choose(records: Sequence[Mapping[str, Any]], tune: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """The best candidate by validation MSE; of equals the first.

    records: of all candidates, in order.
    tune: the entry's lists of values.

    Returns what chosen.json holds.
    Raises ValueError, with what each of them failed of, where none has a score.
    """
    ranked = [record for record in records if score_of(record) is not None]
    if not ranked:
        reasons = "; ".join(f"{in_list(record['values'])}: {record['failed']}" for record in records)
        raise ValueError(f"{records[0]['model']}: no candidate of tune could be trained ({reasons})")
    best = min(ranked, key=lambda record: CHOSEN_BY.rank(score_of(record)))
    return {
        **{key: best[key] for key in ("cell_type", "model", "fold", "seed", "candidate", "values")},
        "candidates": len(records),
        "tune": {name: list(values) for name, values in sorted(tune.items())},
        valid_column(CHOSEN_BY.name): score_of(best),
    }


def with_chosen(entry: Mapping[str, Any], path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """An entry with the values that were chosen for it, and what a run's record says of the choice.

    entry: of config/models.yaml, resolved, with its `tune`.
    path: its chosen.json.
    Raises ValueError, naming the file, where it was chosen among other values.
    """
    try:
        chosen = read_checked(path, "choice among candidates", AGAIN)
        tune, values = chosen["tune"], chosen["values"]
    except KeyError as error:
        raise ValueError(
            f"{path}: not a choice among candidates (no {error}); delete it and {AGAIN}"
        ) from None
    if tune != (entry.get("tune") or {}) or values not in candidates(tune):
        raise ValueError(
            f"{path}: chosen among {tune}, and the entry has {entry.get('tune') or 'no tune'}; delete it and {AGAIN}"
        )
    told = {key: chosen[key] for key in chosen if key not in ("cell_type", "model", "fold")}
    return with_values(entry, values), told


def table_rows(records: Sequence[Mapping[str, Any]], chosen: Mapping[str, Any]) -> list[list[str]]:
    """A row of text for each candidate, in the order of `COLUMNS`.

    records: of all candidates of an entry.
    chosen: what `choose` made of them.
    """
    rows = []
    for record in records:
        cells = {key: record[key] for key in ("cell_type", "model", "fold", "candidate", "best_step", "seed")}
        cells |= {valid_column(name): value for name, value in record["valid"].items()}
        cells["values"], cells["failed"] = in_list(record["values"]), record["failed"]
        cells["seconds"] = record["seconds"] and round(record["seconds"], 1)
        cells["chosen"] = "yes" if record["candidate"] == chosen["candidate"] else ""
        rows.append(["" if cells[name] is None else str(cells[name]) for name in COLUMNS])
    return rows


def in_list(values: Mapping[str, Any]) -> str:
    """The values of a candidate: "learning_rate=0.003, kmer=4".

    values: by key.
    """
    return ", ".join(f"{name}={shown(value)}" for name, value in values.items())


def score_of(record: Mapping[str, Any]) -> float | None:
    """A candidate's validation MSE; None where it has none.

    record: the candidate's.
    """
    value = record["valid"][CHOSEN_BY.name]
    return None if record["failed"] or value is None or not math.isfinite(value) else value
