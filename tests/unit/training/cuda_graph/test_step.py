"""Training whose step is captured once and replayed.

On a CPU a stand-in for the capture repeats the step by calling it, or operation by operation: buffers that stay,
snapshot, guard, learning rate, journal and resuming are the real ones. CUDA's own: test_gpu.py.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace

import pytest
import torch

from prism.compute import precision
from prism.jobs.limits import Limits
from prism.protocol.schedule import learning_rate_at
from prism.training.cuda_graph.step import CapturedStep
from prism.training.fit import train
from prism.training.run import Conditions
from tests.unit.training.cuda_graph.captured_training import (
    CAPTURABLE,
    StandIn,
    entry_of,
    same_numbers,
    taped,
)
from tests.unit.training.tiny_training import KillError, counted, die_at, paths_in, run_of, same_files


@pytest.mark.parametrize("name", CAPTURABLE)
def test_numbers_are_those_of_steps_done_one_by_one(name, dataset, eager, capturing, tmp_path, capsys):
    expected = eager(name)
    capsys.readouterr()
    stand_in = capturing(StandIn())
    train(run_of(dataset, entry_of(name)), paths_in(tmp_path), "cpu")
    same_files(paths_in(tmp_path), expected)
    assert stand_in.replays == 1 + 24  # the guard's and the training's
    assert capsys.readouterr().err.count("step: one CUDA graph") == 1


@pytest.mark.parametrize("name", CAPTURABLE)
def test_a_step_repeated_without_python_is_the_same_step(
    name, dataset, capturing, not_capturing, tmp_path, monkeypatch, capsys
):
    """By the operations alone, and by torch's capturable AdamW, which it has for GPUs only and a CPU can do too."""

    def capturable(optimiser):
        rate = torch.tensor(optimiser.param_groups[0]["lr"])
        for group in optimiser.param_groups:
            group.update(lr=rate, capturable=True)

    # slow, so that the rounding of another formula of AdamW is not blown up
    entry = entry_of(name, learning_rate=1e-3)
    monkeypatch.setenv("PRISM_SCAN", "reference")  # of torch's own operations
    adam = sys.modules["torch.optim.adam"]
    monkeypatch.setattr(adam, "_get_capturable_supported_devices", lambda **_: ["cpu"])
    monkeypatch.setattr("prism.training.cuda_graph.task.make_capturable", capturable)
    capturing(taped)
    train(run_of(dataset, entry), paths_in(tmp_path / "captured"), "cpu")
    assert "step: one CUDA graph" in capsys.readouterr().err
    not_capturing()
    train(run_of(dataset, entry), paths_in(tmp_path / "eager"), "cpu")
    same_numbers(paths_in(tmp_path / "captured"), paths_in(tmp_path / "eager"), 1e-4)


def test_numbers_in_bf16(dataset, capturing, not_capturing, tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "_cpu_flags", lambda: {"avx512_bf16"})
    for name in ("captured", "eager"):
        run = replace(run_of(dataset, entry_of("caduceus_signals")), cpu_precision="bf16")
        assert train(run, paths_in(tmp_path / name), "cpu")["provenance"]["precision"] == "bf16"
        not_capturing()
    same_files(paths_in(tmp_path / "captured"), paths_in(tmp_path / "eager"))


@pytest.mark.parametrize("name", ["hyenadna", "prism"])
def test_a_killed_run_ends_as_an_undisturbed_one(name, dataset, capturing, tmp_path, capsys):
    whole, paths = paths_in(tmp_path / "whole"), paths_in(tmp_path / "killed")
    train(run_of(dataset, entry_of(name)), whole, "cpu")
    for batches in (12, 3, 9):
        with pytest.raises(KillError):
            train(die_at(run_of(dataset, entry_of(name)), batches), paths, "cpu", Conditions(state_minutes=0))
    capsys.readouterr()
    train(run_of(dataset, entry_of(name)), paths, "cpu")
    assert "resumed at step 1" in capsys.readouterr().err
    same_files(paths, whole)


@pytest.mark.parametrize("first", ["captured", "eager"])
def test_either_way_goes_on_from_the_others_state(
    first, dataset, eager, capturing, not_capturing, tmp_path, capsys
):
    expected, paths = eager("prism"), paths_in(tmp_path)
    if first == "eager":
        not_capturing()
    with pytest.raises(KillError):
        train(die_at(run_of(dataset, entry_of("prism")), 15), paths, "cpu", Conditions(state_minutes=0))
    capsys.readouterr()
    if first == "eager":
        capturing(StandIn())
    else:
        not_capturing()
    train(run_of(dataset, entry_of("prism")), paths, "cpu")
    said = capsys.readouterr().err
    assert "resumed at step " in said
    assert ("step: one CUDA graph" in said) == (first == "eager")
    same_files(paths, expected)


def test_sigterm_and_the_time_limit_stop_between_two_steps(dataset, capturing, tmp_path, capsys, stand_still):
    whole, paths = paths_in(tmp_path / "whole"), paths_in(tmp_path / "stopped")
    entry = entry_of("caduceus_signals")
    train(run_of(dataset, entry), whole, "cpu")
    with pytest.raises(SystemExit) as stopped:
        train(die_at(run_of(dataset, entry), 11, lambda: os.kill(os.getpid(), signal.SIGTERM)), paths, "cpu")
    assert stopped.value.code == 143
    assert "stopped by SIGTERM at step 8" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        train(run_of(dataset, entry), paths, "cpu", Conditions(limits=Limits(1, elapsed=counted(5))))
    assert stopped.value.code == 75
    assert "at step 18 of 24" in capsys.readouterr().err
    train(run_of(dataset, entry), paths, "cpu")
    same_files(paths, whole)


def test_everything_stays_where_it_is_and_the_learning_rate_follows(dataset, capturing, tmp_path):
    places, rates = set(), []

    def look(step: CapturedStep) -> None:
        optimiser = step.optimiser
        held = [*step.module.parameters(), *step.module.buffers(), step.values, step.batch.signals]
        held += [value for state in optimiser.state.values() for value in state.values()]
        held += [group["lr"] for group in optimiser.param_groups]
        places.add(tuple(tensor.data_ptr() for tensor in held))
        rates.append(float(optimiser.param_groups[1]["lr"]))

    run = run_of(dataset, entry_of("prism"))
    capturing(StandIn(look))
    train(run, paths_in(tmp_path), "cpu")
    assert len(places) == 1
    steps = [0, *range(24)]  # the guard's replay is the first step too
    assert rates == pytest.approx([learning_rate_at(step, 24, run.settings) for step in steps], rel=1e-6)


@pytest.mark.parametrize("name", ["hyenadna", "prism"])
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("refused", "operation not permitted when stream is capturing"),
        ("nothing", "a replay has loss"),
        ("twice", "a replay has loss"),
        ("no update", "a replay leaves other weights"),
    ],
)
def test_where_it_cannot_be_it_is_said_and_changes_nothing(
    name, wrong, said, dataset, eager, capturing, tmp_path, capsys
):
    def capture(step):
        if wrong == "refused":
            raise RuntimeError("CUDA error: operation not permitted when stream is capturing")

        def replay():
            captured = step.__self__
            if wrong == "no update":
                weights = [p.detach().clone() for p in captured.module.parameters()]
                step()
                with torch.no_grad():
                    for parameter, weight in zip(captured.module.parameters(), weights, strict=True):
                        parameter.copy_(weight)
            for _ in range({"nothing": 0, "twice": 2}.get(wrong, 0)):
                step()

        return replay

    expected = eager(name)
    capsys.readouterr()
    capturing(capture)
    train(run_of(dataset, entry_of(name)), paths_in(tmp_path), "cpu")
    told = capsys.readouterr().err
    (line,) = [line for line in told.splitlines() if "CUDA graph" in line]
    assert line.startswith(f"CUDA graph: not used ({said if wrong != 'refused' else 'CUDA error: ' + said}")
    assert line.endswith("going on step by step")
    same_files(paths_in(tmp_path), expected)


def test_other_errors_are_not_hidden(dataset, capturing, tmp_path):
    def capture(step):
        raise TypeError("a mistake in the program")

    capturing(capture)
    with pytest.raises(TypeError, match="a mistake in the program"):
        train(run_of(dataset, entry_of("mamba")), paths_in(tmp_path), "cpu")


@pytest.mark.parametrize("gene", [3, None])
def test_a_loss_that_is_not_finite_names_the_same_step_and_genes(
    gene, dataset, capturing, not_capturing, tmp_path
):
    """Of one gene in some batch, or of all: the first step's loss is NaN in the warm-up already."""
    said = []
    for _ in ("captured", "eager"):
        run = run_of(dataset, entry_of("caduceus_signals"))
        run.windows._arrays["signals/ATAC"][slice(0, 20) if gene is None else gene] = float("inf")
        with pytest.raises(ValueError, match=r"loss of step \d+ is (nan|inf); genes of its batch: ") as error:
            train(run, paths_in(tmp_path), "cpu")
        said.append(str(error.value))
        not_capturing()
        assert not (tmp_path / "metrics.json").exists()
    assert said[0] == said[1]
    assert ("gene03" in said[0]) or gene is None


def test_a_gradient_that_is_not_finite_stops_the_training(dataset, capturing, tmp_path):
    def look(step: CapturedStep) -> None:
        if stand_in.replays == 6:
            step.values[-1] = float("inf")

    stand_in = capturing(StandIn(look))
    with pytest.raises(ValueError, match="the gradient's norm of step 4 is inf"):
        train(run_of(dataset, entry_of("caduceus_signals")), paths_in(tmp_path), "cpu")


def test_a_batch_of_another_size_goes_step_by_step(dataset, capturing, not_capturing, tmp_path):
    def smaller(run):
        whole, asked = run.windows.batch, iter(range(1, 1000))

        def batch(indices):
            return whole(indices[:3] if indices[0] < 20 and next(asked) % 4 == 0 else indices)

        run.windows.batch = batch
        return run

    stand_in = capturing(StandIn())
    train(smaller(run_of(dataset, entry_of("prism"))), paths_in(tmp_path / "captured"), "cpu")
    assert stand_in.replays == 1 + 24 - 6
    not_capturing()
    train(smaller(run_of(dataset, entry_of("prism"))), paths_in(tmp_path / "eager"), "cpu")
    same_files(paths_in(tmp_path / "captured"), paths_in(tmp_path / "eager"))
