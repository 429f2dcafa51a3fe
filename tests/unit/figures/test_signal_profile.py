"""The figure of mean signals around the TSS, from the dataset file to what is drawn."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pandas as pd
import pytest

from prism.drawing.windows_profile import profiles
from prism.figures.signal_profile import signal_profile_figure
from tests.unit.drawing.drawn_figure import marks, panels, words


class TestProfile:
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
