"""The choice among candidates: by validation MSE alone, of equals the first; other files than theirs are refused."""

from __future__ import annotations

import json

import pytest

from prism.runs.tuning import COLUMNS, candidate_record, choose, read_candidates, table_rows, with_chosen

TUNE = {"learning_rate": [0.001, 0.01, 0.1]}
ENTRY = {"architecture": "prism", "length": 32, "settings": {}, "training": {"steps": 5}, "tune": TUNE}


def record(place: int, mse: float | None, **changes) -> dict:
    """The record of a candidate that was best in its second of three validations."""
    rows = [
        {"step": step, "seconds": step / 2, "valid_mse": error, "valid_mae": 1.0, "valid_pearson": 0.5}
        for step, error in ((1, 9.0), (2, mse), (3, 8.0))
    ]
    facts = {
        "cell_type": "K562",
        "model": "tiny",
        "fold": 11,
        "seed": 2,
        "entry": {},
        "fit": {},
        "failed": None,
    }
    provenance = {"dataset_hash": "a", "split_hash": "b", "numbers_version": 3, "seed": 2}
    values = {"learning_rate": TUNE["learning_rate"][place - 1]}
    facts |= {"values": values, "rows": rows, "best_step": 2, "provenance": provenance} | changes
    return candidate_record(place=place, **facts)


def failed(place: int) -> dict:
    return record(place, None, rows=[], best_step=None, failed="the loss of step 3 is nan")


def test_the_score_is_that_of_the_best_step():
    found = record(1, 0.25)
    assert found["valid"] == {"mse": 0.25, "mae": 1.0, "pearson": 0.5}
    assert found["seconds"] == 1.5
    assert "test" not in json.dumps(found)


@pytest.mark.parametrize(
    ("errors", "best"),
    [((0.3, 0.2, 0.4), 2), ((0.2, 0.2, 0.3), 1), ((0.3, None, 0.1), 3), ((None, 0.5, None), 2)],
)
def test_the_smallest_validation_error_is_chosen_of_equals_the_first(errors, best):
    records = [failed(i) if mse is None else record(i, mse) for i, mse in enumerate(errors, start=1)]
    chosen = choose(records, TUNE)
    assert (chosen["candidate"], chosen["candidates"]) == (best, 3)
    assert chosen["values"] == {"learning_rate": TUNE["learning_rate"][best - 1]}
    assert chosen["valid_mse"] == errors[best - 1]
    marked = [dict(zip(COLUMNS, row, strict=True)) for row in table_rows(records, chosen)]
    assert [row["chosen"] for row in marked] == ["yes" if i == best else "" for i in (1, 2, 3)]
    assert marked[0]["values"] == "learning_rate=0.001"


def test_none_that_could_be_trained():
    with pytest.raises(
        ValueError, match=r"tiny: no candidate .* \(learning_rate=0.001: the loss of step 3 is nan; "
    ):
        choose([failed(1), failed(2), failed(3)], TUNE)


def written(folder, records: list[dict]) -> list[str]:
    for place, each in enumerate(records, start=1):
        (folder / f"{place}.json").write_text(json.dumps(each))
    return [str(folder / f"{place}.json") for place in range(1, len(records) + 1)]


def test_records_of_other_values_data_or_seeds_are_refused(tmp_path):
    records = [record(1, 0.3), record(2, 0.2), record(3, 0.4)]
    assert read_candidates(written(tmp_path, records), TUNE) == records
    with pytest.raises(
        ValueError, match=r"2\.json: it was trained with learning_rate=0.01, not learning_rate=0.02"
    ):
        read_candidates(written(tmp_path, records), {"learning_rate": [0.001, 0.02, 0.1]})
    with pytest.raises(ValueError, match=r"2 records given for 3 candidates"):
        read_candidates(written(tmp_path, records[:2]), TUNE)
    for key in ("dataset_hash", "split_hash", "numbers_version", "seed"):
        records[2]["provenance"] = records[0]["provenance"] | {key: "other"}
        with pytest.raises(
            ValueError, match=rf"3\.json: {key} is other, and .* in .*1\.json; delete it and run again"
        ):
            read_candidates(written(tmp_path, records), TUNE)
    (tmp_path / "2.json").write_text("[]")
    with pytest.raises(ValueError, match=r"2\.json: not a record of a candidate but a JSON list"):
        read_candidates([str(tmp_path / f"{place}.json") for place in (1, 2, 3)], TUNE)


def test_an_entry_takes_the_values_that_were_chosen_for_it_and_no_others(tmp_path):
    path = tmp_path / "chosen.json"
    path.write_text(json.dumps(choose([record(1, 0.3), record(2, 0.2), record(3, 0.4)], TUNE)))
    entry, tuned = with_chosen(ENTRY, path)
    assert entry == {
        "architecture": "prism", "length": 32, "settings": {}, "training": {"steps": 5, "learning_rate": 0.01},
    }  # fmt: skip
    assert tuned == {
        "seed": 2, "candidate": 2, "values": {"learning_rate": 0.01}, "candidates": 3, "tune": TUNE, "valid_mse": 0.2,
    }  # fmt: skip
    for other in (ENTRY | {"tune": {"learning_rate": [0.01]}}, {**ENTRY, "tune": {}}):
        with pytest.raises(ValueError, match=r"chosen\.json: chosen among .*; delete it and run again"):
            with_chosen(other, path)
    path.write_text("{}")
    with pytest.raises(ValueError, match=r"chosen\.json: not a choice among candidates"):
        with_chosen(ENTRY, path)
