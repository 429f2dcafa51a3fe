"""A job's time and memory: it ends in good time, and a shortage of memory is told, kept and answered."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from prism.jobs import memory_watch
from prism.jobs.attempts import GpuMemoryError, HostMemoryError, TemporaryError, attempted, got_further
from prism.jobs.job import job
from prism.jobs.limits import Limits
from prism.jobs.memory_watch import MemoryWatch, memory_for, peak_mb, shortage
from prism.protocol.settings import TrainingSettings
from prism.training.fit import train
from prism.training.loop import save_state
from prism.training.loop.state import RunState
from prism.training.memory import shortage as out_of_memory
from prism.training.memory.shortage import advice
from prism.training.run import Conditions
from tests.unit.training.loop.test_state import die_at, same_files
from tests.unit.training.test_fit import dataset, paths_in, run_of, trained

assert dataset  # fixtures
assert trained


CLOCK = """
import time
begun = time.monotonic()
from prism.jobs.limits import process_seconds
print(begun, time.monotonic() - process_seconds(), time.monotonic() - process_seconds())
"""


def test_the_clock_starts_with_the_process():
    """After this one asked for it, and before its first line; the kernel notes it in hundredths of a second."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    asked = time.monotonic()
    done = subprocess.run([sys.executable, "-c", CLOCK], env=environment, capture_output=True, text=True)
    first_line, start, again = map(float, done.stdout.split())
    assert asked - 0.02 <= start < first_line, done.stderr
    assert asked - 0.02 <= again < first_line


def test_margin_is_the_longest_of_what_may_come():
    limits = Limits(minutes=60, elapsed=lambda: 3539)
    assert limits.margin() == 60
    assert not limits.reached()
    limits.note(25)
    limits.note(7)
    assert limits.margin() == 75
    assert limits.reached()
    assert Limits(minutes=5).margin() == 30  # of a short limit a tenth
    assert not Limits(elapsed=lambda: 1e9).reached()


def stand_still(monkeypatch):
    """Let no step take time, which would widen the margin on a busy machine."""
    monkeypatch.setattr(save_state, "time", SimpleNamespace(monotonic=lambda: 0.0))


def counted(seconds):
    """A clock that goes on by `seconds` whenever it is looked at."""
    looks = iter(range(1, 1000))
    return lambda: seconds * next(looks)


def test_it_stops_before_the_limit_and_goes_on_from_there(trained, dataset, tmp_path, capsys, monkeypatch):
    """55 s have gone by at the eleventh look, before step 11; the margin of one minute is 6 s."""
    stand_still(monkeypatch)
    record, whole = trained
    paths = paths_in(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        train(run_of(dataset), paths, "cpu", Conditions(limits=Limits(1, elapsed=counted(5))))
    assert stopped.value.code == 75
    assert "stopped before the limit of 1 minutes at step 10 of 24, " in capsys.readouterr().err
    assert train(run_of(dataset), paths, "cpu", Conditions(limits=Limits(1, elapsed=lambda: 0))) == record
    assert "resumed at step 10 " in capsys.readouterr().err
    same_files(paths, whole)


def test_a_long_step_widens_the_margin(dataset, tmp_path, monkeypatch, capsys):
    """A step takes 4 s, with a validation 8: 24 s are kept to end in, and the eighth look comes after 40 s."""
    monkeypatch.setattr(save_state, "time", SimpleNamespace(monotonic=counted(4)))
    with pytest.raises(SystemExit):
        train(run_of(dataset), paths_in(tmp_path), "cpu", Conditions(limits=Limits(1, elapsed=counted(5))))
    assert "at step 7 of 24, 24 s to spare" in capsys.readouterr().err


def test_a_limit_too_short_for_a_step_is_no_reason_to_try_again(dataset, tmp_path):
    paths = paths_in(tmp_path)
    short = Limits(1, elapsed=lambda: 55)
    with (
        pytest.raises(
            ValueError, match="1 minutes do not suffice for one step: 55 s went by before step 1, "
        ),
        job(paths.state, short, 1, print),
    ):
        train(run_of(dataset), paths, "cpu", Conditions(limits=short))
    with (
        pytest.raises(TemporaryError, match=r"attempt 2 not started; .*do not suffice for one step.*runtime"),
        job(paths.state, short, 2, print),
    ):
        pytest.fail("attempt 2 was begun")
    with job(paths.state, Limits(), 1, print):  # a new job begins anew
        train(run_of(dataset), paths, "cpu")
    assert not paths.state.exists()


def test_only_a_lasting_failure_is_not_tried_again(tmp_path):
    with pytest.raises(TemporaryError), attempted(tmp_path, 1):
        raise HostMemoryError("too small")
    with pytest.raises(OSError, match="disk"), attempted(tmp_path, 2):
        raise OSError("disk")
    with pytest.raises(ValueError, match="bad"), attempted(tmp_path, 3):
        raise ValueError("bad")
    with pytest.raises(TemporaryError, match="ended with: bad"), attempted(tmp_path, 4):
        pytest.fail("begun")


def end_attempt(state, run, step, error=SystemExit):
    """An attempt that saves a state of `run` at `step`, None for no state, and ends with `error`."""

    def attempt():
        if step is not None:
            RunState(state, run, print).save({"step": step})
        raise error("75")

    with pytest.raises(error, match="75"), attempted(state, 1):
        attempt()


def test_an_attempt_that_saved_a_later_step_got_further(tmp_path):
    assert not got_further(tmp_path)  # never begun
    end_attempt(tmp_path, "a", None)
    assert not got_further(tmp_path)
    end_attempt(tmp_path, "a", 5)
    assert got_further(tmp_path)
    assert not got_further(tmp_path)  # asked already: the next attempt may not have begun
    end_attempt(tmp_path, "a", 5)
    assert not got_further(tmp_path)
    end_attempt(tmp_path, "b", 3)  # of other settings: 5 steps of `a` say nothing of them
    assert got_further(tmp_path)
    end_attempt(tmp_path, "b", 4, ValueError)  # the next attempt would meet it again
    assert not got_further(tmp_path)
    with attempted(tmp_path, 1):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


ALLOCATIONS = {
    "torch": (lambda: torch.empty(2**45), r"tried to allocate 140737488355328 bytes"),
    "numpy": (lambda: np.empty(2**45), r"Unable to allocate 256\. TiB"),
}


@pytest.mark.parametrize(
    ("architecture", "training", "settings", "said"),
    [
        ("prism", {}, {}, r"set training.batch_size below 8 \(another training: \S*norms.0 is a BatchNorm\)"),
        ("prism", {}, {"n_context": 0}, "set training.micro_batch below 8"),
        (
            "mamba",
            {"micro_batch": 2},
            {},
            "set training.micro_batch below 2 or set settings.checkpoint_layers: true",
        ),
        (
            "mamba",
            {"micro_batch": 1},
            {"checkpoint_layers": True},
            "take a shorter window or a smaller model",
        ),
    ],
)
def test_advice_is_what_the_architecture_can_do(architecture, training, settings, said):
    data = {"n_signals": 1, "n_rna_features": 0} if architecture == "prism" else {"n_rna_features": 0}
    run = SimpleNamespace(
        settings=TrainingSettings(steps=1, **training),
        entry={"architecture": architecture, "settings": settings},
        build_settings=settings | data,
    )
    assert re.fullmatch(said, advice(run))


@pytest.mark.parametrize("library", ALLOCATIONS)
def test_out_of_memory_is_one_line_and_a_record(library, trained, dataset, tmp_path):
    allocate, said = ALLOCATIONS[library]
    paths, limits = paths_in(tmp_path), Limits(mem_mb=4000)
    expected = rf"out of memory on cpu: small, batch 4, length 32 bp: .*{said}; the process used up to "
    expected += r"[\d,]+ MB of 4,000 MB allowed; set training.micro_batch below 4 or .*checkpoint_layers.*more mem_mb$"
    with pytest.raises(HostMemoryError, match=expected) as told, job(paths.state, limits, 1, print):
        train(die_at(run_of(dataset), 8, allocate), paths, "cpu", Conditions(limits=limits))
    assert "\n" not in str(told.value)
    record = json.loads((paths.state / "out_of_memory.json").read_text())
    assert record["mem_mb"] == 4000
    assert memory_for(4000, paths.state) == 6000
    assert memory_for(8000, paths.state) == 8000  # has been given more since
    with job(paths.state, limits, 2, print):
        assert train(run_of(dataset), paths, "cpu", Conditions(limits=limits)) == trained[0]
    assert not paths.state.exists()
    assert memory_for(4000, paths.state) == 4000


def test_a_dataset_too_large_for_memory(tmp_path):
    told = pytest.raises(HostMemoryError, match=r"before training began: .*more mem_mb")
    with told, job(tmp_path / "state", Limits(mem_mb=100), 1, print):
        np.empty(2**45)
    assert memory_for(100, tmp_path / "state") == 150


def test_a_gpus_memory_is_not_the_hosts(dataset, tmp_path, monkeypatch):
    """No GPU here: torch's own error, and a device that is only named."""
    monkeypatch.setattr(out_of_memory, "_gpu_use", lambda _: "training used up to 1.0 of 2.0 GiB")
    error = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has ...")
    expected = r"on cuda:0: small, batch 4, .*: Tried to allocate 20.00 GiB; .*2.0 GiB; set"
    with (
        pytest.raises(GpuMemoryError, match=expected),
        job(tmp_path, Limits(mem_mb=4000), 1, print),
        out_of_memory.explained(run_of(dataset), torch.device("cuda:0"), 4000),
    ):
        raise error
    assert shortage(tmp_path)["message"].startswith("out of memory on cuda:0")
    assert memory_for(4000, tmp_path) == 4000
    with pytest.raises(TemporaryError, match="attempt 2 not started"), job(tmp_path, Limits(), 2, print):
        pytest.fail("begun")
    assert not out_of_memory.is_shortage(RuntimeError("shape mismatch"))
    assert out_of_memory.is_shortage(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling"))


KILLED = """
import os, signal, sys, time
from prism.jobs import records
from prism.jobs.memory_watch import MemoryWatch
with MemoryWatch(sys.argv[1], int(sys.argv[2])):
    held = b"x" * (200 * 2**20)
    while records.read(sys.argv[1] + "/running.json")["peak_mb"] < 200:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("limit", "ran_out"), [(230, True), (600, False)])
def test_a_killed_process_leaves_what_tells_why(limit, ran_out, tmp_path):
    """As the kernel kills: nothing can be written any more. The job holds some 210 MB."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(limit)]
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    assert not (tmp_path / "out_of_memory.json").exists()
    # asked before the next attempt runs
    assert memory_for(limit, tmp_path) == (345 if ran_out else limit)
    with MemoryWatch(tmp_path, 345) as watch:
        assert (watch.before is not None) == ran_out
        assert (tmp_path / "out_of_memory.json").exists() == ran_out
    assert memory_for(limit, tmp_path) == (345 if ran_out else limit)
    assert not (tmp_path / "running.json").exists()


def test_a_second_shortage_grows_further(tmp_path):
    (tmp_path / "out_of_memory.json").write_text('{"mem_mb": 100, "message": "first"}')
    (tmp_path / "running.json").write_text('{"mem_mb": 150, "peak_mb": 149}')
    assert memory_for(100, tmp_path) == 225
    (tmp_path / "running.json").write_text("{cut sh")
    assert memory_for(100, tmp_path) == 150


def test_the_highest_use_is_followed(tmp_path, monkeypatch):
    monkeypatch.setattr(memory_watch, "SECONDS", 0.01)
    with MemoryWatch(tmp_path, 8000):
        first = json.loads((tmp_path / "running.json").read_text())
        assert first["pid"] == os.getpid()
        monkeypatch.setattr(memory_watch, "peak_mb", lambda: 2 * first["peak_mb"])
        deadline = time.monotonic() + 600  # for a hang only
        while time.monotonic() < deadline:
            if json.loads((tmp_path / "running.json").read_text())["peak_mb"] == 2 * first["peak_mb"]:
                break
            time.sleep(0.01)
        else:
            pytest.fail("the record stayed as it was")
    assert 10 < peak_mb() < 100_000


def test_planning_asks_without_loading_torch():
    code = "import sys, prism.jobs.attempts, prism.jobs.memory_watch\n"
    code += "print(sorted({'torch', 'numpy', 'pandas'} & {*sys.modules}))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_waiting_for_a_gpu_ends_with_the_limit(monkeypatch, dataset, tmp_path, capsys):
    from prism.compute import gpu_lock

    monkeypatch.setattr(gpu_lock, "candidates", lambda _: [torch.device("cuda", 0)])
    monkeypatch.setattr(gpu_lock, "_try_lock", lambda _: None)
    with pytest.raises(SystemExit) as stopped:
        train(run_of(dataset), paths_in(tmp_path), "cuda", Conditions(limits=Limits(1, elapsed=lambda: 58)))
    assert stopped.value.code == 75
    assert "the time limit came while another run held cuda:0" in capsys.readouterr().err


def test_a_gpu_that_is_not_there_stops_the_run(monkeypatch, dataset, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="cuda was asked for, but PyTorch sees no GPU here; use device auto"):
        train(run_of(dataset), paths_in(tmp_path), "cuda")
    assert SimpleNamespace(**train(run_of(dataset), paths_in(tmp_path), "auto")).model == "small"
