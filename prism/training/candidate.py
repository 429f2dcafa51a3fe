"""One candidate of tuning: trained like any run, scored on the valid split, and never shown the test genes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prism.compute.device import describe
from prism.inference.prediction import NotFiniteError
from prism.jobs import records
from prism.jobs.log import say
from prism.runs.history import write_history
from prism.runs.tuning import candidate_record, score_of
from prism.training.fit import count_parameters, fitting
from prism.training.loop.state import RunState
from prism.training.run import Conditions, Run


def try_candidate(
    run: Run,
    place: int,
    values: Mapping[str, Any],
    record: str | Path,
    history: str | Path,
    state: str | Path,
    device: str = "auto",
    conditions: Conditions | None = None,
) -> dict[str, Any]:
    """Train a candidate and write its record and its history.

    A training whose loss or predictions stop being finite is a candidate that failed, not an error: that a learning
    rate is too high is what tuning finds out.

    run: what is trained on what, without its test genes; its entry has the candidate's values.
    place: of the candidate among those of its entry, from 1.
    values: its own, by key.
    record: file to write (.json).
    history: file to write (.csv).
    state: folder of its resumable state; a killed training goes on from there.
    device: auto (the default), cpu, cuda or cuda:<i>.
    conditions: what is saved when, and when to stop; by default without limits.

    Returns what the record holds.
    Raises ValueError for a run that has its test genes, and what `prism.training.fit.train` raises.
    """
    if run.with_test:
        raise ValueError(
            "a candidate of tuning must not see the test genes; make its run with with_test=False"
        )
    states = RunState(state, run.identity, say)
    found = {"rows": [], "best_step": None, "failed": None, "fit": {}}
    where = {"device": "", "precision": "", "parameters": 0}
    try:
        with fitting(run, states, device, conditions or Conditions()) as (module, fitted, on, precision):
            found |= {"rows": fitted.rows, "best_step": fitted.step, "fit": fitted.report}
            where = {"device": describe(on), "precision": precision, "parameters": count_parameters(module)}
    except NotFiniteError as error:
        say(f"failed: {error}")
        found["failed"] = str(error)
    made = candidate_record(
        place=place,
        values=values,
        cell_type=run.cell_type,
        model=run.model,
        fold=run.fold,
        seed=run.seed,
        provenance=run.provenance(**where) | ({"start": run.start.sha256} if run.start else {}),
        entry=run.entry,
        **found,
    )
    write_history(history, found["rows"])
    records.write(record, made)
    states.clear()
    say(f"candidate {place}: validation MSE {'none' if (mse := score_of(made)) is None else f'{mse:.4f}'}")
    return made
