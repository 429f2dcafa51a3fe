"""Candidate elements through the workflow, with a row's own peaks and with called ones."""

from __future__ import annotations

import shutil

import h5py
import pytest

from tests.workflow.project import COLUMNS, cell_type_row, path_with_macs3

TARGET = "results/elements/simA.h5"


def without_peaks(project) -> None:
    row = dict(zip(COLUMNS, cell_type_row("simA", "simA").rstrip("\n").split("\t"), strict=True))
    row["peaks"] = ""
    (project.folder / "cell_types.tsv").write_text("\t".join(COLUMNS) + "\n" + "\t".join(row.values()) + "\n")


def test_peaks_are_called_only_where_the_row_names_none(fresh, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", path_with_macs3(tmp_path))
    jobs = fresh.planned(TARGET)
    assert jobs["candidate_elements"] == 1
    assert "call_peaks" not in jobs
    without_peaks(fresh)
    assert fresh.planned(TARGET)["call_peaks"] == 1
    assert "call_peaks" not in fresh.planned("windows")


def test_without_macs3_it_is_refused_before_any_job(fresh):
    if shutil.which("macs3") is not None:
        pytest.skip("macs3 is on PATH")
    without_peaks(fresh)
    refused = fresh.snakemake(TARGET, succeeds=False)
    assert "resources/simA/called_peaks.narrowPeak: peaks have to be called by macs3" in refused
    assert "run with --use-conda, install macs3 (pip install macs3), or fill the column peaks" in refused
    assert not (fresh.folder / "resources").exists()


def test_elements_are_made(fresh):
    if shutil.which("macs3") is not None:
        without_peaks(fresh)
    fresh.snakemake(TARGET)
    with h5py.File(fresh.folder / TARGET) as file:
        counts, distance = file["elements/count"][:], file["elements/distance"][:]
        assert file.attrs["cell_type"] == "simA"
    assert len(counts) > 30
    assert counts.max() > 0
    assert (distance[counts > 0, 0] > 1000).all()
    assert distance.max() <= 100_000
    assert fresh.planned(TARGET) == {}
    assert not (fresh.folder / "resources/simA/peak_signal.bedgraph").exists()


def test_called_peaks(fresh):
    if shutil.which("macs3") is None:
        pytest.skip("macs3 is not on PATH")
    without_peaks(fresh)
    fresh.snakemake("resources/simA/called_peaks.narrowPeak")
    lines = (fresh.folder / "resources/simA/called_peaks.narrowPeak").read_text().splitlines()
    assert len(lines) > 10
    assert all(len(line.split("\t")) == 10 for line in lines)
