"""The simulated cells: their truth by hand, and what expression levels, donors, depth and batches show of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from prism.simulate.regulation import Regulation, draw_world
from prism.simulate.regulation.network import N_FACTORS, TARGETS, Sizes, draw_network
from prism.simulate.regulation.settings import MOST_GENES
from prism.simulate.regulation.world import deviations


def of(world, factor, role):
    """Rows of the genes that play a role for a factor."""
    return np.flatnonzero(world.network.roles[factor] == role)


def test_every_role_has_its_genes_and_no_gene_has_two(world):
    sizes = Sizes()
    parts = []
    for factor, roles in enumerate(world.network.roles):
        assert list(of(world, factor, "factor")) == [world.network.factors[factor]]
        solo, pair = factor in (0, 1), factor in (2, 3)
        for role, wanted in [
            ("direct", sizes.direct * solo),
            ("repressed", sizes.repressed * solo),
            ("indirect", sizes.indirect * solo),
            ("redundant", sizes.redundant * pair),
            ("co-expressed", sizes.co_expressed),
        ]:
            assert (roles == role).sum() == wanted
            parts += [] if factor == 3 and role == "redundant" else list(of(world, factor, role))
    assert len(parts) == len(set(parts)) == sizes.total - N_FACTORS
    assert (of(world, 2, "redundant") == of(world, 3, "redundant")).all()


def test_the_true_effect_of_a_solo_factor_by_hand(world):
    network, change = world.network, world.change({0: -1.0})
    direct, repressed, indirect = (of(world, 0, role) for role in ("direct", "repressed", "indirect"))
    np.testing.assert_allclose(change[direct], -network.direct[0, direct])
    assert (change[direct] < -0.5).all()
    assert (change[repressed] > 0.5).all()
    # an indirect target moves as its mediator does, which is a direct target
    assert np.isin(network.mediator[indirect], direct).all()
    np.testing.assert_allclose(change[indirect], change[network.mediator[indirect]])
    assert change[network.factors[0]] == pytest.approx(-1)
    untouched = np.setdiff1d(np.arange(200), [*direct, *repressed, *indirect, network.factors[0]])
    assert not change[untouched].any()


def test_either_of_the_redundant_factors_is_enough(world):
    shared = of(world, 2, "redundant")
    weight = world.network.direct[2, shared]
    np.testing.assert_allclose(world.change({2: -1.0, 3: -1.0})[shared], -weight)
    one, both = world.change({2: -8.0})[shared], world.change({2: -8.0, 3: -8.0})[shared]
    np.testing.assert_allclose(both, -8 * weight)
    assert (one < 0).all()
    assert (one > 0.1 * both).all()


def test_a_silent_factor_moves_itself_alone(world):
    for factor in (4, 5):
        assert list(np.flatnonzero(world.change({factor: -2.0}))) == [world.network.factors[factor]]


def test_without_regulation_roles_stay_and_effects_go(genome, world):
    null = draw_world(replace(world.settings, regulates=False), genome)
    assert (null.network.roles == world.network.roles).all()
    for factor in range(N_FACTORS):
        assert list(np.flatnonzero(null.change({factor: -1.0}))) == [null.network.factors[factor]]
    assert null.variants.equals(world.variants)
    np.testing.assert_array_equal(null.activity, world.activity)


def test_co_expressed_genes_follow_a_factor_as_targets_do(world):
    moved = deviations(world.network, world.activity, world.own)
    for factor in (0, 1):
        with_factor = np.corrcoef(world.activity[:, factor], moved, rowvar=False)[0, 1:]
        direct, together = (
            with_factor[of(world, factor, role)].mean() for role in ("direct", "co-expressed")
        )
        assert direct > 0.7
        assert abs(direct - together) < 0.15


def test_target_status_tells_nothing_of_the_level(world):
    """200 deals of the roles over the same genes: the area under the ROC curve is one half on average."""
    factors, level = world.network.factors, world.genes["level"].to_numpy()
    others = np.setdiff1d(np.arange(200), factors)
    areas = []
    for seed in range(200):
        dealt = draw_network(np.random.default_rng(seed), 200, factors, Sizes(), 0.7, 0.9)
        areas.append(roc_auc_score(np.isin(dealt.roles[0], TARGETS)[others], level[others]))
    # a single area has a standard deviation of sqrt(195 / (12 * 32 * 162)) = 0.056
    assert abs(np.mean(areas) - 0.5) < 3 * 0.056 / np.sqrt(200)
    assert np.std(areas) == pytest.approx(0.056, rel=0.15)


def test_the_mean_count_of_a_gene_is_its_level_whatever_its_role(genome):
    quiet = Regulation(
        n_genes=200, n_donors=24, cells_per_donor=40, batch=0.0, depth_spread=0.0, depth=50_000
    )
    world = draw_world(quiet, genome)
    share = np.asarray(world.counts.mean(axis=0)).ravel() / quiet.depth
    wanted = 10 ** world.genes["level"].to_numpy()
    excess = np.log(share / (wanted / wanted.sum()))
    for role in ("direct", "repressed", "indirect", "co-expressed"):
        assert abs(excess[of(world, 0, role)].mean() - excess.mean()) < 0.02, role


def test_activity_is_what_the_donors_promoters_give(genome):
    still = Regulation(n_genes=200, n_donors=10, cells_per_donor=2, programme=0.0, activity_noise=0.0)
    world = draw_world(still, genome)
    for factor in range(N_FACTORS):
        mine = world.variants.index[world.variants["factor"] == factor]
        for donor in range(10):
            carried = [each for each in mine if world.alleles[donor, each]]
            np.testing.assert_allclose(
                world.activity[world.donor == donor, factor], world.activity_of(factor, carried)
            )
    assert (world.activity.std(axis=0) > 0.2).all()
    one = draw_world(replace(still, genomes="one"), genome)
    assert not one.alleles.any()
    np.testing.assert_allclose(np.sort(one.activity, axis=0), np.sort(world.activity, axis=0))
    assert not np.allclose(one.activity, world.activity)


def test_depth_and_batch_are_planted(genome, world):
    def between_batches(found):
        counts = pd.DataFrame(found.counts.toarray()).groupby(found.obs["batch"].to_numpy()).sum()
        return np.log(counts.div(counts.sum(axis=1), axis=0) + 1e-4).std().mean()

    plain = draw_world(replace(world.settings, batch=0.0), genome)
    strong = draw_world(replace(world.settings, batch=0.6), genome)
    assert between_batches(strong) > 2 * between_batches(plain)
    assert plain.obs["n_counts"].median() == pytest.approx(2000, rel=0.05)
    assert np.log(plain.obs["n_counts"]).std() == pytest.approx(0.3, rel=0.1)
    assert (np.asarray(world.counts.sum(axis=1)).ravel() == world.obs["n_counts"]).all()
    assert world.obs.groupby("donor_id")["batch"].nunique().eq(1).all()


def test_one_seed_gives_one_world_and_more_cells_move_no_role(genome, world):
    again = draw_world(world.settings, genome)
    assert (again.counts != world.counts).nnz == 0
    larger = draw_world(replace(world.settings, cells_per_donor=21), genome)
    assert (larger.network.roles == world.network.roles).all()
    assert larger.variants.equals(world.variants)
    other = draw_world(replace(world.settings, seed=2), genome)
    assert (other.network.roles != world.network.roles).any()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"n_genes": MOST_GENES + 1}, "n_genes = 501 is not between 178"),
        ({"n_genes": 177}, "n_genes = 177 is not between 178"),
        ({"n_donors": 1}, "n_donors = 1 is less than 2"),
        ({"genomes": "two"}, "genomes = 'two' is neither 'many' nor 'one'"),
        ({"donors": 3}, "unknown settings \\['donors'\\]"),
        ({"sizes": {"mediator": 3}}, "unknown settings \\['mediator'\\]"),
        ({"variants": {"frequency": 1.5}}, "frequency = 1.5"),
    ],
)
def test_settings_that_cannot_be_drawn_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        Regulation.read(given)


def test_a_genome_with_too_few_genes_is_refused(genome):
    with pytest.raises(ValueError, match="n_genes = 241, and the genome has 240; lower n_genes"):
        draw_world(Regulation(n_genes=241), genome)


def test_parts_are_read_from_a_configuration():
    read = Regulation.read({"n_donors": 5, "sizes": {"direct": 3}, "variants": {"changing": 1}})
    assert (read.n_donors, read.sizes.direct, read.sizes.repressed, read.variants.changing) == (5, 3, 8, 1)
