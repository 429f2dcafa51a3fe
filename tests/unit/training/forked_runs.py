"""Trainings in processes of their own, forked so that each need not import torch again; some of them are killed.

`python -m tests.unit.training.forked_runs <word> <windows> <genes> <folder>`, where <word> is `kill` (a whole run,
and one killed ten times) or `repeat` (two runs of one seed, on two threads).
"""

from __future__ import annotations

import itertools
import math
import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from workflow_scripts import threads

KILLS = 10
IN_WRITING = (2, 5, 8)  # of the kills, those in the middle of writing a state
HANG = 600.0  # seconds to wait for a sign of life; no verdict depends on it
AHEAD = 3  # states that a training may keep beyond the one after which it is killed: it never ends first


def forked(work: Callable[[int], None], log: Path) -> tuple[int, int]:
    """Start `work(ticks)` in a child whose stderr goes to `log`: (process id, the pipe's other end)."""
    ticked, ticks = os.pipe()
    child = os.fork()
    if child:
        os.close(ticks)
        return child, ticked
    os.close(ticked)
    sys.stderr = log.open("w", buffering=1)
    try:
        work(ticks)
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        os._exit(1)
    os._exit(0)


def completed(work: Callable[[int], None], log: Path) -> None:
    """Run `work` in a child to its end."""
    child, ticked = forked(work, log)
    while os.read(ticked, 1000):
        pass
    os.close(ticked)
    if os.waitpid(child, 0)[1] != 0:
        raise SystemExit(log.read_text())


def killed(work: Callable[[int], None], log: Path, ticks: int, delay: float) -> None:
    """Run `work` in a child and kill it `delay` seconds after its `ticks`-th tick."""
    child, ticked = forked(work, log)
    for _ in range(ticks):
        if not select.select([ticked], [], [], HANG)[0] or not os.read(ticked, 1):
            raise SystemExit(f"ended before it was to be killed:\n{log.read_text()}")
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    os.close(ticked)
    if not os.WIFSIGNALED(os.waitpid(child, 0)[1]):
        raise SystemExit(f"ended before it was killed:\n{log.read_text()}")


def kill(dataset: list[str], folder: Path) -> None:
    """<folder>/whole from an undisturbed run, <folder>/killed from one killed at ten random points."""
    import numba  # noqa: F401  here, and not once in every child
    import torch

    import prism.training.gradient  # noqa: F401
    from prism.training.fit import train
    from prism.training.run import Conditions
    from tests.unit.training.tiny_training import ENTRY, paths_in, run_of

    entry = ENTRY | {"training": ENTRY["training"] | {"steps": 72}}
    save = torch.save

    def training(name: str, ticks: int, most_states: float = math.inf, in_writing: bool = False) -> None:
        """A tick as each state is written; at the last of `most_states` it waits to be killed."""
        begun = itertools.count(1)

        def saved(state, part):
            save(state, part)
            if in_writing:
                whole = Path(part).read_bytes()
                Path(part).write_bytes(whole[: len(whole) // 2])
            os.write(ticks, b".")
            if next(begun) >= most_states:
                time.sleep(2 * HANG)

        torch.save = saved
        train(run_of(dataset, entry), paths_in(folder / name), "cpu", Conditions(state_minutes=0))

    draw = random.Random(5)
    (folder / "whole").mkdir()
    (folder / "killed").mkdir()
    completed(lambda ticks: training("whole", ticks), folder / "whole.log")
    for number in range(KILLS):
        writing = number in IN_WRITING
        # the second state is begun when the first one stands under its name: each kill leaves a newer state
        states, delay = (1, 0.0) if writing else (draw.randint(2, 4), draw.uniform(0, 0.05))
        most = states if writing else states + AHEAD
        killed(
            lambda ticks, most=most, writing=writing: training("killed", ticks, most, writing),
            folder / f"kill{number}.log", states, delay,
        )  # fmt: skip
        if writing and not list((folder / "killed/state").glob("*/*.part")):
            raise SystemExit("no half-written state is there")
    completed(lambda ticks: training("killed", ticks), folder / f"kill{KILLS}.log")


def repeat(dataset: list[str], folder: Path) -> None:
    """<folder>/first and <folder>/second from two runs of one seed."""
    from prism.training.fit import train
    from tests.unit.training.tiny_training import ENTRY, paths_in, run_of

    training = {"steps": 4, "batch_size": 4, "warmup_steps": 2, "validations_per_epoch": 1}
    settings = {"d_model": 32, "n_layer": 2, "center_len": 256}
    entry = ENTRY | {"length": 256, "settings": settings, "training": training}
    for name in ("first", "second"):
        (folder / name).mkdir()
        completed(
            lambda ticks, name=name: train(run_of(dataset, entry), paths_in(folder / name), "cpu"),
            folder / f"{name}.log",
        )


if __name__ == "__main__":
    word, *files, place = sys.argv[1:]
    threads.limit({"kill": 1, "repeat": 2}[word])
    {"kill": kill, "repeat": repeat}[word](files, Path(place))
