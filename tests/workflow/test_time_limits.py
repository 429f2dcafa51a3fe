"""Time limits of trainings through Snakemake, by a clock that goes on by four hours whenever a trainer looks at it."""

from __future__ import annotations

import json
import re
import shutil

import pytest
import yaml

from tests.workflow.project import CONFIG, MODELS, Project

pytestmark = pytest.mark.slow

RUN = "results/runs/simA/timed/fold1/seed2"
STEPS, HOURS = 10, 4  # of training, and of a look at the clock, before every step
CLOCK = f"""
LOOKS = iter(range(1, 1000))


def counted_seconds() -> float:
    return {3600 * HOURS} * next(LOOKS)


@dataclass
class Limits:"""


@pytest.fixture(scope="module")
def clone(root, tmp_path_factory):
    """The workflow with a counted clock in place of the process's."""
    copy = tmp_path_factory.mktemp("clone") / "prism"
    ignored = shutil.ignore_patterns(".venv*", ".git", "results", "resources", ".snakemake", "logs", "tests")
    shutil.copytree(root, copy, ignore=ignored)
    limits = copy / "prism/jobs/limits.py"
    text = limits.read_text()
    for old, new in (
        ("\n@dataclass\nclass Limits:", CLOCK),
        ("Callable[[], float] = process_seconds", "Callable[[], float] = counted_seconds"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    limits.write_text(text)
    return copy


@pytest.fixture
def timed(finished, clone):
    """The finished project with one more model, and the clone whose clock is counted."""
    entry = MODELS["models"]["tiny"] | {"training": {"steps": STEPS}}
    models = MODELS | {"models": MODELS["models"] | {"timed": entry}}
    (finished.folder / "models.yaml").write_text(yaml.safe_dump(models, sort_keys=False))
    finished.configure(run=CONFIG["run"] | {"models": ["floor", "tiny", "timed"], "seeds": [2]})
    yield Project(finished.folder, clone)
    (finished.folder / "models.yaml").write_text(yaml.safe_dump(MODELS, sort_keys=False))
    finished.configure()
    shutil.rmtree(finished.folder / "results/runs/simA/timed", ignore_errors=True)
    for trial in (finished.folder / "results/smoke/simA").glob("timed.*"):
        trial.unlink()


def train(project: Project, *arguments: str, succeeds: bool = True) -> tuple[str, str]:
    """What Snakemake prints while it makes the run, and the training's log."""
    out = project.snakemake(*arguments, "--", f"{RUN}/metrics.json", succeeds=succeeds)
    return out, (project.folder / "logs/runs/simA/timed/fold1/seed2.log").read_text()


def test_a_local_run_has_no_limit_and_one_that_is_set_uses_up_no_attempts(timed):
    """40 hours, where the rule asks a scheduler for 8; then 12 an attempt, which are two steps: five attempts of 4."""
    out, _ = train(timed)
    assert "Trying to restart" not in out
    whole = json.loads((timed.folder / RUN / "metrics.json").read_text())
    shutil.rmtree(timed.folder / RUN)

    out, log = train(timed, "--set-resources", f"train_prism:runtime={60 * 3 * HOURS}")
    assert out.count("Trying to restart") == STEPS // 2 - 1
    assert f"resumed at step {STEPS - 2} " in log
    parts = json.loads((timed.folder / RUN / "metrics.json").read_text())
    for record in (whole, parts):
        del record["provenance"]
    assert parts == whole
    assert not (timed.folder / RUN / "state").exists()


def test_attempts_that_get_no_further_are_used_up(timed):
    """A limit of one look: no step is made, and the attempts end as they did before."""
    out, _ = train(timed, "--set-resources", f"train_prism:runtime={60 * HOURS}", succeeds=False)
    assert out.count("Trying to restart") == 3
    assert re.search(r"attempt 4 not started; .* 240 minutes do not suffice for one step", out)


def test_the_job_of_a_cluster_knows_its_limit(timed):
    """As Slurm's job starts it; the executor of this dry run is a local one."""
    for arguments, minutes in (((), 0), (("--mode", "remote"), 480)):
        out = timed.snakemake("--dry-run", *arguments, "--", f"{RUN}/metrics.json")
        (training,) = re.findall(r"rule train_prism:(?:.*\n)+?.*resources: (.*)", out)
        assert f"runtime={minutes}" in training.split(", ")
