"""Ensembles, transfers, filters of genes and matched scales in the plan."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import yaml

from workflow_scripts.planning import transfers
from workflow_scripts.planning.checks.predictions import check_chosen_genes
from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.files import Files
from workflow_scripts.planning.prediction_files import PredictionFiles

CELL_TYPES = """cell_type\tassembly\tlabel_kind\tlabel\tlabel_assay\tH3K27ac\tDNase\tcontacts\tpeaks
A\ttoy\tbigwig\tp.bw\tCAGE\tH.bw\tD.bw\tm.mcool\tA.narrowPeak
B\ttoy\tbigwig\tq.bw\tRNA-seq\tH.bw\tD.bw\tm.mcool\tA.narrowPeak
bare\ttoy\t\t\t\tH.bw\tD.bw\tm.mcool\tA.narrowPeak
mouse\tother\tbigwig\tp.bw\tCAGE\tH.bw\tD.bw\tm.mcool\tA.narrowPeak
"""
ENTRY = {"architecture": "caduceus_signals", "length": 100, "training": {"steps": 10}}
MODELS = {"net": ENTRY, "floor": {"architecture": "ridge", "length": 100}}
MODELS["enhancers"] = ENTRY | {"architecture": "epinformer", "signals": []}
RUNS = ["A.net.fold1.seed2", "A.net.fold1.seed22", "A.floor.fold1.seed2"]


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cells.tsv").write_text(CELL_TYPES)
    rows = "1\tchr1\ttrain\n1\tchr2\tvalid\n1\tchr3\ttest\n"
    (tmp_path / "folds.tsv").write_text(f"fold\tchromosome\tsplit\n{rows}")
    (tmp_path / "models.yaml").write_text(yaml.safe_dump({"models": MODELS}))
    genome = {"genome": {"address": "toy.fa"}, "annotation": {"address": "toy.gtf"}}
    return {
        "cell_types": "cells.tsv",
        "models": "models.yaml",
        "folds": "folds.tsv",
        "assemblies": {"toy": genome, "other": genome},
        "run": {"cell_types": ["A"], "models": ["net"], "folds": [1], "seeds": [2, 22, 222]},
        "windows": {"lengths": [100]},
    }


def predicting(project, prefix="", **predictions):
    return make_plan(project | {"predictions": predictions}, prefix)


def test_a_mapping_says_what_a_list_says(project):
    plans = [predicting(project, B=RUNS), predicting(project, B={"runs": RUNS})]
    files = [PredictionFiles(Files(plan)) for plan in plans]
    assert files[0].all() == files[1].all()
    assert files[1].match_options("B") == files[1].chosen_genes("B") == []


def test_seeds_of_one_training_are_an_ensemble(project):
    plan = predicting(project, bare=RUNS)
    assert transfers.ensemble_files(plan) == ["results/predictions/bare/A.net.fold1.ensemble.tsv.gz"]
    seeds = [each.seed for each in transfers.ensemble(plan, "bare", "A.net.fold1").members]
    assert seeds == [2, 22]
    # one that no prediction names is of all seeds that are trained, and of one where nothing is random
    assert [each.seed for each in transfers.ensemble(plan, "B", "A.net.fold1").members] == [2, 22, 222]
    assert [each.seed for each in transfers.ensemble(plan, "B", "A.floor.fold1").members] == [2]


def test_what_has_a_label_is_scored_seed_by_seed_and_as_an_ensemble(project):
    plan = predicting(
        project, "sub/", bare=RUNS, A=RUNS, mouse=RUNS, B={"runs": RUNS, "match_scale": "quantile"}
    )
    files = transfers.TransferFiles(Files(plan))
    assert files.table() == ["results/transfer/scores.tsv"]
    assert files.predictions() == [f"results/predictions/B/{run}.tsv.gz" for run in RUNS]
    described = [json.loads(each) for each in files.described()]
    assert [(each["model"], each["seed"]) for each in described] == [
        ("net", "2"),
        ("net", "22"),
        ("net", "ensemble"),
        ("floor", "2"),
    ]
    both = described[2]
    assert both["predictions"] == [f"sub/results/predictions/B/{run}.tsv.gz" for run in RUNS[:2]]
    assert both["own"] == [f"sub/results/runs/A/net/fold1/seed{seed}/predictions.tsv.gz" for seed in (2, 22)]
    assert both["facts"] == {"match_scale": "quantile", "label": "RNA-seq", "own_label": "CAGE"}
    assert transfers.TransferFiles(Files(predicting(project, bare=RUNS, mouse=RUNS))).table() == []


def test_what_was_held_out_is_known_of_runs_on_the_same_genome(project):
    files = PredictionFiles(Files(predicting(project, B=RUNS, mouse=RUNS)))
    assert files.trained_genes("B", RUNS[0]) == ["results/genes/A.tsv"]
    assert files.fold_options("B", RUNS[0]) == ["--folds=folds.tsv", "--fold=1"]
    assert files.split("B", RUNS[0]) == "chr1=train,chr2=valid,chr3=test"
    assert files.trained_genes("mouse", RUNS[0]) == files.fold_options("mouse", RUNS[0]) == []
    assert files.match_options("B") == []


def test_matching_is_an_option_and_refused_where_it_cannot_be(project):
    quantile = {"runs": RUNS, "match_scale": "quantile"}
    assert PredictionFiles(Files(predicting(project, B=quantile))).match_options("B") == [
        "--match-scale=quantile"
    ]
    with pytest.raises(ValueError, match=r"predictions\.B\.match_scale = 'rank'.*\['none', 'quantile'\]"):
        predicting(project, B={"runs": RUNS, "match_scale": "rank"})
    with pytest.raises(
        ValueError, match=r"A\.enhancers.* for B: match_scale: quantile does not change the activity"
    ):
        predicting(project, B=quantile | {"runs": ["A.enhancers.fold1.seed2"]})
    with pytest.raises(ValueError, match=r"unknown key 'match_scal'; did you mean 'match_scale'\?"):
        predicting(project, B={"match_scal": "none"})
    with pytest.raises(ValueError, match=r"predictions: cell type 'b' is in no table; .*did you mean 'B'\?"):
        predicting(project, b={"match_scale": "quantile"})


def test_genes_are_a_list_or_a_file(project, tmp_path):
    files = PredictionFiles(Files(predicting(project, B={"runs": RUNS, "genes": ["g1", " g2 ", "g1"]})))
    assert files.chosen_genes("B") == ["results/predictions/B/genes.txt"]
    assert files.names_options("B") == ['--names=["g1", " g2 ", "g1"]']
    (tmp_path / "list.txt").write_text("symbol\nx\ny\n")
    listed = PredictionFiles(Files(predicting(project, B={"genes": "list.txt"})))
    assert listed.names_options("B") == ["--file=list.txt"]
    before = listed.names_digest("B")
    (tmp_path / "list.txt").write_text("x\n\ny\n")
    assert listed.names_digest("B") == before != files.names_digest("B")
    with pytest.raises(ValueError, match=r"config: predictions\.B\.genes = 'no\.txt': no such file"):
        predicting(project, B={"genes": "no.txt"})


def test_a_gene_that_the_table_lacks_is_refused_before_the_first_job(project, tmp_path):
    plan = predicting(project, B={"runs": RUNS, "genes": ["gene1", "gane2"]})
    check_chosen_genes(plan, lambda path: False)  # no table yet
    table = pd.DataFrame({"gene_id": ["gene1", "gene2"], "chrom": "c", "tss": [1, 2], "strand": "+"})
    (tmp_path / "results/genes").mkdir(parents=True)
    table.assign(symbol="").to_csv(tmp_path / "results/genes/B.tsv", sep="\t", index=False)
    check_chosen_genes(plan, {"results/genes/B.tsv"}.__contains__)  # made again, so that nothing is known
    with pytest.raises(
        ValueError, match=r"predictions\.B\.genes: .*has no gene 'gane2' \(did you mean 'gene2'\?\)"
    ):
        check_chosen_genes(plan, lambda path: False)
