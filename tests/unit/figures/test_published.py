"""Published numbers stand only beside models of the same protocol."""

from __future__ import annotations

import pandas as pd
import pytest

from prism.figures.published import beside, check_table, differences, method, omissions, other_genes
from tests.unit.figures.made_up_runs import PUBLISHED, run


class TestPublished:
    def test_names_of_the_papers(self):
        assert method(run()) == "Prism"
        assert method(run(entry={"architecture": "prism", "settings": {"n_context": 0}})) == "Prism n=0"
        assert (
            method(run(entry={"architecture": "caduceus_signals", "settings": {"input_mask": "peaks"}}))
            == "MACS3"
        )
        assert method(run(entry={"architecture": "ridge"})) is None

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"entry": {"architecture": "prism", "length": 500}}, "window 500 bp"),
            ({"label": {"assay": "PRO-cap"}}, "label PRO-cap"),
            ({"fold": 3}, "fold 3"),
            ({"metrics": {"test": {"n": 101}}}, "101 test genes"),
            ({"entry": {"architecture": "prism", "length": 2000, "rna_features": False}}, "no mRNA features"),
            (
                {"entry": {"architecture": "prism", "length": 2000, "rna_features": ["mrna"]}},
                "no promoter activity",
            ),
            ({"entry": {"architecture": "prism", "length": 2000, "signals": ["DNase"]}}, "signals DNase"),
            ({"entry": {"architecture": "prism", "length": 2000, "settings": {"alpha": 0.0}}}, "alpha 0.0"),
            (
                {"entry": {"architecture": "prism", "length": 2000, "orientation": "gene"}},
                "orientation gene, published plus",
            ),
        ],
    )
    def test_another_protocol_is_not_comparable(self, changes, reason):
        other = run(**changes)
        assert any(reason in words for words in differences(other, 2000))
        assert beside(other, check_table(PUBLISHED)).empty
        assert len(beside(run(), check_table(PUBLISHED))) == 2

    def test_enformers_crop_counts_as_200_kb(self):
        entry = {"architecture": "enformer", "length": 196608}
        assert differences(run(entry=entry), 200000) == []

    def test_omissions_name_the_reason_once_per_model(self):
        runs = [run("caduceus_2k", "caduceus", seed=seed) for seed in (2, 22)]
        (line,) = omissions(runs, PUBLISHED)
        assert line.endswith("caduceus_2k: window 2000 bp, published 200000 bp")

    def test_the_bundled_table_is_complete(self, root):
        table = check_table(pd.read_csv(root / "config/published_results.tsv", sep="\t"))
        assert table.source.str.contains("ICLR").all()
        assert not table.duplicated(["method", "cell_type", "metric", "window_bp"]).any()

    def test_missing_column_is_named(self):
        with pytest.raises(ValueError, match="no column window_bp"):
            check_table(PUBLISHED.drop(columns="window_bp"))

    def test_a_test_split_that_lost_genes_is_told(self):
        lost = run(
            metrics={"test": {"n": 1150}}, provenance={"dropped_genes": {"train": 3, "valid": 0, "test": 17}}
        )
        assert differences(lost, 2000) == []  # few enough to stand beside the published number
        table = check_table(PUBLISHED)
        words = "published numbers are of 1,167 test genes, those of K562 here of 1,150 of 1,167"
        assert other_genes([lost, lost], table) == [words]
        assert other_genes([run(), run(fold=3, metrics={"test": {"n": 9}})], table) == []
        many = run(metrics={"test": {"n": 1070}}, provenance={"dropped_genes": {"test": 97}})
        assert differences(many, 2000) == ["1,070 of 1,167 test genes, published 1,167"]
