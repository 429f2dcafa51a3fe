"""Candidate elements as a model receives them, in memory and streamed."""

import math
import pickle
import tracemalloc

import h5py
import pandas as pd
import pytest
import torch

from prism.genome.dataset.cut import cut
from prism.genome.dataset.windows import Windows
from prism.genome.elements import make
from tests.unit.genome.elements import peaks_genome
from tests.unit.genome.elements.peaks_genome import MAIN

P = 0.0012291959
FAR, MANY, END, GENE = range(4)


def windows(folder, **settings):
    return Windows(folder / "w.h5", **({"elements": folder / "e.h5"} | settings))


def test_exact_elements(folder):
    found = windows(folder).batch([GENE, FAR, END]).elements
    assert (found.sequence.shape, found.sequence.dtype) == ((3, 60, 2000, 4), torch.float32)
    assert (found.features.shape, found.features.dtype) == ((3, 60, 3), torch.float32)
    assert found.present.tolist() == [[True] * 10 + [False] * 50, [False] * 60, [True] + [False] * 59]
    bases = {name: text.upper() for name, text in peaks_genome.bases().items()}
    for place, (start, end, distance) in enumerate(MAIN):
        expected = torch.zeros(2000, 4)
        for offset, letter in enumerate(bases["chrA"][start:end]):
            if letter != "N":
                expected[1000 - (end - start) // 2 + offset, "ACGT".index(letter)] = 1
        assert torch.equal(found.sequence[0, place], expected), place
        contact = {1: 3 + P, 8: 2 + P}.get(place, P)
        features = [distance / 1000, math.log10(1 + contact), 4.0 if place == 8 else 0.0]
        assert found.features[0, place].tolist() == pytest.approx(features, rel=1e-5)
    assert not found.sequence[0, 10:].any()
    assert not found.features[0, 10:].any()
    assert not found.sequence[1].any()
    assert not found.sequence[2, 0, 1000:].any()  # off the chromosome
    assert found.sequence[2, 0, 900:1000].any()


def test_in_memory_equals_streamed(folder):
    held, streamed = windows(folder, in_memory=True), windows(folder, in_memory=False)
    again = pickle.loads(pickle.dumps(streamed))
    for rows in ([3, 0, 1, 3], [2]):
        one = held.batch(rows).elements
        for other in (streamed.batch(rows).elements, again.batch(rows).elements):
            for name in ("sequence", "features", "present"):
                assert torch.equal(getattr(one, name), getattr(other, name)), name
    assert held.nbytes == streamed.nbytes == 4 * 200 + 71 * 2000 + 4 * 60 * (3 * 4 + 8 + 1)


def test_elements_per_gene_as_a_batch_hardly_exceeds_them(folder):
    held = windows(folder)  # 0, 60, 1 and 10 elements: capped at 20, mean 7.75, standard deviation 8.07389
    assert held.elements_per_gene(36, at_most=20) == pytest.approx(7.75 + 3 * 8.07389 / 6, rel=1e-5)
    assert held.elements_per_gene(1, at_most=20) == 20
    assert windows(folder, elements=None).elements_per_gene(1, at_most=20) == 0


def test_without_elements_nothing_changes(folder):
    plain = windows(folder, elements=None)
    assert plain.batch([0]).elements is None
    assert plain.identity != windows(folder).identity
    assert torch.equal(plain.batch([3]).sequence, windows(folder).batch([3]).sequence)


def test_the_identity_follows_the_elements(folder, tmp_path):
    make.make(out=tmp_path / "e.h5", **(peaks_genome.inputs(folder) | {"contacts": None}))
    assert windows(folder, elements=tmp_path / "e.h5").identity != windows(folder).identity
    assert windows(folder).identity == windows(folder, in_memory=False).identity


def test_elements_follow_the_gene_not_the_row(folder, tmp_path):
    table = pd.read_csv(folder / "genes.tsv", sep="\t", keep_default_na=False)
    table.iloc[[3, 1, 0]].to_csv(tmp_path / "genes.tsv", sep="\t", index=False)
    cut(
        tmp_path / "genes.tsv",
        folder / "genome.fa",
        100,
        [],
        tmp_path / "w.h5",
        cell_type="X",
        assembly="tiny",
    )
    fewer = Windows(tmp_path / "w.h5", elements=folder / "e.h5").batch([0, 1, 2]).elements
    whole = windows(folder).batch([GENE, MANY, FAR]).elements
    assert torch.equal(fewer.sequence, whole.sequence)
    assert torch.equal(fewer.features, whole.features)


def test_streaming_reads_only_what_a_batch_needs(folder, tmp_path):
    rows = 20_000  # 40 MB of sequences
    with h5py.File(folder / "e.h5") as source, h5py.File(tmp_path / "e.h5", "w") as target:
        source.copy("genes", target)
        source.copy("elements", target)
        sequence = source["elements/unique/sequence"][:]
        del target["elements/unique/sequence"]
        store = target.create_dataset("elements/unique/sequence", (rows, 2000), "u1", chunks=(32, 2000))
        store[: len(sequence)] = sequence
        target.attrs.update(source.attrs)
        del target.attrs["checksum"]
    tracemalloc.start()
    try:
        streamed = windows(folder, elements=tmp_path / "e.h5", in_memory=False)
        found = streamed.batch([GENE, MANY]).elements
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4e6
    assert torch.equal(found.sequence, windows(folder).batch([GENE, MANY]).elements.sequence)


def edited(folder, path, **attributes):
    with h5py.File(folder / "e.h5") as source, h5py.File(path, "w") as target:
        for name in source:
            source.copy(name, target)
        target.attrs.update({**source.attrs, **attributes})
        del target.attrs["checksum"]  # as in a file of version 0.1.0
    return path


def test_other_files_are_refused(folder, tmp_path):
    with pytest.raises(ValueError, match=r"w\.h5: kind None, layout version 1, not elements, version 1"):
        windows(folder, elements=folder / "w.h5")
    with pytest.raises(ValueError, match=r"gone\.h5: no such file of elements"):
        windows(folder, elements=tmp_path / "gone.h5")
    with pytest.raises(ValueError, match=r"elements of Y \(tiny\), but .*w\.h5 holds windows of X \(tiny\)"):
        windows(folder, elements=edited(folder, tmp_path / "y.h5", cell_type="Y"))
    moved = edited(folder, tmp_path / "moved.h5")
    with h5py.File(moved, "r+") as file:
        file["genes/tss"][1] = 99_999
    with pytest.raises(ValueError, match=r"moved\.h5: many: another TSS than the dataset's"):
        windows(folder, elements=moved)
    with h5py.File(moved, "r+") as file:
        file["genes/gene_id"][0] = "other"
    with pytest.raises(ValueError, match=r"moved\.h5: 1 genes of the dataset are not in it \(far\)"):
        windows(folder, elements=moved)
