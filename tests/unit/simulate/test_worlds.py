"""The worlds: where the background has to do with expression, and what of it a promoter's window shows."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from prism.simulate import Settings
from prism.simulate.cells import cell_of, draw_cell
from prism.simulate.contacts import draw_contacts
from prism.simulate.landscape import lay_out
from prism.simulate.sequence import draw_sequence
from prism.simulate.tracks import ASSAYS, BIN, cage, coverage, expected_fragments
from prism.simulate.worlds import WORLDS

CAUSES = ["motif", "mark", "mrna", "enhancer", "noise"]
SETTINGS = {
    "seed": 5,
    "n_chromosomes": 8,
    "n_test": 4,
    "n_same": 2,
    "validation": "same",
    "confounding": 1.0,
    "background_effect": 0.3,
    "cell_types": ["simA"],
}


def drawn(world, **more):
    """Landscape and cell type of a world of 800 genes: chr1 to chr6 confounded, chr7 and chr8 shifted."""
    landscape = lay_out(Settings.read({**SETTINGS, "world": world, **more}))
    return landscape, draw_cell(landscape, "simA")


def test_the_default_genome_is_what_it_was():
    # Digest of every base and count of a small genome, taken before there were worlds.
    settings = {
        "seed": 3,
        "n_chromosomes": 4,
        "genes_per_chromosome": 30,
        "chromosome_length": 500_017,
        "confounding": 1.0,
    }
    landscape = lay_out(Settings.read(settings))
    found = hashlib.sha256()
    for chrom in landscape.settings.chromosomes:
        found.update(draw_sequence(landscape, chrom).tobytes())
    for name in landscape.settings.cell_types:
        cell = draw_cell(landscape, name)
        for chrom in landscape.settings.chromosomes:
            counts = [coverage(landscape, cell, assay, chrom) for assay in ASSAYS]
            counts += [*draw_contacts(landscape, cell, chrom), *cage(landscape, cell, chrom).values()]
            for values in counts:
                found.update(values.astype("<i4").tobytes())
    assert found.hexdigest() == "ec5ceda148bcaa2db64c7c7d0edf4880532fe44659c06429a1d2b1160c4bbcd9"


def test_chromosomes_have_the_distribution_that_was_asked_for():
    confounded = Settings.read(SETTINGS)
    assert [confounded.split(chrom) for chrom in confounded.chromosomes] == ["train"] * 3 + ["valid"] + [
        "test"
    ] * 4
    assert [confounded.distribution(chrom) for chrom in confounded.chromosomes] == ["same"] * 6 + [
        "shifted"
    ] * 2
    usual = Settings.read({})
    assert [usual.distribution(chrom) for chrom in usual.chromosomes] == ["same"] * 6 + ["shifted"] * 2


@pytest.mark.parametrize("world", WORLDS)
def test_causes_add_up_and_the_background_is_one_of_them_where_the_world_says_so(world):
    truth = drawn(world)[1].truth
    rest = (truth["log10_rate"] - 1.6 - truth[CAUSES].sum(axis=1)).to_numpy()
    same = truth["chrom"].isin([f"chr{i}" for i in range(1, 7)]).to_numpy()
    effect = 0.3 if world in ("common_cause", "flanks") else 0.0
    np.testing.assert_allclose(rest, np.where(same, effect * truth["background"], 0.0), atol=1e-12)


@pytest.mark.parametrize("world", WORLDS)
def test_background_goes_with_expression_on_confounded_chromosomes_only(world):
    truth = drawn(world, background_effect=0.5)[1].truth
    shifted = truth["chrom"].isin(["chr7", "chr8"])
    valid = truth["chrom"] == "chr4"
    r = {
        name: np.corrcoef(part["background"], part["log10_rate"])[0, 1]
        for name, part in {"same": truth[~shifted], "valid": truth[valid], "shifted": truth[shifted]}.items()
    }
    # two standard errors: 0.08 with 600 genes, 0.2 with 100, 0.14 with 200
    if world == "none":
        assert abs(r["same"]) < 0.12
    else:
        assert r["same"] > 0.4
        assert r["valid"] > 0.25
    assert abs(r["shifted"]) < 0.21


def test_only_placement_moves_genes():
    tss = {world: drawn(world)[0].genes["tss"].to_numpy() for world in WORLDS}
    assert (tss["none"] == tss["common_cause"]).all()
    assert (tss["none"] == tss["flanks"]).all()
    assert (tss["none"] != tss["placement"]).mean() > 0.6


@pytest.mark.parametrize("world", ["flanks", "common_cause"])
def test_flanks_show_the_background_and_windows_only_what_looks_like_the_mark(world):
    """Half a deviation more background and 0.3 less mark: every window of `flanks` stays as it was."""
    landscape, cell = drawn(world)
    more = {chrom: states + 0.5 for chrom, states in cell.background.items()}
    mark = cell.truth["mark_state"].to_numpy() - 0.6 * 0.5
    other = cell_of(landscape, "simA", mark, more)
    tss = cell.truth["tss"].to_numpy()[landscape.of("chr2")]
    bins = tss[:, None] // BIN + np.arange(-1_000 // BIN, 1_000 // BIN + 1)
    for assay in ASSAYS:
        before = expected_fragments(landscape, cell, assay, "chr2")
        after = expected_fragments(landscape, other, assay, "chr2")
        unchanged = np.isclose(after[bins], before[bins], rtol=1e-9).all()
        assert unchanged == (world == "flanks")
        far = np.abs(np.arange(len(before))[:, None] * BIN + 12 - tss).min(axis=1) > 3_000
        far[: 20_000 // BIN] = far[-20_000 // BIN :] = False
        ratio = after[far] / before[far]
        # neutral coverage grows by exp(0.5 gain); enhancers too, artefacts do not
        assert np.median(ratio) == pytest.approx(np.exp(0.5 * ASSAYS[assay].background))
    same = [
        (a == b).all() if a.shape == b.shape else False
        for a, b in zip(
            draw_contacts(landscape, cell, "chr2"), draw_contacts(landscape, other, "chr2"), strict=True
        )
    ]
    assert all(same) == (world == "flanks")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"world": "other"}, "world = 'other' is not one of none, placement, common_cause, flanks"),
        ({"world": 1}, "world = 1; give a name"),
        ({"validation": "train"}, "validation = 'train' is not one of same, shifted"),
        ({"n_same": 2}, "n_same = 2 is not between 0 and n_test = 1"),
        ({"background_effect": -1}, "background_effect = -1.* is not between 0 and 2"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        Settings.read(settings)
