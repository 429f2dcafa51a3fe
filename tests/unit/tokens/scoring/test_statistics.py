"""p-values by hand, against scipy, and uniform where nothing is true."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from prism.tokens.scoring import statistics
from prism.tokens.scoring.ranking_scores import auroc


def test_an_exceedance_counts_the_observed_itself():
    assert statistics.exceedance(3.0, np.array([1.0, 3.0, 5.0, np.nan])) == 3 / 4
    assert statistics.exceedance(9.0, np.zeros(199)) == 1 / 200
    with pytest.raises(ValueError, match="no value of the null"):
        statistics.exceedance(1.0, np.array([]))


def test_strata_by_hand():
    level = np.array([1, 2, 3, 4, 5, 6, 7, 8])
    detection = np.array([0.4, 0.1, 0.2, 0.3, 0.9, 0.8, 0.7, 0.6])
    # halves by level, then halves of each by detection
    assert list(statistics.strata(level, detection, 2)) == [1, 0, 0, 1, 3, 3, 2, 2]


def test_matched_sets_have_as_many_genes_of_each_stratum():
    target = np.array([True, False, False, True, True, False])
    stratum = np.array([0, 0, 0, 1, 1, 1])
    seen = []
    statistics.matched_sets(
        np.arange(6.0),
        target,
        stratum,
        lambda _, drawn: seen.append(drawn.copy()) or 0,
        np.random.default_rng(1),
        50,
    )
    assert {(drawn[:3].sum(), drawn[3:].sum()) for drawn in seen} == {(1, 2)}
    assert len({tuple(drawn) for drawn in seen}) == 9  # 3 * 3 sets, all of them drawn


def test_ps_are_uniform_where_targets_are_no_targets():
    """200 draws; level drives score and detection, so only sets matched for it are a fair null."""
    ps, unmatched = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        level = rng.standard_normal(120)
        score = np.sign(level) + 0.5 * rng.standard_normal(120)
        target = rng.random(120) < 1 / (1 + np.exp(2 - 1.5 * np.sign(level)))
        observed = auroc(score, target)
        for found, stratum in ((ps, np.sign(level)), (unmatched, np.zeros(120))):
            null = statistics.matched_sets(score, target, stratum, auroc, rng, 49)
            found.append(statistics.exceedance(observed, null))
    # p has steps of 1 / 50, which a uniform jitter takes away
    jittered = np.array(ps) - np.random.default_rng(1).random(200) / 50
    assert stats.kstest(jittered, "uniform").pvalue > 0.05
    assert stats.kstest(unmatched, "uniform").pvalue < 1e-6


def test_a_planted_effect_gives_a_small_p():
    rng = np.random.default_rng(1)
    target = np.arange(200) < 20
    score = rng.standard_normal(200) + 1.5 * target
    stratum = statistics.strata(rng.standard_normal(200), rng.standard_normal(200))
    null = statistics.matched_sets(score, target, stratum, auroc, rng, 199)
    assert statistics.exceedance(auroc(score, target), null) == 1 / 200


def test_ps_of_genes_by_hand():
    observed = np.array([5.0, 1.0])
    null = np.array([[1.0, 1.0], [2.0, 0.0], [6.0, 0.5]])
    np.testing.assert_allclose(statistics.gene_ps(observed, null), [2 / 4, 2 / 4])


def test_the_max_statistic_holds_the_chance_of_any_false_gene():
    """500 null analyses of 30 correlated genes and 39 null mutations at 0.1; uncorrected, most have a false gene."""
    rng = np.random.default_rng(1)
    corrected, uncorrected = [], []
    for _ in range(500):
        found = rng.gamma(2, size=(40, 1)) + rng.gamma(0.5, size=(40, 30)) * np.geomspace(1, 100, 30)
        corrected.append(statistics.max_statistic_ps(found[0], found[1:]).min())
        uncorrected.append(statistics.gene_ps(found[0], found[1:]).min())
    assert np.mean(np.array(corrected) <= 0.1) == pytest.approx(0.1, abs=0.04)  # 3 sd of 500 draws
    assert np.mean(np.array(uncorrected) <= 0.1) > 0.5


def test_a_gene_far_above_its_own_null_stands_out():
    null = np.random.default_rng(1).gamma(2, size=(99, 20)) * np.geomspace(1, 1000, 20)
    observed = null.mean(axis=0)
    observed[0] = 30.0  # small beside the last gene's shifts of 2,000
    ps = statistics.max_statistic_ps(observed, null)
    assert ps[0] <= 0.02
    assert (ps[1:] > 0.9).all()


def test_benjamini_hochberg_is_scipys():
    ps = np.random.default_rng(1).random(50) ** 3
    np.testing.assert_allclose(
        statistics.benjamini_hochberg(ps), stats.false_discovery_control(ps, method="bh")
    )
    # 0.01 * 3, 0.02 * 3 / 2, 0.5 * 3 / 3; NaN is no test
    found = statistics.benjamini_hochberg(np.array([0.5, np.nan, 0.01, 0.02]))
    np.testing.assert_allclose(found, [0.5, np.nan, 0.03, 0.03])
    assert np.isnan(statistics.benjamini_hochberg(np.array([np.nan]))).all()


def test_ps_over_donors_are_scipys_paired_test_of_logarithms():
    rng = np.random.default_rng(1)
    ours, null = rng.gamma(3, size=(8, 3)), rng.gamma(2, size=(8, 3))
    ours[0, 1] = np.nan
    ours[:6, 2] = np.nan
    found = statistics.donor_ps(ours, null)
    for gene, rows in [(0, slice(None)), (1, slice(1, None))]:
        wanted = stats.ttest_rel(np.log(ours[rows, gene]), np.log(null[rows, gene]), alternative="greater")
        assert found[gene] == pytest.approx(wanted.pvalue)
    assert np.isnan(found[2])  # two donors


def test_cells_of_one_donor_do_not_make_a_donor_effect_significant():
    """Nothing differs but each donor's own level: over cells most genes are significant, over donors 1 in 20."""
    rng = np.random.default_rng(1)
    donor_effect = rng.standard_normal((6, 400))
    cells = np.repeat(donor_effect, 50, axis=0) + 0.3 * rng.standard_normal((300, 400))
    over_cells = stats.ttest_1samp(cells, 0, alternative="greater").pvalue
    means = cells.reshape(6, 50, 400).mean(axis=1)
    over_donors = statistics.donor_ps(np.exp(means), np.ones((6, 400)))
    assert (over_cells < 0.05).mean() > 0.3
    assert (over_donors < 0.05).mean() == pytest.approx(0.05, abs=0.033)  # 3 sd of 400 genes


def test_random_parts_of_ties_make_p_uniform_whatever_the_number_of_draws():
    rng = np.random.default_rng(4)
    assert statistics.exceedance(3.0, np.array([1.0, 2.0, 3.0, 4.0])) == 3 / 5
    drawn = [statistics.exceedance(3.0, np.array([1.0, 2.0, 3.0, 4.0]), rng) for _ in range(2_000)]
    assert 1 / 5 <= min(drawn) < 0.21 < 0.59 < max(drawn) <= 3 / 5  # one above, two of five tied
    worlds = rng.integers(0, 4, (2_000, 10)).astype(float)  # many ties
    ps = [statistics.exceedance(each[0], each[1:], rng) for each in worlds]
    assert stats.kstest(ps, "uniform").pvalue > 0.001
    plain = [statistics.exceedance(each[0], each[1:]) for each in worlds]
    assert stats.kstest(plain, "uniform").pvalue < 1e-6
