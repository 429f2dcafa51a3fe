"""Mean signals around the TSS, turned in the direction of transcription."""

from __future__ import annotations

import json
import math

import h5py
import numpy as np
import pandas as pd
import pytest

from prism.drawing.tss_profile import bin_centres, bin_width, binned, expand_contacts, mean_profile, tertiles
from prism.drawing.windows_profile import profiles
from prism.figures.signal_profile import signal_profile_figure
from tests.unit.figures.figure_cases import marks, panels, words


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

    @pytest.fixture
    def windows(self, tmp_path):
        """Three genes, two of them on '-', one signal and contacts, 8 bp."""
        path = tmp_path / "8.h5"
        with h5py.File(path, "w") as file:
            text = h5py.string_dtype()
            for name, values in {"gene_id": ["a", "b", "c"], "strand": ["+", "-", "-"]}.items():
                file.create_dataset(f"genes/{name}", data=values, dtype=text)
            file["genes/tss"] = [100, 200, 300]
            file["genes/chrom_length"] = [1000] * 3
            downstream = [0, 0, 0, 0, 0, 3, 0, 0]  # a peak one base downstream of the TSS on '+'
            upstream = [0, 0, 0, 3, 0, 0, 0, 0]  # the same on '-'
            file["signals/DNase"] = np.array([downstream, upstream, upstream], np.float32)
            file["signals/contacts"] = np.full((3, 3), 2, np.float32)
            file["signals/contacts"].attrs.update(kind="contacts", bin_size=5)
            sources = {
                "DNase": {
                    "kind": "bigwig",
                    "files": [{"output_type": "signal p-value"}],
                    "transform": "log1p",
                },
                "contacts": {"kind": "contacts", "output_type": "observed", "normalisation": "VC"},
                "sequence": {"path": "genome.fa"},
            }
            file.attrs.update(length=8, signals='["DNase", "contacts"]', sources=json.dumps(sources))
            file.attrs.update(content_hash="deadbeef99", cell_type="K562", assembly="hg38")
        return path

    def test_windows_file_to_figure(self, windows):
        genes = pd.DataFrame({"gene_id": ["c", "a", "b", "dropped"], "expression": [0.0, 2.0, 1.0, 9.0]})
        with h5py.File(windows) as file:
            given = profiles(file, genes)
        assert given["centres"].tolist() == [-3, -2, -1, 0, 1, 2, 3]
        figure = signal_profile_figure(**given, assay="CAGE")
        dnase, contacts = panels(figure)
        np.testing.assert_allclose(
            marks(dnase, "mean 0")[0], [[-3, -2, -1, 0, 1, 2, 3], [0, 0, 0, 0, 3, 0, 0]]
        )
        np.testing.assert_allclose(marks(dnase, "mean 1")[0][1], [0, 0, 0, 0, 3, 0, 0])
        np.testing.assert_allclose(marks(contacts, "mean 0")[0][1], [2] * 7)
        text = words(figure)
        assert "top third by CAGE (n = 1 gene)" in text
        assert "log(x + 1) of signal p-value" in text.replace("\n", " ")
        assert "2 of 3 genes on the minus strand" in text
        assert "windows deadbeef" in text
        assert "observed, normalisation VC" in text
        assert "sequence" not in text

    def test_unknown_expression_draws_all_genes(self, windows):
        with h5py.File(windows) as file:
            given = profiles(file, pd.DataFrame({"gene_id": ["a", "b", "c"]}))
        figure = signal_profile_figure(**given, assay="expression")
        assert "all genes (n = 3 genes)" in words(figure)
        assert [c.get_gid() for c in panels(figure)[0].collections] == ["sem"]

    def test_genes_of_another_table_are_refused(self, windows):
        with (
            h5py.File(windows) as file,
            pytest.raises(ValueError, match=r"2 genes of the windows .*first: b"),
        ):
            profiles(file, pd.DataFrame({"gene_id": ["a"]}))

    def test_no_signal_is_refused(self):
        with pytest.raises(ValueError, match="hold no signal"):
            signal_profile_figure("K562", np.zeros(3), {}, ["all genes"], {}, "CAGE", [])
