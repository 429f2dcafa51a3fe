"""The files of a simulated world: what a user's own data would look like, and the truth beside it."""

from __future__ import annotations

import h5py
import numpy as np
import pandas as pd
import pysam
import pytest
from scipy import sparse

from prism.simulate.regulation.files import roles, targets, write_world


@pytest.fixture(scope="module")
def written(world, tmp_path_factory):
    """A folder with the world's files."""
    folder = tmp_path_factory.mktemp("world")
    write_world(world, folder)
    return folder


def test_cells_have_the_layout_of_real_files(world, written):
    with h5py.File(written / "cells.h5ad") as file:
        x = file["X"]
        found = sparse.csr_matrix((x["data"][:], x["indices"][:], x["indptr"][:]), shape=x.attrs["shape"])
        assert list(file["var/ensembl_id"].asstr()[:]) == list(world.genes["gene_id"])
        assert list(file["var/_index"].asstr()[:]) == list(world.genes["gene_id"])
        donors = file["obs/donor_id"]
        names = donors["categories"].asstr()[:][donors["codes"][:]]
        assert list(file["obs"].attrs["column-order"]) == ["cell_type", "donor_id", "batch", "n_counts"]
    np.testing.assert_array_equal(found.toarray(), world.counts.toarray())
    assert list(names) == list(world.obs["donor_id"])


def test_genotypes_are_read_back_by_pysam(world, written):
    """htslib reads the donors' file; each record is a variant of the truth, carried by whom it says."""
    seen = world.variants[world.variants["seen"]]
    by_place = {(row.chrom, row.position): (at, row) for at, row in seen.iterrows()}
    with pysam.VariantFile(str(written / "donors.vcf")) as file:
        records = list(file)
        assert len(file.header.samples) == 24
    assert len(records) == len(seen) == 36
    for record in records:
        at, row = by_place[record.chrom, record.start]
        assert (record.ref, record.alts) == (row.ref, (row.alt,))
        carried = [set(sample["GT"]) == {1} for sample in record.samples.values()]
        assert carried == list(world.alleles[:, at])
    assert [(r.rid, r.start) for r in records] == sorted((r.rid, r.start) for r in records)
    with pysam.VariantFile(str(written / "unseen.vcf")) as file:
        assert len(file.header.samples) == 0
        assert sum(1 for _ in file) == (~world.variants["seen"]).sum()


def test_targets_are_the_genes_that_the_factor_moves(world, written):
    table = pd.read_csv(written / "targets.tsv", sep="\t")
    assert list(table.columns) == ["source", "target", "weight", "kind"]
    ids = world.genes["gene_id"].to_numpy()
    for factor, row in enumerate(world.network.factors):
        moved = world.change({factor: 1.0})
        moved[row] = 0
        mine = table[table["source"] == ids[row]].set_index("target")["weight"]
        assert set(mine.index) == set(ids[moved != 0])
        assert dict(mine) == dict(zip(ids[moved != 0], np.sign(moved[moved != 0]).astype(int), strict=True))


def test_roles_say_effect_and_level_of_every_gene(world):
    table = roles(world)
    assert len(table) == 6 * 200
    first = table[table["factor"] == world.genes["gene_id"].iloc[world.network.factors[0]]]
    np.testing.assert_allclose(first["effect"], world.change({0: -1.0}))
    np.testing.assert_allclose(first["level"], world.genes["level"])
    assert targets(world)["role"].value_counts().to_dict() == {
        "direct": 24, "indirect": 24, "redundant": 24, "repressed": 16
    }  # fmt: skip


def test_the_same_world_gives_the_same_files(world, written, tmp_path):
    write_world(world, tmp_path)
    names = sorted(path.name for path in written.iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    assert [name for name in names if (written / name).read_bytes() != (tmp_path / name).read_bytes()] == []
