"""Means of signals around the TSS, turned in the direction of transcription, by hand and by numpy."""

from __future__ import annotations

import math

import numpy as np

from prism.drawing.tss_profile import bin_centres, bin_width, binned, expand_contacts, mean_profile, tertiles


class TestProfile:
    def test_minus_strand_genes_are_turned_around_the_tss(self):
        # length 6, TSS at index 3; one base downstream of the TSS is index 4 on '+', index 2 on '-'
        values = np.array([[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]], np.float32)
        turned = binned(values, np.array([False, True]), width=1)
        assert bin_centres(6, 1).tolist() == [-2, -1, 0, 1, 2]
        assert turned.tolist() == [[1, 2, 3, 4, 5], [5, 4, 3, 2, 1]]

    def test_bins_are_odd_centred_on_the_tss_and_average_their_bases(self):
        values = np.arange(10, dtype=np.float32)[None]  # TSS at 5
        assert bin_centres(10, 3).tolist() == [-3, 0, 3]
        assert binned(values, np.array([False]), 3).tolist() == [[2, 5, 8]]
        assert (bin_width(2000), bin_width(200), bin_width(200_000)) == (5, 1, 499)
        assert len(bin_centres(2000, 5)) == 399

    def test_contacts_are_spread_over_their_bases_and_zero_off_the_chromosome(self):
        # window [-1, 3) of a chromosome of 2 bp, bins of 2 bp: bases -1 | 0 1 | 2
        spread = expand_contacts(np.array([[7.0, 8.0, 9.0]]), np.array([1]), np.array([2]), 4, 2)
        assert spread.tolist() == [[0, 8, 8, 0]]

    def test_stream_equals_numpy(self):
        values = np.random.default_rng(1).normal(5, 2, (23, 4))
        group = np.array([0, 1, -1] * 7 + [0, 2])
        stream = [(values[i : i + 5], group[i : i + 5]) for i in range(0, 23, 5)]
        profile = mean_profile(stream, 3)
        assert profile.n.tolist() == [8, 7, 1]
        for number in (0, 1):
            rows = values[group == number]
            np.testing.assert_allclose(profile.mean[number], rows.mean(0))
            np.testing.assert_allclose(profile.sem[number], rows.std(0, ddof=1) / math.sqrt(len(rows)))
        assert np.isnan(profile.sem[2]).all()

    def test_tertiles(self):
        group, names = tertiles(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, np.nan]), 7)
        assert group.tolist() == [1, 1, -1, -1, 0, 0, -1]
        assert names == ["top third", "bottom third"]
        for unknown in (None, np.full(3, np.nan), np.ones(3)):
            assert tertiles(unknown, 3)[1] == ["all genes"]
