"""Dynamic tokens in the plan: defaults, files, runs to train, hours, and what is refused before any job."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import yaml

from prism.tokens.dictionary import make_dictionary
from prism.tokens.dictionary_files import write_dictionary
from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.files import Files
from workflow_scripts.planning.tables.validation import read_schema
from workflow_scripts.planning.terminal.token_hours import token_lines
from workflow_scripts.planning.token_files import TokenFiles

CELL_TYPES = """cell_type\tassembly\tlabel_kind\tlabel\tDNase
A\ttoy\tbigwig\tp.bw\tD.bw
B\ttoy\t\t\tD.bw
bare\ttoy\tbigwig\tp.bw\t
"""
FOLDS = "fold\tchromosome\tsplit\n" + "".join(
    f"{fold}\tchr{n}\t{split}\n" for fold in (1, 2) for n, split in enumerate(("train", "valid", "test"))
)
ENTRY = {"architecture": "caduceus_signals", "length": 100, "gene_features": [], "training": {"steps": 10}}
MODELS = {
    "signals": ENTRY,
    "bases": ENTRY | {"architecture": "caduceus", "signals": []},
    "floor": {"architecture": "ridge", "length": 100, "gene_features": []},
    "near": ENTRY | {"architecture": "epinformer", "signals": [], "length": 100},
}
RUN = "A.bases.fold2.seed7"
FACTOR = {"mutation": {"scramble": [-20, 0]}}


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cells.tsv").write_text(CELL_TYPES)
    (tmp_path / "folds.tsv").write_text(FOLDS)
    (tmp_path / "models.yaml").write_text(yaml.safe_dump({"models": MODELS}))
    for name in ("cells.h5ad", "donors.vcf", "targets.tsv"):
        (tmp_path / name).write_text("source\ttarget\nGATA4\tTBX5\n")
    return {
        "cell_types": "cells.tsv",
        "models": "models.yaml",
        "folds": "folds.tsv",
        "assemblies": {"toy": {"genome": {"address": "toy.fa"}, "annotation": {"address": "toy.gtf"}}},
        "run": {"cell_types": ["A"], "models": ["floor"], "folds": [1], "seeds": [2]},
        "windows": {"lengths": [100]},
        "promoter_activity": [],
    }


def planned(project, **entry):
    given = {"cells": "cells.h5ad", "encoder": {"run": RUN}, "factors": {"GATA4": FACTOR}} | entry
    return make_plan(project | {"tokens": {"heart": given}})


def test_defaults_are_those_that_the_schema_tells(project):
    settings = planned(project).tokens["heart"].settings
    told = read_schema("config")["properties"]["tokens"]["patternProperties"]
    told = next(iter(told.values()))["properties"]
    for schema, given in (
        (told, settings),
        (told["adapter"]["properties"], settings["adapter"]),
        (told["statistics"]["properties"], settings["statistics"]),
        (told["foundation"]["properties"], settings["foundation"]),
    ):
        for key, value in given.items():
            if isinstance(value, (int, float)) and key not in ("seed", "directions", "held_out_steps"):
                assert f"default {value:g}" in schema[key]["description"].replace(
                    "default false", "default 0"
                ), key
    assert settings["directions"] == 200
    assert settings["held_out_steps"] == settings["adapter"]["steps"]
    assert settings["factors"]["GATA4"]["gene"] == "GATA4"


def test_the_run_that_encodes_is_trained_and_its_files_are_asked_for(project):
    plan = planned(project)
    files = TokenFiles(Files(plan))
    assert set(plan.splits) == {"1", "2"}
    assert plan.to_train == ["floor", "bases"]
    assert files.checkpoint("heart") == ["results/runs/A/bases/fold2/seed7/best.ckpt"]
    assert (files.genes("heart"), files.length("heart"), files.windows("heart")) == (
        "results/genes/A.tsv",
        100,
        [],
    )
    assert files.fold_options("heart") == ["--folds=folds.tsv", "--fold=2"]
    assert files.foundation("heart") == "results/tokens/heart/foundation/config.json"
    assert "results/tokens/heart/effects.tsv" in files.all()
    reads = TokenFiles(Files(planned(project, encoder={"run": "A.signals.fold1.seed2", "cell_type": "B"})))
    assert (reads.genes("heart"), reads.windows("heart")) == (
        "results/genes/B.tsv",
        ["results/windows/B/100.h5"],
    )


def test_a_job_is_given_what_it_reads_and_no_more(project):
    plan = planned(project, factors={"GATA4": FACTOR, "TBX5": FACTOR | {"profile": {"interval": [-9, 9]}}})
    files = TokenFiles(Files(plan))
    one = json.loads(files.settings("heart", "factor", "GATA4"))
    assert list(one["factors"]) == ["GATA4"]
    assert "draws" not in one["statistics"]
    assert "profile" not in one["factors"]["GATA4"]
    assert (
        json.loads(files.settings("heart", "factor", "TBX5", profile=True))["factors"]["TBX5"]["profile"][
            "top"
        ]
        == 20
    )
    assert "factors" not in json.loads(files.settings("heart", "adapters"))
    assert files.profiles("heart") == ["results/tokens/heart/profiles/TBX5.tsv"]


def a_model(folder, size, layers=3):
    folder.mkdir()
    told = {"model_type": "bert", "vocab_size": size, "num_hidden_layers": layers, "hidden_size": 256,
            "max_position_embeddings": 2048, "intermediate_size": 512}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(told))
    (folder / "model.safetensors").write_bytes(b"")
    names = {"<pad>": 0, "<mask>": 1, "ENSG00000136574": 2, "ENSG00000089225": 3}
    medians = {name: 1.0 for name in names if name.startswith("ENSG")}
    write_dictionary(folder / "dictionary.tsv", make_dictionary(names, medians, "made up"))
    return {"foundation": str(folder), "dictionary": str(folder / "dictionary.tsv")}


def test_the_sizes_of_model_and_dictionary_and_the_factor_are_checked(project, tmp_path):
    factor = {"factors": {"GATA4": FACTOR | {"gene": "ENSG00000136574"}}}
    plan = planned(project, **a_model(tmp_path / "four", 4), **factor)
    assert plan.tokens["heart"].settings["directions"] == 20
    with pytest.raises(ValueError, match="has 25426 tokens, the dictionary 4"):
        planned(project, **a_model(tmp_path / "many", 25426), **factor)
    with pytest.raises(ValueError, match="gene 'GATA4' is not in the dictionary"):
        planned(project, **a_model(tmp_path / "again", 4))
    with pytest.raises(ValueError, match=r"layer = -9: the model has 3 layers; give -4 to 3"):
        planned(project, layer=-9, **a_model(tmp_path / "shallow", 4), **factor)


def test_every_plan_says_its_hours(project, tmp_path):
    factors = {"GATA4": FACTOR | {"gene": "ENSG00000136574"}}
    plan = planned(project, **a_model(tmp_path / "four", 4, layers=6), factors=factors)
    job = SimpleNamespace(
        rule=SimpleNamespace(name="tokens_factor"), wildcards=SimpleNamespace(tokens="heart")
    )
    (line,) = token_lines([job], plan)
    # 6 layers x (8 x 256^2 + 4 x 256 x 512 + 4 x 2048 x 256) x 2048 = 38.7 GFLOP: about a second a pass; 32 x 26 passes
    assert line.startswith(
        "Tokens heart: at most about 0.22 hours on two cores (factors 0.22), 1 factors, 32 cells"
    )


REFUSED = [
    ({"cells": "none.h5ad"}, r"tokens\.heart\.cells = 'none\.h5ad': no such file"),
    ({"cells": ["cells.h5ad", "cells.h5ad"]}, "names cells.h5ad twice"),
    ({"genotypes": "none.vcf"}, "genotypes = 'none.vcf': no such file"),
    ({"encoder": {}}, "encoder has none; give one of run, enformer, kmers"),
    ({"encoder": {"run": RUN, "kmers": 3}}, "has run and kmers; give one"),
    ({"encoder": {"kmers": 3}}, "give cell_type, a row of the table"),
    ({"encoder": {"kmers": 3, "cell_type": "C"}}, "cell_type: 'C' is in no table; there are: A, B, bare"),
    ({"encoder": {"kmers": 3, "cell_type": "A", "length": 99}}, "length = 99: it is an even number"),
    ({"encoder": {"run": "A.floor.fold1.seed2"}}, "ridge has no hidden states"),
    ({"encoder": {"run": "A.near.fold1.seed2"}}, "epinformer reads candidate elements"),
    ({"encoder": {"run": "A.other.fold1.seed2"}}, "model 'other' is in no table"),
    ({"encoder": {"run": "A.signals.fold1.seed2", "cell_type": "bare"}}, "the windows of bare lack DNase"),
    ({"encoder": {"enformer": "weights", "cell_type": "A"}}, "no file config.json there"),
    ({"foundation": "weights"}, "no file config.json there"),
    ({"foundation": {"width": 10, "heads": 4}}, "width = 10 is no multiple of heads = 4"),
    ({"foundation": {"layers": 2}, "layer": 3}, r"layer = 3: the model has 2 layers; give -3 to 2"),
    ({"dictionary_version": "V2"}, "belongs to a dictionary, and none is given"),
    ({"adapter": {"kind": "residual"}}, "with one genome it is the pretrained model and learns nothing"),
    ({"fold": 9}, "fold 9 is not in the table"),
    ({"statistics": {"cells": 40}}, "cells = 40 is more than n_cells = 32"),
    ({"factors": {"GATA4": {"mutation": {"delete": [5, 2]}}}}, "the interval is empty"),
    ({"factors": {"GATA4": {"mutation": {"delete": [-90, 2]}}}}, "not inside the encoder's window of 100 bp"),
    (
        {"factors": {"GATA4": FACTOR | {"profile": {"interval": [-90, 2]}}}},
        "no interval inside the encoder's window",
    ),
    ({"factors": {"GATA4": FACTOR | {"profile": {"interval": [0, 5]}}}}, "are more than the 15 changes"),
    ({"factors": {"GATA4": FACTOR | {"indirect": "far"}}}, "needs a table of lists as targets"),
    ({"factors": {"GATA4": FACTOR, "gata4": FACTOR}}, "differ in capitals only"),
    ({"targets": "targets.tsv", "factors": {"GATA4": FACTOR | {"targets": "TBX5"}}}, "no target of 'TBX5'"),
]


@pytest.mark.parametrize(("entry", "told"), REFUSED)
def test_what_a_job_would_fail_on_is_refused(project, entry, told):
    with pytest.raises(ValueError, match=told):
        planned(project, **entry)


def test_a_long_profile_with_enformer_is_refused(project, tmp_path):
    (tmp_path / "weights").mkdir()
    for name in ("config.json", "pytorch_model.bin"):
        (tmp_path / "weights" / name).write_text("{}")
    encoder = {"enformer": "weights", "cell_type": "A"}
    assert planned(project, encoder=encoder).tokens["heart"].cell_type == "A"
    with pytest.raises(
        ValueError, match="would read 1,200 windows at half a minute each; name an interval of at most 200"
    ):
        planned(project, encoder=encoder, factors={"GATA4": FACTOR | {"profile": {"interval": [-200, 200]}}})


def test_simulated_cells_are_made_by_a_rule_and_need_a_genome(project):
    cells = {"cells": "resources/simulated/cells/cells.h5ad"}
    with pytest.raises(ValueError, match="no such file"):
        planned(project, **cells)
    with pytest.raises(ValueError, match="simulate_cells needs a simulated genome"):
        planned(project | {"simulate_cells": {}}, **cells)
    plan = planned(project | {"simulate_cells": {}, "simulate": {}}, **cells)
    assert TokenFiles(Files(plan)).is_made(plan.tokens["heart"].cells[0])
