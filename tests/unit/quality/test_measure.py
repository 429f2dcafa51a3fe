"""Numbers on the quality of a dataset: against numpy and scipy, and whatever the size of the blocks."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from prism.quality import measure
from prism.quality.gene_summary import summarise
from tests.unit.quality.toy_dataset import BIN, LENGTH, measured


class TestSummary:
    @pytest.fixture
    def file(self, tmp_path):
        """Two genes, windows of 8 bp; the second window [-2, 6) begins off a chromosome of 5 bp."""
        with h5py.File(tmp_path / "8.h5", "w") as file:
            file["genes/tss"], file["genes/chrom_length"] = [10, 2], [100, 5]
            file["sequence"] = np.array([[0, 1, 2, 3, 4, 4, 0, 0], [4, 4, 0, 0, 4, 0, 0, 4]], np.uint8)
            file["blacklist"] = np.array([[1, 1, 0, 0, 0, 0, 0, 0], [0] * 8], bool)
            file["signals/a"] = np.array([[1, 2, 3, 4, 5, 6, 7, 0], [0, 0, 1, 0, 2, 3, 4, 0]], np.float32)
            # bins of 5 bp: gene 1 [5,10) [10,15) [15,20), window [6,14); gene 2 [-5,0) [0,5) [5,10)
            file["signals/hic"] = np.array([[1, 3, 9], [0, 2, 0]], np.float32)
            file["signals/hic"].attrs.update(kind="contacts", bin_size=5)
            file.attrs.update(length=8, signals='["a", "hic"]')
            yield file

    def test_means_and_shares_by_hand(self, file):
        found = summarise(file)
        assert found.centre_half == 2  # a quarter of the window
        # gene 2 has its positions 2..6 on the chromosome: centre [2, 6) whole, outer half [0, 2) and [6, 8): one
        np.testing.assert_allclose(found.centre[:, 0], [(3 + 4 + 5 + 6) / 4, (1 + 0 + 2 + 3) / 4])
        np.testing.assert_allclose(found.flank[:, 0], [(1 + 2 + 7 + 0) / 4, 4 / 1])
        np.testing.assert_allclose(found.window[:, 0], [28 / 8, 10 / 5])
        np.testing.assert_allclose(found.zeros[:, 0], [1 / 8, 1 / 5])
        np.testing.assert_allclose(found.unknown, [2 / 8, 1 / 5])
        np.testing.assert_allclose(found.blacklist, [2 / 8, 0])
        assert found.peaks is None
        assert (found.lowest.tolist(), found.highest.tolist()) == ([0, 0], [7, 9])

    def test_contacts_count_by_the_positions_of_their_bins(self, file):
        found = summarise(file)
        # window [6, 14): four positions in bin [5,10), four in [10,15); centre [8, 12): two and two
        np.testing.assert_allclose(found.window[:, 1], [(4 * 1 + 4 * 3) / 8, 2])
        np.testing.assert_allclose(found.centre[:, 1], [(2 * 1 + 2 * 3) / 4, 2])
        np.testing.assert_allclose(found.zeros[:, 1], [0, 0])

    def test_decay_by_hand(self, file):
        decay = summarise(file).decay[1]
        # gene 1's TSS lies in its second bin, gene 2's too; of gene 2's bins only [0, 5) is on the chromosome
        assert decay.distance.tolist() == [0, 5]
        np.testing.assert_allclose(decay.mean, [(3 + 2) / 2, (1 + 9) / 2])
        assert decay.n.tolist() == [2, 2]
        assert summarise(file).decay[0] is None

    @pytest.mark.parametrize("rows_at_once", [1, 7, 64, 1000])
    def test_blocks_change_nothing(self, case, tmp_path, rows_at_once):
        whole = measured(case, tmp_path)
        parts = measured(case, tmp_path, rows_at_once=rows_at_once)
        pairs = [numbers.pop("pairs") for numbers in (whole, parts)]
        assert whole == parts
        assert pairs[0][0]["pearson"] == pytest.approx(pairs[1][0]["pearson"], rel=1e-12)

    def test_correlation_between_tracks_is_pearson_over_positions(self, case, tmp_path):
        case.signals = {name: 1e6 + values for name, values in case.signals.items()}  # cancellation
        found = measured(case, tmp_path, rows_at_once=16)["pairs"]
        a, b = (values.astype(np.float32).astype(float).ravel() for values in case.signals.values())
        assert [pair["signals"] for pair in found] == [["ATAC", "H3K27ac"]]
        assert found[0]["pearson"] == pytest.approx(pearsonr(a, b).statistic, rel=1e-9)


class TestNumbers:
    def test_correlations_equal_scipy(self, case, tmp_path):
        found = measured(case, tmp_path)["signals"]["ATAC"]["label"]
        label, track = case.genes["expression"], case.signals["ATAC"]
        for region, part in (
            ("centre", slice(LENGTH // 2 - 100, LENGTH // 2 + 100)),
            ("window", slice(None)),
        ):
            signal = track[:, part].mean(axis=1)
            assert found[region]["spearman"] == pytest.approx(spearmanr(signal, label).statistic)
            assert found[region]["pearson"] == pytest.approx(pearsonr(np.log1p(signal), label).statistic)

    def test_logarithms_are_not_logged_again(self, case, tmp_path):
        case.sources = {"ATAC": {"transform": "log1p"}}
        found = measured(case, tmp_path)["signals"]["ATAC"]["label"]["window"]["pearson"]
        expected = pearsonr(case.signals["ATAC"].mean(axis=1), case.genes["expression"]).statistic
        assert found == pytest.approx(expected)

    def test_expressed_genes_at_the_tss(self, case, tmp_path):
        found = measured(case, tmp_path)["signals"]["H3K27ac"]["tss"]
        label, track = case.genes["expression"], case.signals["H3K27ac"]
        high, low = label >= np.quantile(label, 2 / 3), label <= np.quantile(label, 1 / 3)
        centre, flank = track[:, 100:300].mean(axis=1), np.delete(track, range(100, 300), axis=1).mean(axis=1)
        assert found["genes"] == 60
        assert found["ratio"] == pytest.approx(centre[high].mean() / flank[high].mean())
        assert found["contrast"] == pytest.approx(centre[high].mean() / centre[low].mean())
        minus = high & (case.genes["strand"] == "-")
        assert found["ratio_by_strand"]["-"] == pytest.approx(centre[minus].mean() / flank[minus].mean())

    def test_label_and_genes(self, case, tmp_path):
        case.genes.loc[:8, "expression"] = 0.0
        case.dropped = case.genes.iloc[:3].assign(
            gene_id=["x", "y", "z"], dropped=["no CDS", "no label", "no CDS"]
        )
        found = measured(case, tmp_path)
        assert found["label"]["zeros"] == 9 / 180
        assert sum(found["label"]["histogram"]["counts"]) == 180
        assert found["label"]["strand_sums"] == {"sense": 5400, "antisense": 1800}
        assert found["genes"]["reasons"] == {"no CDS": 2, "no label": 1}
        assert (found["genes"]["in_table"], found["genes"]["in_windows"], found["genes"]["dropped"]) == (
            183,
            180,
            3,
        )
        assert [(row["chrom"], row["genes"], row["dropped"]) for row in found["chromosomes"]] == [
            ("chr2", 60, 3),
            ("chr10", 60, 0),
            ("chrX", 60, 0),
        ]
        zeros = (case.signals["ATAC"][60:120] == 0).mean()
        assert found["chromosomes"][1]["zeros"]["ATAC"] == pytest.approx(zeros)

    def test_without_label_the_numbers_of_genes_remain(self, case, tmp_path):
        case.genes = case.genes.drop(columns="expression")
        found = measured(case, tmp_path)
        assert found["label"] is None
        assert found["signals"]["ATAC"]["label"] is None
        assert found["signals"]["ATAC"]["tss"]["contrast"] is None
        assert found["signals"]["ATAC"]["tss"]["genes"] == 180

    def test_strict_json(self, case, tmp_path):
        case.signals["ATAC"][:] = 0  # nothing correlates with a constant
        found = measured(case, tmp_path)
        assert json.loads(json.dumps(found, allow_nan=False)) == found
        assert found["signals"]["ATAC"]["label"]["window"]["spearman"] is None

    def test_genes_of_another_table_are_refused(self, case, tmp_path):
        path, table = case.write(tmp_path)
        table.frame.loc[3, "dropped"] = "no label"
        with (
            h5py.File(path) as windows,
            pytest.raises(ValueError, match=r"1 genes .*gene003.*cut the windows"),
        ):
            measure.measure(windows, table)

    def test_contacts_of_the_tss_bin(self, case, tmp_path):
        found = measured(case, tmp_path)["contacts"]["contacts"]
        assert found["distance"][:3] == [0, BIN, 2 * BIN]
        assert found["n"][0] == 180
        assert found["mean"][0] == pytest.approx(1.0, abs=0.05)
        assert found["empty"] == 0
