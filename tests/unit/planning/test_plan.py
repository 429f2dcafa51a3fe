"""Configuration and tables: what is planned from good ones, and the error of each bad one."""

from __future__ import annotations

import json

import pytest
import yaml
from snakemake.cli import parse_config as snakemake_config

from docs_tools.document_config import document
from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.files import Files
from workflow_scripts.planning.tables.configuration import merged
from workflow_scripts.planning.terminal.announcement import activity_lines, label_lines

CELL_TYPES = """cell_type\tassembly\tlabel_kind\tlabel\tDNase\tDNase_transform\tcontacts\tpeaks
A\ttoy\tbigwig\tA.plus.bw\thttps://example.org/A1.bigWig;https://example.org/A2.bigWig\tlog1p\tA.mcool\tA.narrowPeak
B\ttoy\t\t\tENCFF000AAA\t\t\t
"""
FOLDS = "fold\tchromosome\tsplit\n1\tchr1\ttrain\n1\tchr2\tvalid\n1\tchr3\ttest\n2\tchr1\ttrain\n"
MODELS = {
    "protocols": {"short": {"steps": 10, "batch_size": 4}},
    "models": {
        "small": {"architecture": "prism", "length": 100, "protocol": "short", "training": {"batch_size": 2}},
        "floor": {"architecture": "ridge", "length": 200, "signals": ["DNase"]},
    },
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A working directory with tables of its own, and the configuration that names them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cells.tsv").write_text(CELL_TYPES)
    (tmp_path / "folds.tsv").write_text(FOLDS)
    (tmp_path / "models.yaml").write_text(yaml.safe_dump(MODELS, sort_keys=False))
    return {
        "cell_types": "cells.tsv",
        "models": "models.yaml",
        "folds": "folds.tsv",
        "assemblies": {
            "toy": {
                "genome": {"address": "toy.fa"},
                "annotation": {"address": "file://{workdir}/in/toy.gtf.gz"},
            }
        },
        "run": {"cell_types": ["A"], "models": ["small", "floor"], "folds": [1], "seeds": [2, 22]},
        "windows": {"lengths": [300, 150, 200]},
    }


def test_a_run_for_each_seed_but_one_where_nothing_is_random(project):
    folders = [run.folder for run in make_plan(project).trainings()]
    assert folders == [
        "results/runs/A/small/fold1/seed2",
        "results/runs/A/small/fold1/seed22",
        "results/runs/A/floor/fold1/seed2",
    ]


def test_a_cell_type_without_promoter_activity_is_named_before_the_run(project):
    assert activity_lines(make_plan(project)) == [
        "No promoter activity for A: its row has no H3K27ac (promoter_activity)"
    ]
    assert activity_lines(make_plan(project | {"promoter_activity": ["DNase"]})) == []


def test_numbers_inside_a_mapping_of_the_command_line(project):
    given = snakemake_config(
        ["run={seeds: [3, 4], folds: [1]}", "windows={lengths: [400], signals: null}", "device=cpu"]
    )
    assert given["run"]["seeds"] == ["3", "4"]  # as Snakemake hands them over
    config = make_plan(merged(project, given)).config
    assert config["run"]["seeds"] == [3, 4]
    assert config["windows"] == {"lengths": [400], "signals": None}
    with pytest.raises(ValueError, match=r"run\.seeds\.0 = 'three'"):
        make_plan(merged(project, snakemake_config(["run={seeds: [three]}"])))


def test_protocol_is_filled_in_and_overridden(project):
    entry = make_plan(project).entries["small"]
    assert entry.training == {"steps": 10, "batch_size": 2}
    assert json.loads(entry.canonical())["length"] == 100


def test_a_blank_in_the_models_changes_no_entry(project, tmp_path):
    before = make_plan(project).entries["small"].canonical()
    (tmp_path / "models.yaml").write_text("# a comment\n\n" + yaml.safe_dump(MODELS, indent=7))
    assert make_plan(project).entries["small"].canonical() == before


def test_smallest_dataset_that_suffices(project):
    files = Files(make_plan(project))
    assert files.datasets_for("A", "small") == ["results/windows/A/150.h5"]
    assert files.datasets_for("A", "floor") == ["results/windows/A/200.h5"]


def test_replicates_and_their_names(project):
    plan = make_plan(project)
    assert Files(plan).signals("A") == [
        "resources/downloads/A.DNase.1.bigWig",
        "resources/downloads/A.DNase.2.bigWig",
        "resources/downloads/A.contacts.mcool",
    ]
    first, second = json.loads(Files(plan).signals_json("A"))
    assert (first["transform"], first["kind"], second["kind"]) == ("log1p", "bigwig", "contacts")
    assert plan.signal_names("B") == ["DNase"]


def test_files_of_this_machine_are_inputs(project, tmp_path):
    plan = make_plan(project)
    assert plan.downloads["resources/downloads/toy.annotation.gtf.gz"].local == "in/toy.gtf.gz"
    assert plan.downloads["resources/downloads/toy.genome.fa"].local == "toy.fa"
    assert plan.downloads["resources/downloads/A.DNase.1.bigWig"].local is None
    assert plan.downloads["resources/downloads/B.DNase.bigWig"].local is None


def test_a_cell_type_without_label_is_not_trained_on(project):
    project["run"]["cell_types"] = ["B"]
    project["run"]["models"] = ["small"]
    assert make_plan(project).trainings() == []


def test_gene_level_folds_are_known_by_their_content(project, tmp_path):
    rows = ["1\tg1\ttrain", "1\tg2\tvalid", "1\tg3\ttest"]
    (tmp_path / "folds.tsv").write_text("fold\tgene_id\tsplit\n" + "\n".join(rows) + "\n")
    first = make_plan(project).splits["1"]
    (tmp_path / "folds.tsv").write_text("fold\tgene_id\tsplit\n" + "\n".join(reversed(rows)) + "\n")
    assert make_plan(project).splits["1"] == first
    (tmp_path / "folds.tsv").write_text("fold\tgene_id\tsplit\n" + "\n".join(rows).replace("g2", "g4") + "\n")
    assert make_plan(project).splits["1"] != first


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


BAD_CONFIG = [
    (lambda c: c.update(seedz=[1]), r"config: unknown key 'seedz'"),
    (lambda c: c["run"].update(seed=[1]), r"config: run: unknown key 'seed'; did you mean 'seeds'"),
    (lambda c: c["run"].update(seeds=["two"]), r"config: run\.seeds\.0 = 'two'"),
    (lambda c: c["run"].update(seeds=[-1]), r"run\.seeds\.0 = -1: .*it is: a seed, 0 to 4294967295"),
    (lambda c: c["run"].update(seeds=[2, 2**32]), r"run\.seeds\.1 = 4294967296: .*0 to 4294967295"),
    (lambda c: c["run"].update(cell_types=["C"]), r"run\.cell_types: 'C' is in no table; there are: A, B"),
    (
        lambda c: c["run"].update(models=["big"]),
        r"run\.models: 'big' is in no table; there are: small, floor",
    ),
    (lambda c: c["run"].update(folds=[3]), r"folds\.tsv: fold 3 is not in the table; there are: 1, 2"),
    (lambda c: c["run"].update(folds=[2]), r"fold 2 has nothing in its valid split"),
    (lambda c: c["windows"].update(lengths=[301]), r"windows\.lengths: 301 is odd"),
    (
        lambda c: c["windows"].update(lengths=[150]),
        r"model floor needs windows of 200 bp, the longest dataset has 150",
    ),
    (
        lambda c: c["windows"].update(signals=["contacts"]),
        r"model floor needs the signal DNase, A has: contacts",
    ),
    (lambda c: c.update(folds="nowhere.tsv"), r"folds = 'nowhere\.tsv': no such file"),
    (lambda c: c.update(device="tpu"), r"device = 'tpu'.*one of"),
]


@pytest.mark.parametrize(("spoil", "message"), BAD_CONFIG)
def test_bad_configuration(project, spoil, message):
    spoil(project)
    with pytest.raises(ValueError, match=message):
        make_plan(project)


def test_4dn_key_is_asked_for_only_where_a_row_to_run_needs_it(project, tmp_path, monkeypatch):
    monkeypatch.delenv("FOURDN_KEY_ID", raising=False)
    edit(tmp_path / "cells.tsv", "ENCFF000AAA\t\t", "ENCFF000AAA\t\t4DNFIFI6NIKJ")
    make_plan(project)
    project["run"] |= {"cell_types": ["B"], "models": ["small"]}
    with pytest.raises(ValueError, match=r"4DNFIFI6NIKJ: the 4DN portal needs an access key.*FOURDN_KEY_ID"):
        make_plan(project)
    monkeypatch.setenv("FOURDN_KEY_ID", "id")
    monkeypatch.setenv("FOURDN_KEY_SECRET", "secret")
    make_plan(project)


BAD_CELL_TYPES = [
    ("assembly\t", "genome\t", r"no column 'assembly'; it has cell_type, genome"),
    ("B\ttoy", "A\ttoy", r"line 3 \(A\): cell type 'A' has two rows"),
    ("B\ttoy", "B b\ttoy", r"line 3 \(B b\): cell_type = 'B b'"),
    (
        "ENCFF000AAA",
        "reads/B.bam",
        r"B\.bam: B\.bam holds alignments, a bigWig is needed(.|\n)*bamCoverage",
    ),
    ("ENCFF000AAA", "somewhere", r"line 3 \(B\), column DNase = 'somewhere' is no accession"),
    ("\tlog1p", "\tlog2", r"column DNase_transform = 'log2' is not one of none, log1p"),
    ("DNase_transform", "Dnase_transform", r"column 'Dnase_transform' describes a signal 'Dnase'"),
    ("A.plus.bw", "", r"label_kind = 'bigwig' but column label is empty"),
    ("bigwig\tA.plus.bw", "table\tA.csv", r"needs label_id_column and label_value_column"),
    ("\tbigwig\t", "\tbigwigs\t", r"label_kind = 'bigwigs'"),
    ("\tbigwig\t", "\t\t", r"column label = 'A.plus.bw' but label_kind is empty.*; set label_kind to table"),
    ("A.narrowPeak", "A.narrowPeak;B.bed", r"column peaks names 2 files, .*; give one"),
    ("A.mcool", "A.mcool;B.mcool", r"column contacts names 2 files, .*; give one"),
    ("\tpeaks", "\tPeaks", r"column 'Peaks' is spelt 'peaks'; rename it"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD_CELL_TYPES)
def test_bad_table_of_cell_types(project, tmp_path, old, new, message):
    edit(tmp_path / "cells.tsv", old, new)
    with pytest.raises(ValueError, match=message):
        make_plan(project)


def test_checksums_one_for_each_replicate(project, tmp_path):
    edit(tmp_path / "cells.tsv", "DNase_transform", "DNase_md5")
    edit(tmp_path / "cells.tsv", "\tlog1p\t", f"\t{'a' * 32}\t")
    with pytest.raises(ValueError, match=r"column DNase_md5 has 1 checksums for 2 files"):
        make_plan(project)


def test_checksums_are_md5_or_sha256(project, tmp_path):
    edit(tmp_path / "cells.tsv", "DNase_transform", "DNase_md5")
    edit(tmp_path / "cells.tsv", "\tlog1p\t", f"\tsha256:{'a' * 64};{'B' * 32}\t")
    plan = make_plan(project)
    assert {f"sha256:{'a' * 64}", "B" * 32} <= {each.md5 for each in plan.downloads.values()}
    edit(tmp_path / "cells.tsv", "B" * 32, "B" * 31)
    with pytest.raises(
        ValueError, match=rf"column DNase_md5: '{'B' * 31}' is not a checksum: .*; correct or empty it"
    ):
        make_plan(project)


BAD_MODELS = [
    (lambda m: m["models"]["small"].update(length=101), r"models\.small: length = 101 is odd"),
    (lambda m: m["models"]["small"].update(protocol="long"), r"protocol 'long' is unknown; there are: short"),
    (lambda m: m["models"]["small"].update(lenght=10), r"unknown key 'lenght'; did you mean 'length'"),
    (lambda m: m["models"]["small"].update(architecture="transformer"), r"architecture = 'transformer'"),
    (
        lambda m: m["protocols"]["short"].update(step=1),
        r"protocols\.short: unknown key 'step'; did you mean 'steps'",
    ),
]


@pytest.mark.parametrize(("spoil", "message"), BAD_MODELS)
def test_bad_models(project, tmp_path, spoil, message):
    models = yaml.safe_load(yaml.safe_dump(MODELS))
    spoil(models)
    (tmp_path / "models.yaml").write_text(yaml.safe_dump(models))
    with pytest.raises(ValueError, match=message):
        make_plan(project)


def test_shipped_tables_are_in_order():
    """The published fold counts: chr22 and chrX test, chr3 and chr21 validate."""
    plan = make_plan({})
    assert {name for name in plan.splits["11"].split(",") if not name.endswith("train")} == {
        "chr22=test",
        "chrX=test",
        "chr3=valid",
        "chr21=valid",
    }
    assert set(plan.cell_types) == {"K562", "GM12878", "H1"}
    assert len(plan.trainings()) == 16


def test_the_configuration_page_is_made_from_the_schemas(root):
    assert (root / "config" / "README.md").read_text() == document()


def test_a_minus_strand_belongs_to_bigwigs(project, tmp_path):
    edit(tmp_path / "cells.tsv", "DNase_transform", "label_minus")
    edit(tmp_path / "cells.tsv", "\tlog1p\t", "\tA.minus.bw\t")
    make_plan(project)
    edit(tmp_path / "cells.tsv", "\tbigwig\tA.plus.bw", "\tctss\tA.ctss.bed")
    with pytest.raises(
        ValueError, match=r"label_minus = 'A.minus.bw', but label_kind is ctss; .*empty the cell"
    ):
        make_plan(project)


def test_cell_types_without_a_label_are_said_to_train_nothing(project):
    assert label_lines(make_plan(project)) == []
    project["run"]["cell_types"] = ["B"]
    plan = make_plan(project)
    assert [line.split(":")[0] for line in label_lines(plan)] == ["No training, no comparison"]
    assert Files(plan).all_figures() == ["results/comparison/figures/signal_profile.B.svg"]
