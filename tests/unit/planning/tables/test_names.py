"""Names that match nothing, keys that stand twice, files that are named twice: refused or said before any job."""

from __future__ import annotations

import pytest
import yaml

from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.tables.strict_yaml import load
from workflow_scripts.planning.terminal.announcement import signal_lines

CELL_TYPES = (
    "cell_type\tassembly\tlabel_kind\tlabel\tH3K27ac\tDNase\n"
    "liver\ttoy\tbigwig\tliver.bw\tk27.bw\tdnase.bw\n"
    "colon\ttoy\tbigwig\tcolon.bw\t\tdnase2.bw\n"
)
FOLDS = "fold\tchromosome\tsplit\n" + "".join(
    f"first\tchr{number}\t{split}\n" for number, split in enumerate(("train", "valid", "test"))
)
MODELS = {
    "protocols": {"short": {"steps": 2}},
    "models": {
        "net": {
            "architecture": "caduceus_signals",
            "length": 200,
            "protocol": "short",
            "signals": ["DNase"],
            "settings": {"center_len": 200},
            "rna_features": False,
        }
    },
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with tables in order, and the configuration that names them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cells.tsv").write_text(CELL_TYPES)
    (tmp_path / "folds.tsv").write_text(FOLDS)
    (tmp_path / "models.yaml").write_text(yaml.safe_dump(MODELS))
    return {
        "cell_types": "cells.tsv",
        "models": "models.yaml",
        "folds": "folds.tsv",
        "assemblies": {"toy": {"genome": {"address": "toy.fa"}, "annotation": {"address": "toy.gtf"}}},
        "run": {"cell_types": ["liver", "colon"], "models": ["net"], "folds": ["first"], "seeds": [2]},
        "windows": {"lengths": [200]},
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"windows": {"lengths": [200], "signals": ["H3K27ac", "DNAse"]}},
            "windows.signals.*'DNAse'.*'DNase'",
        ),
        ({"windows": {"lengths": [200], "signals": ["DNase", "DNase"]}}, "windows.signals names DNase twice"),
        ({"promoter_activity": ["H3K27Ac", "DNase"]}, "promoter_activity: .*'H3K27Ac'.*'H3K27ac'"),
        ({"peak_calling": {"signal": "dnase"}}, "peak_calling.signal: .*'dnase'.*'DNase'"),
        ({"predictions": {"Liver": ["liver.net.foldfirst.seed2"]}}, "'Liver' is in no table.*'liver'"),
        ({"predictions": {"liver": ["liver.nett.foldfirst.seed2"]}}, "model 'nett' is in no table.*'net'"),
        ({"predictions": {"liver": ["liver.net.foldfist.seed2"]}}, "fold fist is not in the table.*'first'"),
    ],
)
def test_a_name_that_matches_nothing_is_refused_with_the_nearest(project, changes, message):
    with pytest.raises(ValueError, match=message):
        make_plan(project | changes)


@pytest.mark.parametrize(
    ("key", "name", "right"),
    [("cell_types", "livr", "liver"), ("models", "Net", "net"), ("folds", "frist", "first")],
)
def test_what_is_run_too(project, key, name, right):
    project["run"][key] = [name]
    with pytest.raises(ValueError, match=rf"{name}'? is .*did you mean '{right}'"):
        make_plan(project)


def test_an_assembly_and_the_signal_of_an_entry_too(project, tmp_path):
    models = yaml.safe_load(yaml.safe_dump(MODELS))
    models["models"]["net"]["signals"] = ["Dnase"]
    (tmp_path / "models.yaml").write_text(yaml.safe_dump(models))
    with pytest.raises(ValueError, match=r"model net needs the signal Dnase.*did you mean 'DNase'"):
        make_plan(project)
    (tmp_path / "cells.tsv").write_text(CELL_TYPES.replace("liver\ttoy", "liver\tToy"))
    with pytest.raises(ValueError, match=r"'Toy' .of cell type liver. is missing.*did you mean 'toy'"):
        make_plan(project)


def test_a_signal_that_one_row_lacks_is_said(project):
    project["windows"]["signals"] = ["H3K27ac", "DNase"]
    assert signal_lines(make_plan(project)) == [
        "Windows of colon are without H3K27ac: its row has none (windows.signals)"
    ]


def test_the_bundled_names_need_not_match(project, tmp_path):
    (tmp_path / "cells.tsv").write_text(CELL_TYPES.replace("H3K27ac", "CTCF"))
    assert make_plan(project).config["promoter_activity"] == ["H3K27ac", "DNase"]


def test_one_file_as_two_replicates_is_refused_and_in_two_columns_said(project, tmp_path):
    (tmp_path / "link.bw").symlink_to(tmp_path / "k27.bw")
    for cell, message in (
        ("k27.bw; k27.bw", "'k27.bw' twice"),
        ("k27.bw;./k27.bw", "one file"),
        ("k27.bw;link.bw", "one file"),
        ("file://{workdir}/k27.bw;k27.bw", "one file"),
        ("ENCFF000AAA;ENCFF000AAB;ENCFF000AAA", "'ENCFF000AAA' twice"),
    ):
        (tmp_path / "cells.tsv").write_text(CELL_TYPES.replace("\tk27.bw", f"\t{cell}"))
        with pytest.raises(ValueError, match=rf"liver\), column H3K27ac names .*{message}"):
            make_plan(project)
    (tmp_path / "cells.tsv").write_text(CELL_TYPES.replace("\tk27.bw", "\tdnase.bw"))
    assert signal_lines(make_plan(project)) == [
        f"One file in the columns H3K27ac, DNase of liver: {tmp_path / 'dnase.bw'}"
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\ncolon", "\nLIVER", "cell types 'liver' and 'LIVER' differ in capitals only"),
        ("H3K27ac", "dnase", "columns 'dnase' and 'DNase' differ in capitals only"),
        ("colon\ttoy", "colon\tTOY", "assemblies 'toy' and 'TOY' differ in capitals only"),
    ],
)
def test_names_that_differ_in_capitals_only(project, tmp_path, old, new, message):
    (tmp_path / "cells.tsv").write_text(CELL_TYPES.replace(old, new))
    project["assemblies"]["TOY"] = project["assemblies"]["toy"]
    with pytest.raises(ValueError, match=message):
        make_plan(project)


def test_entries_that_differ_in_capitals_only(project, tmp_path):
    (tmp_path / "models.yaml").write_text(
        yaml.safe_dump({**MODELS, "models": {**MODELS["models"], "NET": MODELS["models"]["net"]}})
    )
    with pytest.raises(ValueError, match="'NET' and 'net' differ in capitals only"):
        make_plan(project)


def test_a_centre_longer_than_the_window(project, tmp_path):
    (tmp_path / "models.yaml").write_text(
        yaml.safe_dump(MODELS).replace("center_len: 200", "center_len: 202")
    )
    with pytest.raises(
        ValueError, match="model net: settings: center_len = 202 is more than the window of 200 bp"
    ):
        make_plan(project)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", r"'a' stands twice \(lines 1 and 3\)"),
        ("x:\n  - b: {c: 1, 'c': 2}\n", r"'c' stands twice \(lines 2 and 2\)"),
        ("base: &b {s: 1}\nx: {<<: *b, t: 1, t: 2}\n", r"'t' stands twice"),
        ('{"run": {"seeds": [1], "seeds": [2]}}', r"'seeds' stands twice"),
        ("a: [1\n", "not YAML"),
    ],
)
def test_a_key_that_stands_twice_is_refused(tmp_path, text, message):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(ValueError, match=rf"mine\.yaml: .*{message}"):
        load(tmp_path / "mine.yaml")


def test_what_is_in_order_is_read_as_by_anybody(tmp_path, root):
    for file in sorted((root / "config").rglob("*.yaml")):
        assert load(file) == yaml.safe_load(file.read_text())
    merge = "base: &b {s: 1, t: 2}\nx: {<<: *b, t: 3}\ny: {1: a, '1': b}\n"
    (tmp_path / "merge.yaml").write_text(merge)
    assert load(tmp_path / "merge.yaml") == yaml.safe_load(merge)
    (tmp_path / "wide.yaml").write_text("a: ü\n", encoding="utf-16")
    assert load(tmp_path / "wide.yaml") == {"a": "ü"}


def test_the_models_file_is_read_so(project, tmp_path):
    with (tmp_path / "models.yaml").open("a") as file:
        file.write("models: {}\n")
    with pytest.raises(ValueError, match=r"models\.yaml: the key 'models' stands twice"):
        make_plan(project)
