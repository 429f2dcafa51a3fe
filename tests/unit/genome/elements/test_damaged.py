"""One changed byte in the files of windows and elements: it is named with the file, or what is read is the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from prism.files.hdf5 import opened, seal
from prism.genome.dataset.cut import cut
from prism.genome.dataset.opened import open_dataset
from prism.genome.dataset.windows import Windows
from prism.genome.tracks.signal_sources import Signal
from tests.unit.damage import never_silent

MADE = Path(__file__).parents[2] / "runs" / "made_by_0_1_0"
GENES = range(4)


@pytest.fixture(scope="module")
def files(folder, tmp_path_factory) -> Path:
    """Windows with signals, contacts and both masks, w.h5; and the elements, e.h5."""
    made = tmp_path_factory.mktemp("damaged")
    signals = [
        Signal("a", "bigwig", (str(folder / "a.bw"),)),
        Signal("HiC", "contacts", (str(folder / "map.cool"),)),
    ]
    cut(
        folder / "genes.tsv", folder / "genome.fa", 600, signals, made / "w.h5", cell_type="X", assembly="tiny",
        blacklist=folder / "blacklist.bed", peaks=folder / "peaks.narrowPeak", allow_constant=True,
    )  # fmt: skip
    shutil.copy(folder / "e.h5", made)
    return made


def content(windows: Windows) -> list:
    """All that a training sees, and what is said of it."""
    batch = windows.batch(GENES)
    tensors = [batch.sequence, batch.signals, batch.peaks, batch.blacklist]
    if batch.elements is not None:
        tensors += [batch.elements.sequence, batch.elements.features, batch.elements.present]
    facts = [windows.gene_id, windows.chrom, windows.tss.tolist(), windows.signal_names, windows.sources]
    return [
        *tensors,
        facts,
        windows.identity,
        windows.cell_type,
        windows.assembly,
        str(windows.elements_origin),
    ]


def same(found: list, right: list) -> bool:
    """Equal to the last bit."""
    return all(
        torch.equal(ours, theirs) if isinstance(theirs, torch.Tensor) else ours == theirs
        for ours, theirs in zip(found, right, strict=True)
    )


@pytest.mark.parametrize("in_memory", [True, False])
def test_windows(files, in_memory):
    path = files / "w.h5"
    assert never_silent(path, lambda: content(Windows(path, in_memory=in_memory)), same, 100) > 30


@pytest.mark.parametrize("in_memory", [True, False])
def test_elements(files, in_memory):
    path = files / "e.h5"

    def read() -> list:
        return content(Windows(files / "w.h5", elements=path, in_memory=in_memory))

    assert never_silent(path, read, same, 80) > 25


def test_damaged_text_names_the_fix(files, tmp_path):
    """HDF5 keeps texts without a checksum of its own: one letter of a gene's name."""
    path = tmp_path / "w.h5"
    body = (files / "w.h5").read_bytes()
    path.write_bytes(body.replace(b"many", b"mamy", 1))
    with h5py.File(path) as file:
        assert "mamy" in file["genes/gene_id"].asstr()[:], "h5py alone does not notice"
    with pytest.raises(
        ValueError, match=r"w\.h5: this dataset file is damaged .*; delete it and cut it again"
    ):
        open_dataset(path)


def test_files_of_version_0_1_0_open(tmp_path):
    with open_dataset(MADE / "windows.h5") as file:
        assert "checksum" not in file.attrs


def test_checksum_covers_numbers_texts_attributes_and_groups(tmp_path):
    def write(name: str, **other) -> Path:
        given = {"text": ["a", "b"], "number": 1.0, "attribute": "x", "group": "g"} | other
        with h5py.File(tmp_path / name, "w") as file:
            group = file.create_group(given["group"])
            group.create_dataset("text", data=given["text"], dtype=h5py.string_dtype())
            group["number"] = np.array([given["number"]])
            group.attrs["attribute"] = given["attribute"]
            seal(file)
        return tmp_path / name

    def checksum(path: Path) -> str:
        with opened(path, "file", "a test", "make it again") as file:
            return file.attrs["checksum"]

    first = checksum(write("a.h5"))
    assert checksum(write("b.h5")) == first
    for other in ({"text": ["a", "c"]}, {"number": np.nextafter(1.0, 2)}, {"attribute": "y"}, {"group": "h"}):
        assert checksum(write("b.h5", **other)) != first
