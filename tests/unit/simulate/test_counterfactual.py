"""Counterfactual genomes: one state is drawn anew, and only what follows from it differs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from prism.simulate import Settings
from prism.simulate.cells import draw_cell
from prism.simulate.contacts import draw_contacts
from prism.simulate.counterfactual import redrawn
from prism.simulate.counts import changed_counts
from prism.simulate.landscape import lay_out
from prism.simulate.tracks import ASSAYS, BIN, cage, coverage, peak_fragments
from prism.simulate.worlds import WORLDS

CHROMOSOMES = ("chr1", "chr4")  # a confounded and a shifted one


@pytest.fixture(scope="module", params=list(WORLDS))
def genome(request, small):
    """A small genome of each world, and its first cell type."""
    landscape = lay_out(Settings.read({**small, "world": request.param}))
    return landscape, draw_cell(landscape, "simA")


def differing(before, after):
    """Columns of the truth that are not equal."""
    assert list(before.truth) == list(after.truth)
    return {name for name in before.truth if not before.truth[name].equals(after.truth[name])}


def counted(landscape, cell, chrom):
    """Everything that is measured of a chromosome, by name."""
    bin1, bin2, counts = draw_contacts(landscape, cell, chrom)
    found = {"contacts": np.stack([bin1, bin2, counts])}
    found |= {assay: coverage(landscape, cell, assay, chrom) for assay in ASSAYS}
    return found | {f"CAGE {strand}": values for strand, values in cage(landscape, cell, chrom).items()}


def same(first, second):
    return {name for name in first if np.array_equal(first[name], second[name])}


def test_redrawing_the_mark_changes_the_mark_and_what_it_causes(genome):
    landscape, cell = genome
    other = redrawn(landscape, cell, "mark")
    assert differing(cell, other) == {"mark_state", "mark", "log10_rate"}
    np.testing.assert_allclose(
        other.truth["log10_rate"] - cell.truth["log10_rate"],
        0.45 * (other.truth["mark_state"] - cell.truth["mark_state"]),
        atol=1e-12,
    )
    np.testing.assert_array_equal(other.activity, cell.activity)
    assert all((other.background[chrom] == cell.background[chrom]).all() for chrom in cell.background)
    for chrom in CHROMOSOMES:
        before, after = counted(landscape, cell, chrom), counted(landscape, other, chrom)
        assert same(before, after) == {"contacts"}
        tss = cell.truth["tss"].to_numpy()[landscape.of(chrom)]
        middle = np.arange(len(before["DNase"])) * BIN + BIN // 2
        # peaks are cut off 1,000 bp from the TSS, and a fragment covers 8 bins
        far = np.abs(middle[:, None] - tss).min(axis=1) > 1_000 + 9 * BIN
        for assay in ASSAYS:
            np.testing.assert_array_equal(before[assay][far], after[assay][far])
            assert (before[assay][~far] != after[assay][~far]).mean() > 0.05


def test_redrawing_the_background_changes_the_background_and_what_it_causes(genome):
    landscape, cell = genome
    world = landscape.settings.rules
    other = redrawn(landscape, cell, "background")
    expected = {"background"} | ({"background_cause", "log10_rate"} if world.causes else set())
    assert differing(cell, other) == expected
    np.testing.assert_array_equal(other.activity, cell.activity)
    for chrom in CHROMOSOMES:
        before, after = counted(landscape, cell, chrom), counted(landscape, other, chrom)
        unmoved = {"CAGE +", "CAGE -"} if not (world.causes and chrom == "chr1") else set()
        if not world.in_window:
            unmoved |= {"contacts"}
        assert same(before, after) == unmoved
    openness = np.concatenate([cell.background[chrom] for chrom in cell.background])
    again = np.concatenate([other.background[chrom] for chrom in cell.background])
    assert (openness != again).all()


def test_heights_change_by_the_background_alone(genome):
    landscape, cell = genome
    other = redrawn(landscape, cell, "background")
    moved = (other.truth["background"] - cell.truth["background"]).to_numpy()
    gains = {"H3K27ac": 0.20, "DNase": 0.55}
    if not landscape.settings.rules.in_window:
        gains = {"H3K27ac": 0.6 * 0.75, "DNase": 0.6 * 0.45}
    for assay, gain in gains.items():
        before, after = (peak_fragments(landscape, each, assay)[0] for each in (cell, other))
        np.testing.assert_allclose(np.log(after / before), gain * moved, atol=1e-9)


def test_draws_differ_and_repeat(genome):
    landscape, cell = genome
    for state, column in (("mark", "mark_state"), ("background", "background")):
        first, second, third = (redrawn(landscape, cell, state, draw).truth[column] for draw in (1, 2, 1))
        pd.testing.assert_series_equal(first, third)
        assert (first != second).all()


def test_cell_types_share_what_is_redrawn(small):
    landscape = lay_out(Settings.read({**small, "genes_per_chromosome": 50, "n_chromosomes": 12}))
    marks = [
        redrawn(landscape, draw_cell(landscape, name), "mark").truth["mark_state"]
        for name in ("simA", "simB")
    ]
    assert 0.4 < np.corrcoef(*marks)[0, 1] < 0.6  # half of the variance is shared; the standard error is 0.03


def test_bad_states_are_named(genome):
    landscape, cell = genome
    with pytest.raises(ValueError, match="no state 'noise' to redraw; there are background, mark"):
        redrawn(landscape, cell, "noise")
    with pytest.raises(ValueError, match="simA is counterfactual; redraw the cell type that it departs from"):
        redrawn(landscape, redrawn(landscape, cell, "mark"), "background")


def test_changed_counts_are_poisson_and_equal_where_nothing_changes():
    n = 20_000
    rng = np.random.default_rng(0)
    for before, after in [(3.0, 3.0), (3.0, 1.2), (0.0, 2.0), (2.0, 0.0), (1.0, 4.0), (40.0, 50.0)]:
        counts = rng.poisson(before, n)
        changed = changed_counts(rng, counts, np.full(n, before), np.full(n, after))
        if before == after:
            np.testing.assert_array_equal(changed, counts)
        assert (changed >= counts).all() if after >= before else (changed <= counts).all()
        if after == 0:
            assert not changed.any()
            continue
        most = int(stats.poisson.ppf(0.999, after))
        observed = np.bincount(changed.clip(max=most), minlength=most + 1)
        expected = n * stats.poisson.pmf(np.arange(most + 1), after)
        expected[-1] = n - expected[:-1].sum()
        assert ((observed - expected) ** 2 / expected).sum() < stats.chi2.ppf(1 - 1e-4, most)
        # what both have in common: min(before, after) events
        covariance = np.cov(counts, changed)[0, 1]
        assert covariance == pytest.approx(min(before, after), abs=0.06 * max(before, after) + 0.01)
