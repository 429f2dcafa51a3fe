"""What the small print of a figure says of the inputs."""

from __future__ import annotations

import pandas as pd
import pytest

from prism.drawing.footer import provenance_lines
from prism.figures.inputs import input_lines, inputs
from prism.figures.mask import mask_figure
from prism.figures.training_curves import training_curves_figure
from tests.unit.drawing.drawn_figure import words
from tests.unit.figures.made_up_runs import history, run


def of(architecture="caduceus", **entry):
    return run(entry={"architecture": architecture, "length": 2000} | entry)


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (of(signals=[]), "mRNA features, promoter activity"),
        (of(), "mRNA features, promoter activity"),  # Caduceus takes no signals
        (of(signals=[], rna_features=["mrna"]), "mRNA features"),
        (of(signals=[], rna_features=False), "nothing: sequence alone"),
        (of("prism", signals=None), "signals, mRNA features, promoter activity"),
        (of("prism", signals=["DNase"], rna_features=["promoter_activity"]), "DNase, promoter activity"),
        (of("epinformer", signals=[], rna_features=False), "candidate elements"),
        (of("caduceus_signals", settings={"input_mask": "peaks"}, rna_features=False), "signals, peaks"),
    ],
)
def test_inputs_in_words(shown, words):
    assert inputs(shown) == words


def test_models_of_the_same_inputs_stand_together_each_once():
    runs = [
        run("caduceus_2k", "caduceus", seed=2),
        run("caduceus_2k", "caduceus", seed=22),
        run("mamba_2k", "mamba"),
        run("prism_2k"),
    ]
    assert input_lines(runs) == [
        "read beside the sequence, as far as the data have it · caduceus_2k, mamba_2k: mRNA features, promoter "
        "activity · prism_2k: signals, mRNA features, promoter activity"
    ]
    assert input_lines([]) == []


def test_training_curves_and_masks_say_it_too():
    runs = [
        run(
            "soft",
            "seq2exp_soft",
            entry={"architecture": "seq2exp_soft", "length": 2000, "signals": ["DNase"]},
        ),
        run(
            "alone",
            "seq2exp_soft",
            entry={"architecture": "seq2exp_soft", "signals": [], "rna_features": False},
        ),
    ]
    told = "soft: DNase, mRNA features, promoter activity · alone: nothing: sequence alone"
    mask = pd.DataFrame(
        {"position": [-1, 0, 1], "genes": 5, "promoter": False, "mask_mean": 0.5, "mask_sem": 0.1}
    )
    for figure in (
        training_curves_figure("K562", [history([0.5, 0.2])] * 2, runs),
        mask_figure("K562", [mask] * 2, runs),
    ):
        assert told in " ".join(words(figure).split())


def tuned(rate, fold=11, **changes):
    found = {"values": {"learning_rate": rate}, "tune": {"learning_rate": [0.001, 0.003]}}
    return run(tuned=found, fold=fold, **changes)


def test_small_print_says_where_training_started_and_what_that_may_have_seen():
    own = {"start_from": {"run": "base"}, "test_genes": "held out"}
    lines = provenance_lines([run(start=own), run(start=own, seed=22), run("mamba_2k", "mamba")])
    assert [line for line in lines if "started" in line] == [
        "prism_2k started from the weights of run base (test genes held out)"
    ]
    theirs = {"start_from": {"released": "theirs"}, "test_genes": "unknown"}
    assert (
        "prism_2k started from the weights of released theirs: trained on unknown genes, TEST GENES MAY BE AMONG THEM"
        in provenance_lines([run(start=theirs)])
    )


def test_small_print_says_what_was_tuned_and_of_how_many():
    lines = provenance_lines([tuned(0.003), tuned(0.003, seed=22), run("mamba_2k", "mamba")])
    assert [line for line in lines if "tuned" in line] == [
        "prism_2k tuned on validation: learning_rate 0.003 of 2"
    ]
    lines = provenance_lines([tuned(0.003), tuned(0.001, fold=12)])
    each = "learning_rate 0.003 of 2 (K562, fold 11) | learning_rate 0.001 of 2 (K562, fold 12)"
    assert f"prism_2k tuned on validation: {each}" in lines
    assert not any("tuned" in line for line in provenance_lines([run()]))
