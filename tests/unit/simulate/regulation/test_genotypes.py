"""Variants of the factors' promoters: what they do to the motifs, in the genome's coordinates, and who carries them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prism.genome.tracks.sequence import decode, encode
from prism.simulate.promoters import ZONE_END, ZONE_START, count_motifs, reverse_complement
from prism.simulate.regulation.genotypes import (
    Plan,
    draw_alleles,
    draw_variants,
    motif_scores,
    single_changes,
)
from prism.simulate.regulation.world import log_per_score
from prism.simulate.sequence import draw_sequence


def test_scores_of_single_changes_by_hand():
    # one CRE (TGACGTCA, weight 1.0) among bases that make no motif
    zone = encode("AAAAATGACGTCAAAAAA")
    place, code, change = single_changes(zone)
    assert len(place) == 3 * 18
    assert (code != zone[place]).all()
    inside = (place >= 5) & (place < 13)
    assert (change[inside] == -1.0).all()
    assert not change[~inside].any()


def test_local_scores_are_those_of_the_whole_zone(genome):
    zone = genome.promoters[5]
    place, code, change = single_changes(zone)
    changed = np.repeat(zone[None], len(place), axis=0)
    changed[np.arange(len(place)), place] = code
    np.testing.assert_allclose(change, motif_scores(changed) - motif_scores(zone[None])[0])
    assert change.any()


def test_variants_do_in_the_genome_what_they_say(genome, world):
    """Applied on the + strand of the chromosome, each gives the promoter that the truth was made from."""
    chromosomes = {chrom: draw_sequence(genome, chrom) for chrom in set(world.variants["chrom"])}
    genes, strands = world.genes.set_index("gene_id"), set()
    for at, variant in world.variants.iterrows():
        gene = genes.loc[variant["gene_id"]]
        strands.add(gene["strand"])
        codes = chromosomes[variant["chrom"]].copy()
        assert decode(codes[[variant["position"]]]) == variant["ref"]
        codes[variant["position"]] = encode(variant["alt"])[0]
        tss = gene["tss"]
        if gene["strand"] == "+":
            zone = codes[tss + ZONE_START : tss + ZONE_END]
        else:
            zone = reverse_complement(codes[tss + 1 - ZONE_END : tss + 1 - ZONE_START])
        np.testing.assert_array_equal(zone, world.zone(variant["factor"], [at]))
        before = count_motifs(world.zone(variant["factor"], [])[None])
        moved = any(count[0] != before[name][0] for name, count in count_motifs(zone[None]).items())
        assert moved == variant["changing"]
        assert world.activity_of(variant["factor"], [at]) == pytest.approx(variant["activity_change"])
        assert (variant["activity_change"] != 0) == variant["changing"]
    assert strands == {"+", "-"}


def test_a_copy_counts_as_in_the_genomes_own_labels(genome):
    """The genome's motif cause (log10) is linear in the score; its slope by least squares is the one used here."""
    slope = np.polyfit(motif_scores(genome.promoters), genome.genes["motif"], 1)[0]
    assert log_per_score(genome) == pytest.approx(np.log(10) * slope)


def test_each_factor_has_all_kinds_and_no_base_twice(world):
    kinds = world.variants.groupby(["factor", "changing", "seen"]).size().unstack(["changing", "seen"])
    assert (kinds[True, True] == 3).all()
    assert (kinds[True, False] == 2).all()
    assert (kinds[False, True] == 3).all()
    assert (kinds[False, False] == 2).all()
    assert not world.variants.duplicated(["chrom", "position"]).any()


def test_donors_carry_what_is_seen_and_nothing_else(world):
    carriers = world.alleles.sum(axis=0)
    assert (carriers[world.variants["seen"]] == 7).all()  # 0.3 of 24 donors, rounded
    assert not carriers[~world.variants["seen"]].any()


@pytest.mark.parametrize(("frequency", "carriers"), [(0.0, 1), (0.3, 1), (1.0, 3)])
def test_a_seen_variant_has_a_carrier_and_a_donor_without_it(frequency, carriers):
    alleles = draw_alleles(np.random.default_rng(1), pd.DataFrame({"seen": [True, False]}), 4, frequency)
    assert list(alleles.sum(axis=0)) == [carriers, 0]


def test_a_promoter_without_motifs_is_refused():
    genes = pd.DataFrame({"gene_id": ["g"], "chrom": ["c"], "tss": [500], "strand": ["+"]})
    with pytest.raises(ValueError, match="g: 0 changes of its promoter can be had where 3 are wanted"):
        draw_variants(np.random.default_rng(1), genes, np.zeros((1, 260), np.uint8), Plan())


def test_variants_of_another_promoter_are_refused(world):
    other = world.variants.index[world.variants["factor"] == 1][0]
    with pytest.raises(ValueError, match="not all of factor 0"):
        world.zone(0, [other])
