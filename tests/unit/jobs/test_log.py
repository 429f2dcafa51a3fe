"""Lines of a job's log: the beginning of an attempt, and how far a job is."""

from __future__ import annotations

import os
import re
import sys

from prism.jobs.log import Countdown, begin, ended, go_on


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


def test_a_log_that_is_removed_before_each_attempt_holds_them_all(tmp_path, monkeypatch):
    log, state = tmp_path / "run.log", tmp_path / "state"
    for text in ("first\n", "second\n", "third\n"):
        with log.open("w") as stream:  # as a shell does
            monkeypatch.setattr(sys, "stderr", stream)
            go_on(log, state)
            stream.write(text)
        whole = log.read_text()
        log.unlink()
    assert whole == "first\nsecond\nthird\n"
    assert [path.name for path in state.iterdir()] == ["log.txt"]
    ended(state)
    assert list(state.iterdir()) == []


def test_a_log_that_was_left_in_place_is_not_repeated(tmp_path, capsys):
    log, state = tmp_path / "run.log", tmp_path / "state"
    log.write_text("first\n")
    go_on(log, state)
    go_on(log, state)
    assert capsys.readouterr().err == ""
    assert [path.name for path in state.iterdir()] == ["log.txt"]
