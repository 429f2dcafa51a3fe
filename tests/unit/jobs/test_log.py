"""Lines of a job's log: the beginning of an attempt, and how far a job is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from prism.jobs.log import HOME, Countdown, begin, ended, go_on

ROOT = Path(__file__).parents[3]


def test_a_line_a_minute_with_the_time_left():
    said, clock = [], iter([0.0, 10.0, 60.0, 90.0, 120.0, 200.0])
    progress = Countdown(18_000, "genes", said.append, now=lambda: next(clock))
    for done in (500, 3_000, 4_000, 9_000, 18_000):
        progress.reached(done)
    # 3,000 genes in 60 s are 50 a second: 15,000 take 300 s; 9,000 in 120 s are 75: the rest takes 120 s
    assert said == [
        "3,000 of 18,000 genes, 50 a second, 0:05:00 left",
        "9,000 of 18,000 genes, 75 a second, 0:02:00 left",
    ]


def test_the_line_that_begins_an_attempt(capsys):
    begin(2)
    line = rf"--- attempt 2 begins: \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d \S+, process {os.getpid()} on \S+ ---\n"
    assert re.fullmatch(line, capsys.readouterr().err)


def failing(log: Path, home: bool = True) -> str:
    """The log of a job that fails, after Snakemake has removed that of the attempt before."""
    log.unlink(missing_ok=True)
    run(log, "raise ValueError('no such gene')", home)
    return log.read_text()


def run(log: Path, body: str, home: bool = True) -> None:
    code = f"from workflow_scripts import cli\ndef main():\n    {body}\ncli.run(main)"
    environment = {name: value for name, value in os.environ.items() if name != HOME}
    with log.open("w") as stream:  # as a shell does
        subprocess.run(
            [sys.executable, "-c", code], stdout=stream, stderr=stream, cwd=ROOT, check=False,
            env=environment | ({HOME: "."} if home else {}),
        )  # fmt: skip


AGAIN = r"--- again: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+, process \d+ on \S+ ---\n"
ERROR = "error: no such gene\n"


def test_log_holds_every_attempt_until_the_job_succeeds(tmp_path):
    log = tmp_path / "job.log"
    assert failing(log) == ERROR
    assert re.fullmatch(f"{ERROR}{AGAIN}{ERROR}", failing(log))
    log.unlink()
    run(log, "print('done')")
    assert re.fullmatch(f"({ERROR}{AGAIN}){{2}}done\n", log.read_text())
    assert os.listdir(tmp_path) == ["job.log"]
    assert failing(log) == ERROR


def test_log_that_was_left_in_place_is_not_repeated(tmp_path, capsys):
    log = tmp_path / "job.log"
    log.write_text("first\n")
    go_on(log)
    go_on(log)
    assert capsys.readouterr().err == ""
    assert sorted(os.listdir(tmp_path)) == [".job.log.kept", "job.log"]
    ended(log)
    assert os.listdir(tmp_path) == ["job.log"]


@pytest.mark.parametrize(("name", "home"), [("job.log", False), ("job.txt", True)])
def test_file_that_is_no_rules_log_stays_alone(tmp_path, name, home):
    assert failing(tmp_path / name, home) == ERROR
    assert failing(tmp_path / name, home) == ERROR
    assert os.listdir(tmp_path) == [name]
