"""What a person should know of jobs that succeeded, said at the end of a run.

Snakemake shows the logs of failed jobs only.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from prism.jobs import records
from prism.jobs.trial_record import cuts
from workflow_scripts.planning.prediction_files import PREDICTIONS
from workflow_scripts.planning.transfers import TRANSFER
from workflow_scripts.planning.trials import TRIALS
from workflow_scripts.planning.tuning import TUNING

WARNING = "warning: "
# What a training can only say when it has begun or ended; what else it warns of was said before the run.
OF_TRAININGS = (f"{WARNING}batch_size ", f"{WARNING}the learned contexts ", f"{WARNING}windows are ")
AT_MOST = 5  # warnings of one prediction; all of them are in its log


def closing_words(jobs: Iterable, prefix: str = "") -> str:
    """The warnings of predictions and trainings and the cuts of trials, a line each; else ''.

    jobs: Snakemake's, which have finished. They are known by their files, not by their rules, whose names another
    workflow may change.
    prefix: of these files, the plan's.
    """
    lines = []
    for job in sorted(jobs, key=lambda job: [str(path) for path in job.output]):
        made = [str(path) for path in job.output]
        if made and made[0].startswith((f"{prefix}results/runs/", f"{prefix}{TUNING}/")) and job.log:
            lines += _warnings(made[0], Path(str(job.log[0])), OF_TRAININGS)
        if made and made[0].startswith((f"{prefix}{PREDICTIONS}/", f"{prefix}{TRANSFER}")) and job.log:
            lines += _warnings(made[0], Path(str(job.log[0])))
        elif len(made) == 1 and made[0].startswith(f"{prefix}{TRIALS}/") and made[0].endswith(".json"):
            lines += _cut(Path(made[0]))
    return "".join(f"{line}\n" for line in lines)


def _warnings(made: str, log: Path, begin: str | tuple[str, ...] = WARNING) -> list[str]:
    said = log.read_text(errors="replace").splitlines() if log.is_file() else []
    found = [line.removeprefix(WARNING) for line in said if line.startswith(begin)]
    if not found:
        return []
    more = [f"... and {len(found) - AT_MOST} more"] if len(found) > AT_MOST else []
    shown = [f"  {line}" for line in [*found[:AT_MOST], *more]]
    return [f"Made with {len(found)} warning{'s' * (len(found) > 1)}: {made} ({log})", *shown]


def _cut(path: Path) -> list[str]:
    record = records.read(path) or {"reduced": []}
    if not (cut := cuts(record)):
        return []
    return [
        f"Does not fit as it is: {record['model']} on {record['cell_type']}, whose trial was {cut}; {path}"
    ]
