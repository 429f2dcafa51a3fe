"""Published numbers stand only beside models of the same protocol."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from prism.figures.published import beside, check_table, differences, method, omissions, other_genes
from tests.unit.figures.made_up_runs import PUBLISHED, REFERENCES, run
from workflow_scripts.planning.tables.models import read_models


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
        assert any(reason in words for words in differences(other, REFERENCES["prism_2k"]))
        found = beside(other, check_table(PUBLISHED), REFERENCES)
        assert list(found.other_window) == ([True, True] if "window" in reason else [])
        assert list(beside(run(), check_table(PUBLISHED), REFERENCES).other_window) == [False, False]

    def test_another_training_is_another_protocol(self):
        long, short = {"steps": 50_000, "batch_size": 8}, {"steps": 150, "batch_size": 8}
        reference = REFERENCES["prism_2k"] | {"training": long | {"precision": "bf16"}}
        entry = run().entry | {"training": short}
        assert differences(run(entry=entry), reference) == ["steps 150, published 50,000"]
        assert differences(run(entry=entry | {"training": long | {"precision": "fp32"}}), reference) == []

    def test_a_number_whose_entry_is_not_there_is_not_drawn_and_told(self):
        assert beside(run(), check_table(PUBLISHED), {}).empty
        (line,) = omissions([run()], PUBLISHED, {})
        assert line.endswith("prism_2k: no entry prism_2k in the configuration's models, which reproduces it")

    def test_enformers_crop_counts_as_200_kb(self):
        entry = {"architecture": "enformer", "length": 196608}
        reference = {"architecture": "enformer", "length": 200000}
        assert differences(run(entry=entry), reference) == []

    def test_every_published_number_is_drawn_beside_the_entry_that_reproduces_it(self, root):
        """And beside no other: each stands beside one entry, and grey beside those that differ in the window alone."""
        table = check_table(pd.read_csv(root / "config/published_results.tsv", sep="\t"))
        entries = {
            name: json.loads(entry.canonical())
            for name, entry in read_models([root / "config/models.yaml"]).items()
        }
        same, grey = [], {}
        for cell_type in ("K562", "GM12878"):
            for name, entry in entries.items():
                found = beside(run(name, cell_type=cell_type, entry=entry), table, entries)
                same += [(name, *row) for row in found[~found.other_window].itertuples()]
                if found.other_window.any():
                    grey.setdefault(name, set()).update(found.method)
        assert sorted(index for _, index, *_ in same) == list(table.index)
        assert all(name == table.entry[index] for name, index, *_ in same)
        assert set(grey) == {
            name.replace("200k", "2k")
            for name in table.entry
            if name.endswith("200k") and name != "enformer_200k"
        } | {"enformer_2k"}

    def test_omissions_name_the_reason_once_per_model(self):
        runs = [run("caduceus_2k", "caduceus", seed=seed) for seed in (2, 22)]
        assert omissions(runs, PUBLISHED, REFERENCES) == []  # drawn, in grey
        entry = {"architecture": "caduceus", "length": 2000, "rna_features": False}
        runs = [run("caduceus_2k", entry=entry, seed=seed) for seed in (2, 22)]
        (line,) = omissions(runs, PUBLISHED, REFERENCES)
        reasons = "window 2000 bp, published 200000 bp; no mRNA features; no promoter activity"
        assert line.endswith(f"caduceus_2k: {reasons}")

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
        assert (
            differences(lost, REFERENCES["prism_2k"]) == []
        )  # few enough to stand beside the published number
        table = check_table(PUBLISHED)
        words = "published numbers are of 1,167 test genes, those of K562 here of 1,150 of 1,167"
        assert other_genes([lost, lost], table) == [words]
        assert other_genes([run(), run(fold=3, metrics={"test": {"n": 9}})], table) == []
        many = run(metrics={"test": {"n": 1070}}, provenance={"dropped_genes": {"test": 97}})
        assert differences(many, REFERENCES["prism_2k"]) == ["1,070 of 1,167 test genes, published 1,167"]
