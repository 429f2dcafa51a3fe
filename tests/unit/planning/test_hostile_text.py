"""Hostile text in every string of the configuration and of every table: refused by name, or a word like any other."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator

import pytest
import yaml

from tests.unit.planning.hostile_sample import BERT, CONFIG, DICTIONARY, MODELS, ROW
from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.files import Files
from workflow_scripts.planning.prediction_files import PredictionFiles
from workflow_scripts.planning.tables.patterns import ASSEMBLY, FOLD, NAME
from workflow_scripts.planning.tables.validation import read_schema

HOSTILE = [
    "$(touch PWNED)",
    "a;touch PWNED;b",
    "m.$(touch PWNED)",
    "x.`touch PWNED`",
    "it's",
    'say "hi"',
    "a\ntouch PWNED",
    "trailing\n",
    "{braces}",
    "{input.x}{wildcards}",
    "../../esc",
    "-rf",
    "--out=PWNED",
    "a b",
    "*",
    "</script><script>alert(1)</script>",
    "<!--<script>",
]
# An address is split at `;` and a signal that a row lacks is left out: the error names the place.
PLACES = {("windows", "signals", 0): "needs the signal DNase"}
# A list of one string may be the string itself; a list of runs stands for a mapping; genes may be a file.
OTHER_FORMS = [("models",), ("predictions", "*", "*"), ("predictions", "*", "genes")]
# mappings whose keys the user chooses
FREE = ("assemblies", "released", "predictions", "protocols", "models", "tune", "joint", "tokens", "factors")


def strings(value, path: tuple = ()) -> Iterator[tuple]:
    """Paths of all strings; a key that the user chooses ends on KEY."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        if isinstance(value, dict) and path and path[-1] in FREE:
            yield (*path, key, "KEY")
        yield from strings(part, (*path, key))
    if isinstance(value, str):
        yield path


def spoiled(content: dict, path: tuple, text: str) -> dict:
    """A copy with `text` at a path."""
    content = copy.deepcopy(content)
    place, end = content, -2 if path[-1] == "KEY" else -1
    for key in path[:end]:
        place = place[key]
    if path[-1] == "KEY":
        place[text] = place.pop(path[-2])
    else:
        place[path[-1]] = text
    return content


def schema_strings(schema: dict, whole: dict, path: tuple = ()) -> Iterator[tuple]:
    """Paths of the strings that a schema allows; `*` for a key or an item of any name."""
    if "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    kinds = schema.get("type", ["string"] if isinstance(schema.get("enum", [0])[0], str) else [])
    if "string" in ([kinds] if isinstance(kinds, str) else kinds):
        yield path
    for key, part in schema.get("properties", {}).items():
        yield from schema_strings(part, whole, (*path, key))
    further = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
    for part in (each for each in further if isinstance(each, dict)):
        yield (*path, "*", "KEY")
        yield from schema_strings(part, whole, (*path, "*"))
    if isinstance(schema.get("items"), dict):
        yield from schema_strings(schema["items"], whole, (*path, "*"))


def covered(path: tuple, found: list[tuple]) -> bool:
    """Whether a path of the schema is among those of the sample."""
    same = [each for each in found if len(each) == len(path)]
    return any(all(b in ("*", a) for a, b in zip(each, path, strict=True)) for each in same)


def write(folder, row: dict = ROW, models: dict = MODELS, fold: tuple = ("one", "chr1", "train")) -> None:
    """The tables of the sample, one of them spoiled."""
    (folder / "cells.tsv").write_text("\t".join(row) + "\n" + "\t".join(row.values()) + "\n")
    folds = [fold, ("one", "chr2", "valid"), ("one", "chr3", "test"), ("one", "chr4", "train")]
    (folder / "folds.tsv").write_text(
        "\n".join("\t".join(each) for each in [("fold", "chromosome", "split"), *folds])
    )
    (folder / "models.yaml").write_text(yaml.safe_dump(models, sort_keys=False))
    (folder / "published.tsv").write_text("")
    files = {
        "model/config.json": BERT,
        "dictionary.json": DICTIONARY,
        "targets.tsv": "source\ttarget\tweight\nF1\tG2\t1\n",
        "genes.tsv": "gene_id\tsymbol\nENSG00000000001\tF1\n",
    }
    empty = ("model/model.safetensors", "cells.h5ad", "donors.vcf", "mutation.vcf")
    (folder / "in/model").mkdir(parents=True, exist_ok=True)
    for name, text in (files | dict.fromkeys(empty, "")).items():
        (folder / "in" / name).write_text(text)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with the sample's tables."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    return tmp_path


def assert_harmless(config: dict, text: str, place: str) -> None:
    """The plan is refused with the text or its place, or no file or option of it is other than it should be."""
    problem = None
    try:
        plan = make_plan(config)
        files = Files(plan)
        made = [*plan.downloads, *files.all_figures(), *files.all_quality(), *files.all_datasets()]
        made += [*files.of_runs("metrics.json"), *PredictionFiles(files).all()]
        options = [*files.peak_options(), *files.published_option()]
        for cell_type in plan.chosen["cell_types"]:
            options += [
                files.label_json(cell_type),
                files.signals_json(cell_type),
                *files.mask_options(cell_type),
            ]
        for name in plan.config["assemblies"]:
            options += files.annotation_options(name)
            made += [f"resources/{name}/genes.tsv"]
        for file in plan.downloads:
            options += files.download_options(file.removeprefix("resources/downloads/"))
        for name in plan.released:
            options += PredictionFiles(files).import_options(name)
        options += PredictionFiles(files).names_options("A")
    except ValueError as error:
        problem = str(error)
    if problem is not None:
        named = {text, repr(text)[1:-1], text.strip(), place}
        assert any(each in problem for each in named), f"{text!r} is not named by: {problem}"
        return
    odd = [file for file in made if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_./-]*", file) or ".." in file]
    assert odd == []
    assert all(isinstance(word, str) for word in options)
    # a word of the text's own that looks like an option would be taken for one
    assert not (text.startswith("-") and text in options)


def test_the_sample_has_every_string_of_the_schemas():
    for name, sample in (("config", CONFIG), ("models", MODELS)):
        schema = read_schema(name)
        found = list(strings(sample))
        missing = [path for path in schema_strings(schema, schema) if not covered(path, found)]
        assert [path for path in missing if path not in OTHER_FORMS] == []
    assert set(read_schema("cell_types")["properties"]) <= set(ROW)


def test_the_sample_itself_is_planned(folder):
    assert list(make_plan(CONFIG).downloads)


@pytest.mark.parametrize("path", [*strings(CONFIG)], ids=lambda path: ".".join(map(str, path)))
def test_configuration(folder, path):
    for text in HOSTILE:
        assert_harmless(spoiled(CONFIG, path, text), text, PLACES.get(path, "\0"))


@pytest.mark.parametrize("path", [*strings(MODELS)], ids=lambda path: ".".join(map(str, path)))
def test_model_entries(folder, path):
    for text in HOSTILE:
        write(folder, models=spoiled(MODELS, path, text))
        assert_harmless(CONFIG, text, "\0")


@pytest.mark.parametrize("column", ROW)
def test_cell_types(folder, column):
    for text in (each for each in HOSTILE if "\n" not in each):
        write(folder, row=ROW | {column: text})
        assert_harmless(CONFIG, text, f"column {column}")
        write(folder, row={text if name == column else name: cell for name, cell in ROW.items()})
        assert_harmless(CONFIG, text, column)


@pytest.mark.parametrize("place", range(3), ids=("fold", "chromosome", "split"))
def test_folds(folder, place):
    good = ("one", "chr1", "train")
    for text in (each for each in HOSTILE if "\n" not in each):
        write(folder, fold=tuple(text if i == place else cell for i, cell in enumerate(good)))
        assert_harmless(CONFIG, text, "\0")


@pytest.mark.parametrize("pattern", [NAME, FOLD, ASSEMBLY])
@pytest.mark.parametrize("text", [*HOSTILE, "", ".", "..", "a..b", "a/b", ".hidden", "é"])
def test_no_pattern_of_a_name_lets_it_through(pattern, text):
    assert not re.fullmatch(pattern, text)


def test_names_that_are_good():
    assert all(re.fullmatch(NAME, name) for name in ("K562", "iPSC-CM", "my_cell_2"))
    assert all(re.fullmatch(FOLD, name) for name in ("11", "01", "cv-2", "_a"))
    assert all(re.fullmatch(ASSEMBLY, name) for name in ("hg38", "R64-1-1", "GRCh38.p14"))


@pytest.mark.parametrize("prefix", ["-x/", "--out=y/", "{x}/", "a\nb/"])
def test_a_prefix_that_commands_or_snakemake_would_take_for_their_own_is_refused(folder, prefix):
    with pytest.raises(ValueError, match=rf"module: prefix = {re.escape(repr(prefix))}: .*another folder"):
        make_plan(CONFIG, prefix)


def test_other_prefixes_are_words_like_any_other(folder):
    prefix = "a b;$(touch PWNED)'q/é-/"
    assert f"--gtf={prefix}resources/downloads/toy.annotation.txt" in Files(
        make_plan(CONFIG, prefix)
    ).annotation_options("toy")
