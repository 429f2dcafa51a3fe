"""A workflow killed in the middle of a training ends with the numbers of an undisturbed one."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.workflow.project import CONFIG, MODELS, Project

pytestmark = pytest.mark.slow

RUN = Path("results/runs/simA/long/fold1/seed2")
TARGET = f"{RUN}/metrics.json"
CLOCK = ["seconds", "steps_per_s", "peak_memory_gb"]
HANG = 1200  # seconds: no verdict depends on it
HOLDING = Path(__file__).parent / "holding"


@pytest.fixture
def longer(finished) -> Iterator[Project]:
    """The finished project with one more model, whose training is long enough to be caught at it."""
    write_models(finished, {"steps": 500})
    finished.configure(run=CONFIG["run"] | {"models": ["floor", "tiny", "long"], "seeds": [2]})
    yield finished
    (finished.folder / "models.yaml").write_text(yaml.safe_dump(MODELS, sort_keys=False))
    finished.configure()
    shutil.rmtree(finished.folder / "results/runs/simA/long", ignore_errors=True)
    for trial in (finished.folder / "results/smoke/simA").glob("long.*"):
        trial.unlink()


def write_models(project: Project, training: dict) -> None:
    entry = MODELS["models"]["tiny"] | {"training": training}
    models = MODELS | {"models": MODELS["models"] | {"long": entry}}
    (project.folder / "models.yaml").write_text(yaml.safe_dump(models, sort_keys=False))


class Workflow:
    """Snakemake in the background, in a process group of its own, as a terminal starts it.

    Its training waits at step `hold` (holding/sitecustomize.py) until it is let go on.
    """

    def __init__(self, project: Project, hold: int) -> None:
        self.folder, self.log = project.folder, project.folder / "snakemake.log"
        self.held = project.folder / "hold"
        self.hold(hold)
        command = [sys.executable, "-m", "snakemake", "-s", str(project.workflow / "Snakefile"), TARGET]
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*command, "--configfile", "config.yaml", "--cores", "1"],
                cwd=self.folder, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                env=os.environ | {"PATH": path, "OMP_NUM_THREADS": "1",
                                  "PYTHONPATH": str(HOLDING), "PRISM_TEST_HOLD": str(self.held)},
                # Ctrl-C reaches it also where these tests run in the background, which ignores that signal
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )  # fmt: skip

    def __enter__(self) -> Workflow:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def hold(self, step: int) -> None:
        """Let the training go on to `step`."""
        (self.folder / "hold.part").write_text(str(step))
        (self.folder / "hold.part").replace(self.held)

    def wait_for(self, step: int) -> int:
        """The trainer's process id, once it has kept a state of `step` or later."""
        deadline = time.monotonic() + HANG
        while time.monotonic() < deadline and self.process.poll() is None:
            if newest(self.folder) >= step:
                holder = re.match(r"process (\d+) ", (self.folder / RUN / "state/lock").read_text())
                return int(holder[1])
            time.sleep(0.01)
        pytest.fail(f"no state of step {step}:\n{self.log.read_text()}")

    def ended(self) -> int:
        return self.process.wait(HANG)


def newest(folder: Path) -> int:
    states = [int(path.stem[5:]) for path in (folder / RUN / "state").glob("*/step-*.pt")]
    return max(states, default=0)


def log_of(project: Project) -> str:
    return (project.folder / "logs/runs/simA/long/fold1/seed2.log").read_text()


def test_killed_workflow_ends_with_the_same_numbers(longer, tmp_path):
    killed, whole = longer, tmp_path / "whole"
    killed.snakemake(TARGET)
    shutil.move(killed.folder / RUN, whole)

    with Workflow(killed, hold=50) as workflow:
        os.kill(workflow.wait_for(50), signal.SIGKILL)
        # Snakemake removes what the job wrote and tries again by itself
        before = newest(killed.folder)
        workflow.hold(before + 50)
        workflow.wait_for(before + 50)
        assert "Trying to restart" in workflow.log.read_text()
        assert f"resumed at step {before} " in log_of(killed)
        os.killpg(workflow.process.pid, signal.SIGINT)  # Ctrl-C
        workflow.held.unlink()
        assert workflow.ended() != 0
    assert "stopped by SIGTERM at step" in log_of(killed)
    stopped = newest(killed.folder)
    assert stopped >= before + 50

    with Workflow(killed, hold=stopped + 50) as workflow:  # and the machine goes down
        workflow.wait_for(stopped + 50)
        os.killpg(workflow.process.pid, signal.SIGKILL)
        workflow.ended()
    down = newest(killed.folder)
    assert not (killed.folder / TARGET).exists()

    killed.snakemake("--unlock")
    killed.snakemake(TARGET)
    log = log_of(killed)  # of all attempts, one below the other
    assert f"resumed at step {down} " in log
    assert (
        log.index(f"resumed at step {before} ") < log.index("stopped by SIGTERM") < log.index(f"step {down} ")
    )
    assert log.count("--- attempt ") == 4
    assert not (killed.folder / RUN / "state").exists()
    ends = (killed.folder / RUN, whole)
    assert len({(each / "predictions.tsv.gz").read_bytes() for each in ends}) == 1
    records = [json.loads((each / "metrics.json").read_text()) for each in ends]
    for record in records:
        del record["provenance"]["git_revision"]  # somebody may commit while the test runs
    assert records[0] == records[1]
    histories = [pd.read_csv(each / "history.csv").drop(columns=CLOCK) for each in ends]
    pd.testing.assert_frame_equal(*histories, check_exact=True)


def test_memory_grows_after_a_shortage_only(longer):
    """Planned anew for each attempt, from what the attempt before left behind."""
    state = longer.folder / RUN / "state"
    state.mkdir(parents=True)
    for record, planned in (("{}", 5000), ('{"mem_mb": 5000, "peak_mb": 4900}', 7500)):
        (state / "running.json").write_text(record)
        assert re.search(rf"mem_mb={planned}\b", longer.snakemake("--dry-run", TARGET))


def test_switches_reach_the_training_and_train_nothing_again(finished):
    finished.configure(tensorboard=True, cpu_precision="bf16", cuda_graphs=False)
    try:
        out = finished.snakemake("--dry-run", "--forcerun", "train_prism", "train")
        assert finished.planned("train") == {}
    finally:
        finished.configure()
    resources = re.findall(r"resources: .*", out)
    wanted = {"cpu_precision=bf16", "cuda_graphs=0", "tensorboard=1"}
    assert any(wanted <= set(re.split(r"[ ,]+", line)) for line in resources)


def test_a_failure_that_lasts_is_not_tried_again(longer):
    write_models(longer, {"micro_batch": 2})
    cleared = (
        longer.folder / "results/smoke/simA/long.cleared"
    )  # without its trial, which would find it first
    cleared.parent.mkdir(parents=True, exist_ok=True)
    cleared.touch()
    out = longer.snakemake("--allowed-rules", "train_prism", "--", TARGET, succeeds=False)
    assert out.count("Trying to restart") == 3
    assert re.search(
        r"attempt 4 not started; the one before ended with: training: micro_batch 2 .*BatchNorm", out
    )
