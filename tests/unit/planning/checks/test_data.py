"""Peaks that have to be called: by what, and where nothing can."""

from __future__ import annotations

import pytest

from workflow_scripts.planning.checks.data import check_caller


@pytest.mark.parametrize("deployment", [[], ["env-modules"], ["apptainer"], ["apptainer", "env-modules"]])
def test_without_conda_macs3_has_to_be_on_the_path(deployment, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ValueError, match=r"K562/called_peaks.*macs3, which is not on the PATH; run with --use-conda"
    ):
        check_caller("resources/K562/called_peaks.narrowPeak", iter(deployment))
    program = tmp_path / "macs3"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    check_caller("resources/K562/called_peaks.narrowPeak", iter(deployment))


@pytest.mark.parametrize("deployment", [["conda"], ["apptainer", "conda"]])
def test_conda_brings_it(deployment, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    check_caller("resources/K562/called_peaks.narrowPeak", iter(deployment))
