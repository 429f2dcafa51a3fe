"""Windows of several cell types as one dataset: batches against those of the members, and what is refused."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace

import h5py
import numpy as np
import pytest
import torch

from prism.genome.batch import Batch, Elements
from prism.genome.dataset.joint import JointWindows, gene_names, members_of
from prism.genome.dataset.windows import Windows
from tests.unit.training import tiny_dataset

N = 32  # genes of a cell type
ROWS = [40, 3, 3, 63, 0, 31, 32, 5]  # of both cell types, with a repeat


def masked(path, *names: str) -> None:
    """Add masks to a dataset file."""
    with h5py.File(path, "r+") as file:
        shape = file["sequence"].shape
        for place, name in enumerate(names):
            file[name] = np.random.default_rng(place).random(shape) < 0.5


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two cell types with peaks, elements and genes on both strands; the second alone has a blacklist."""
    folder, made = tmp_path_factory.mktemp("joint"), []
    for place, name in enumerate(("liver", "colon")):
        plain = tiny_dataset.write(folder / name / "plain", seed=place, cell_type=name)
        windows, genes = tiny_dataset.mirrored(folder / name, plain, [1, 5, 6 + place])
        masked(windows, "peaks", *(["blacklist"] if place else []))
        tiny_dataset.write_elements(folder / name / "elements.h5", genes, name, seed=place)
        made.append((windows, genes, folder / name / "elements.h5"))
    return made


def opened(files, **reading) -> tuple[JointWindows, list[Windows]]:
    alone = [Windows(path, genes, elements=elements, **reading) for path, genes, elements in files]
    return JointWindows.opened(files, **reading), alone


def by_hand(alone: list[Windows], rows: list[int]) -> Batch:
    """The batch of a joint dataset, from single genes; without the blacklist, which the first has not."""
    genes = [replace(alone[row // N].batch([row % N]), blacklist=None) for row in rows]

    def together(value, *values):
        if isinstance(value, Elements):
            return Elements(
                *(together(*(getattr(e, f.name) for e in (value, *values))) for f in fields(value))
            )
        return torch.cat([value, *values]) if value is not None else None

    made = {each.name: [getattr(gene, each.name) for gene in genes] for each in fields(Batch)}
    shared = {name: values for name, values in made.items() if all(value is not None for value in values)}
    return Batch(**{name: together(*values) for name, values in shared.items()})


def assert_equal(found: Batch, wanted: Batch) -> None:
    for each in fields(Batch):
        a, b = getattr(found, each.name), getattr(wanted, each.name)
        if isinstance(a, Elements):
            assert all(torch.equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
        else:
            assert (a is None and b is None) or torch.equal(a, b), each.name


@pytest.mark.parametrize("reading", [{}, {"orientation": "gene"}, {"length": 20, "signals": ["H3K27ac"]}])
@pytest.mark.parametrize("in_memory", [True, False])
def test_a_batch_is_that_of_the_members(files, reading, in_memory):
    _, alone = opened(files, **reading)
    joint = JointWindows.opened(files, in_memory, **reading)
    assert joint.in_memory == in_memory
    for rows in (ROWS, ROWS[::-1], [2, 1], [60, 33, 60]):
        batch = joint.batch(rows)
        assert batch.peaks is not None
        assert batch.blacklist is None
        assert_equal(batch, by_hand(alone, rows))
    assert_equal(joint.batch(torch.tensor([-1, 0])), by_hand(alone, [63, 0]))


def test_what_there_is_for_every_row(files):
    joint, alone = opened(files, orientation="gene")
    assert len(joint) == len(joint.gene_id) == 2 * N
    assert joint.gene_id == alone[0].gene_id + alone[1].gene_id
    assert joint.chrom == alone[0].chrom + alone[1].chrom
    assert joint.cell_types == ["liver"] * N + ["colon"] * N
    for name in ("tss", "turned", "strand"):
        values = getattr(joint, name)
        assert values.tolist() == [*getattr(alone[0], name), *getattr(alone[1], name)]
    assert np.flatnonzero(joint.turned).tolist() == [1, 5, 6, N + 1, N + 5, N + 7]
    for name in ("expression", "rna_features"):
        assert torch.equal(getattr(joint, name), torch.cat([getattr(each, name) for each in alone]))
    assert joint.nbytes == alone[0].nbytes + alone[1].nbytes
    assert gene_names(joint, [0, 33]) == ["gene00 (liver)", "gene01 (colon)"]
    assert gene_names(alone[0], [1]) == ["gene01"]
    assert [each.cell_type for each in members_of(joint)] == ["liver", "colon"]
    assert members_of(alone[0]) == [alone[0]]


def test_unknown_bases_of_each_row(files):
    joint, alone = opened(files)
    wanted = [alone[row // N].unknown_share([row % N])[0] for row in ROWS]
    assert joint.unknown_share(ROWS).tolist() == wanted
    assert len(set(wanted)) > 3
    assert joint.unknown_share([]).tolist() == []


def test_where_it_comes_from(files):
    joint, alone = opened(files)
    text = f"{alone[0].identity} {alone[1].identity}"
    assert joint.identity == hashlib.sha256(text.encode()).hexdigest()
    assert JointWindows(alone[::-1]).identity != joint.identity
    assert joint.sources["colon/ATAC"] == {"md5": "md5 of ATAC", "transform": "none"}
    assert len(joint.sources) == 4
    assert joint.elements_origin["content_hash"] == hashlib.sha256(b"tiny 0 tiny 1").hexdigest()
    per_gene = [each.elements_per_gene(4, 60) for each in alone]
    assert joint.elements_per_gene(4, 60) == max(per_gene) > 0


def test_together_they_may_be_too_large_for_memory(files, monkeypatch):
    for most, held in ((1_000_000, True), (30_000, False)):
        monkeypatch.setattr("prism.genome.dataset.joint.LARGEST_IN_MEMORY", most)
        assert JointWindows.opened(files).in_memory == held


def test_a_row_that_is_not_there(files):
    with pytest.raises(IndexError, match="row 64 was asked for; the rows are 0 to 63"):
        opened(files)[0].batch([0, 64])


def test_cell_types_that_cannot_train_one_model(files, tmp_path):
    with pytest.raises(ValueError, match="at least one cell type"):
        JointWindows([])
    with pytest.raises(ValueError, match="cell type liver is given twice; give each once"):
        JointWindows.opened([files[0], files[0]])
    liver = Windows(*files[0][:2])
    windows, genes = tiny_dataset.write(tmp_path, signals=("ATAC",), cell_type="one")
    refused = [
        (
            Windows(windows, genes),
            "liver .* and one .* the signals ATAC, H3K27ac and ATAC; make and open them alike",
        ),
        (Windows(*files[1][:2], length=20), "windows of 32 and 20"),
        (Windows(*files[1][:2], orientation="gene"), "the orientation plus and gene"),
        (Windows(*files[1][:2], rna_features=False), "the gene features promoter_activity and none"),
        (Windows(files[1][0], rna_features=False), "the gene features promoter_activity and none"),
        (Windows(*files[1][:2], elements=files[1][2]), "only one of them has candidate elements"),
    ]
    for other, message in refused:
        with pytest.raises(ValueError, match=message):
            JointWindows([liver, other])
    plain = [Windows(*files[0][:2], rna_features=False), Windows(files[1][0], rna_features=False)]
    with pytest.raises(ValueError, match="only one of them has expression; give both, or neither"):
        JointWindows(plain)
    with h5py.File(windows, "r+") as file:
        file.attrs["assembly"] = "other"
    with pytest.raises(ValueError, match="the assembly tiny and other"):
        JointWindows([Windows(*files[0][:2], signals=["ATAC"]), Windows(windows, genes)])
