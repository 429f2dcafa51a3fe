"""Held-out genes and routes on a small simulated world: rows, and values that are known by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prism.tokens.steps.held_out import held_out_table
from prism.tokens.steps.routes import double_of, routes_of

FOLDS = "fold\tchromosome\tsplit\n1\tchr1\ttrain\n1\tchr2\ttrain\n1\tchr3\tvalid\n1\tchr4\ttest\n"


def test_held_out_genes_are_those_of_the_test_chromosome(simulated, small_world, tmp_path):
    (tmp_path / "folds.tsv").write_text(FOLDS)
    settings = simulated.settings | {"held_out_steps": 2}
    folds = (tmp_path / "folds.tsv", "1")
    table = held_out_table(simulated.files, simulated.dna, settings, simulated.model, folds)
    assert len(table) == 2 * 4 * 2  # outputs, encoders (kmers, shuffled, mean token, pretrained), metrics
    # among held-out genes, the mean token makes all the same: chance
    n = (small_world.genes["chrom"] == "chr4").sum()
    floor = table.query("output_tokens == 'dynamic' and encoder == 'mean_token'").set_index("metric")["value"]
    assert floor["accuracy"] == pytest.approx(1 / n, rel=1e-6)
    assert floor["mean_log_loss"] == pytest.approx(np.log(n), rel=1e-4)
    assert (table["low"] <= table["value"] + 1e-12).all()


def test_without_a_fold_nothing_is_held_out(simulated):
    assert held_out_table(simulated.files, simulated.dna, simulated.settings, simulated.model, None).empty


def test_an_encoder_that_predicts_no_expression_has_no_routes(simulated):
    assert routes_of(simulated.measuring("F")).empty


def test_two_factors_at_once_and_the_sum_of_both(simulated, small_world):
    other = small_world.variants.query("factor == 1 and changing").iloc[0]
    change = f"{other.chrom}:{other.position + 1} {other.ref}>{other.alt}"
    factors = simulated.settings["factors"]
    second = factors["F"] | {"gene": other.gene_id, "mutation": {"substitutions": [change]}}
    settings = simulated.settings | {"factors": factors | {"G": second}, "n_cells": 15}
    one = replace(simulated.measuring("F"), settings=settings)
    two = replace(one, key="G", gene=other.gene_id)
    with one.inputs.cells:
        table = double_of(one, two)
    assert set(table["route"]) == {"both_factors", "sum"}
    assert set(table["factor"]) == {"F+G"}
    assert {"targets", "direct", "indirect"} <= set(table["contrast"])
    assert table["value"].notna().all()
