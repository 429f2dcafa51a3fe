"""The causal test: its protocol, its estimands against a predictor whose answers are known, its tables by hand."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks.causal_test import __main__ as program
from benchmarks.causal_test import figure, protocol, runs, store, table
from benchmarks.causal_test.genomes import FACTUAL, make_genome
from benchmarks.causal_test.protocol import Task, entry_of, hash_of, tasks
from prism.models import build
from prism.simulate.worlds import WORLDS

SMALL = {
    "genes_per_chromosome": 20,
    "chromosome_length": 250_000,
    "n_chromosomes": 7,
    "n_test": 4,
    "n_same": 2,
}


@pytest.fixture
def small(monkeypatch):
    """Genomes of 20 genes a chromosome, two steps of training."""
    monkeypatch.setattr(protocol, "SIMULATION", protocol.SIMULATION | SMALL)
    monkeypatch.setattr("benchmarks.causal_test.genomes.SIMULATION", protocol.SIMULATION)
    monkeypatch.setattr(protocol, "TRAINING", protocol.TRAINING | {"steps": 2, "warmup_steps": 1})


# Protocol


def test_every_genome_has_initial_weights_of_its_own_and_arms_share_them():
    main = list(tasks(("main",)))
    assert len(main) == len(set(main)) == 24 * 4 * (3 * 2 + 2)
    seeds = {(task.genome, task.init): task.seed for task in main}
    assert len(set(seeds.values())) == len(seeds) == 48
    assert {task.genome for task in main} == set(range(101, 125))
    # worlds stay level: all four are done of a genome before the next begins
    assert [world for _, world in dict.fromkeys((t.genome, t.world) for t in main)][:5] == [*WORLDS, "none"]


@pytest.mark.parametrize("family", ["main", "bases"])
def test_arms_of_the_primary_contrast_start_from_the_same_weights(family):
    states = {}
    for arm in ("learned", "random", "none"):
        torch.manual_seed(10_101)
        sizes = {"length": 2_000, "n_signals": 3, "n_rna_features": 8, "signals": ["a", "b", "c"]}
        states[arm] = build("prism", entry_of(family, arm)["settings"] | sizes).state_dict()
    extra = {name for name in states["learned"] if name.startswith("confounder.")}
    assert extra
    assert set(states["random"]) == set(states["none"]) == set(states["learned"]) - extra
    for name, value in states["none"].items():
        assert torch.equal(value, states["learned"][name])
        assert torch.equal(value, states["random"][name])


def test_hash_follows_entry_and_world_but_not_seed(monkeypatch):
    task = Task("main", "placement", 101, "learned", 1)
    first = hash_of(task)
    assert hash_of(task._replace(genome=102, init=2)) == first
    assert len({hash_of(task._replace(world=world)) for world in WORLDS}) == 4
    assert hash_of(task._replace(arm="random")) != first
    monkeypatch.setattr(protocol, "TRAINING", protocol.TRAINING | {"steps": 501})
    assert hash_of(task) != first


# Estimands


@pytest.mark.parametrize("world", WORLDS)
def test_a_perfect_predictor_meets_every_target(world, small, tmp_path):
    genome = make_genome(world, 1, tmp_path)
    rates = {name: truth["log10_rate"].to_numpy() for name, truth in genome.truth.items()}
    expression = rates[FACTUAL] + 0.1
    found = runs.estimands(genome, lambda name, rows: {"observed": rates[name][rows]}, expression)
    assert found["observed_slope_mark"] == pytest.approx(1)
    causes = world in ("common_cause", "flanks")
    assert found["observed_slope_background"] == pytest.approx(0.4 if causes else 0.0, abs=1e-12)
    assert found["observed_mse_same"] == pytest.approx(0.01)
    assert found["observed_mse_shifted"] == pytest.approx(0.01)


def test_same_and_shifted_genes_are_those_of_the_chromosomes(small, tmp_path):
    genome = make_genome("placement", 1, tmp_path)
    chrom = genome.truth[FACTUAL]["chrom"].to_numpy()
    assert set(chrom[genome.test_genes(same=True)]) == {"chr4", "chr5"}
    assert set(chrom[genome.test_genes(same=False)]) == {"chr6", "chr7"}


def test_slope_by_hand():
    # deviations of x: -1, 0, 1; of y weighted by them: -1 * 2 + 1 * 8 = 6; 6 / 2 = 3
    assert runs.slope(np.array([1.0, 2.0, 3.0]), np.array([2.0, 100.0, 8.0])) == 3


# Rows


def test_workers_share_a_table(tmp_path):
    """Two processes add 10 rows each; every row is there, whole."""
    code = (
        "import sys; from pathlib import Path; from benchmarks.causal_test import store\n"
        "for i in range(10): store.add_run(Path(sys.argv[1]), {'family': 'main', 'genome': i, 'arm': sys.argv[2]})"
    )
    path = tmp_path / "runs.tsv"
    workers = [subprocess.Popen([sys.executable, "-c", code, str(path), arm]) for arm in ("a", "b")]
    assert [worker.wait() for worker in workers] == [0, 0]
    rows = pd.read_csv(path, sep="\t")
    assert Counter(rows["arm"]) == {"a": 10, "b": 10}
    assert list(rows.columns) == store.COLUMNS


def row_of(task, **values):
    """A row of the table of runs."""
    return {**task._asdict(), "seed": task.seed, "settings_hash": hash_of(task),
            "numbers_version": store.NUMBERS_VERSION, **values}  # fmt: skip


def test_rows_of_other_settings_do_not_count(tmp_path):
    task, path = Task("main", "none", 101, "learned", 1), tmp_path / "runs.tsv"
    assert store.done(store.read_runs(path)) == set()
    store.add_run(path, row_of(task))
    store.add_run(path, row_of(task._replace(init=2)) | {"settings_hash": "another"})
    store.add_run(path, row_of(task._replace(init=2)) | {"numbers_version": 0})
    store.add_run(path, row_of(task) | {"arm": "of the past"})
    assert store.done(store.read_runs(path)) == {task}


def test_a_test_that_was_stopped_goes_on_where_it_was(small, tmp_path, monkeypatch):
    family = protocol.Family("small", ("placement",), ("learned", "none", "ridge", "ridge_oracle"))
    for where in (protocol, table):
        monkeypatch.setattr(where, "FAMILIES", {"main": family})
    options = SimpleNamespace(
        runs=tmp_path / "runs.tsv", only=["main"], genomes=1, share=1, shares=1, minutes=0.0
    )
    program.train_missing(options)
    assert not options.runs.exists()
    options.minutes = float("inf")
    trained, measured = [], runs.measured

    def stopped(task, *rest):
        if len(trained) == 3:
            raise KeyboardInterrupt
        trained.append(task)
        return measured(task, *rest)

    monkeypatch.setattr(runs, "measured", stopped)
    with pytest.raises(KeyboardInterrupt):
        program.train_missing(options)
    before = options.runs.read_text()
    monkeypatch.setattr(runs, "measured", lambda task, *rest: trained.append(task) or measured(task, *rest))
    program.train_missing(options)
    assert options.runs.read_text().startswith(before)
    assert trained == list(tasks(("main",), 1))
    rows = store.read_runs(options.runs).set_index(["arm", "init"])
    assert len(rows) == 6
    learned = rows.loc["learned"]
    assert learned[[f"{o}_slope_mark" for o in ("observed", "intervened")]].notna().all(axis=None)
    assert learned["context_cosine"].between(0, 1).all()
    assert rows["intervened_mse_same"].isna().sum() == 4
    assert any("ridge_oracle" in line for line in table.lines(rows.reset_index()))


# Tables


def made_up(n_genomes=24):
    """Runs of two arms in every world: learned loses 0.02 less than random, +- 0.01 by turns; one init apart by 0.2."""
    rows = []
    for task in tasks(("main",), n_genomes):
        if task.arm in ("learned", "random"):
            swing = 0.01 if task.genome % 2 else -0.01
            loss = 0.1 + (0.0 if task.arm == "random" else swing - 0.02) + 0.2 * (task.init == 2)
            values = dict.fromkeys(store.VALUES, 0.5) | {"observed_mse_shifted": 0.5 + loss}
            rows.append(row_of(task, **values))
    return pd.DataFrame(rows, columns=store.COLUMNS)


def test_contrast_is_over_genomes_and_holm_over_worlds():
    made = made_up()
    found = table.per_genome(made, "main", "none", "observed")
    assert found["random"][table.LOSS].tolist() == pytest.approx([0.2] * 24)
    differences = table.contrast(found, "learned", "random", table.LOSS)
    np.testing.assert_allclose(differences, [-0.01, -0.03] * 12)
    # sd = 0.01 sqrt(24/23), t(0.975, 23) = 2.0687: half width 2.0687 * 0.0102151 / sqrt(24) = 0.004314
    last = list(table.lines(made))[-4:]
    assert all("-0.0200 [-0.0243, -0.0157], 24 of 24 genomes" in line and "helps" in line for line in last)
    p = float(last[0].split("; p ")[1].split(",")[0])
    assert float(last[0].split("Holm ")[1].split(";")[0]) == pytest.approx(4 * p, rel=0.01)


def test_part_of_the_genomes_is_not_tested():
    made = made_up()
    made = made[~((made["world"] == "flanks") & (made["genome"] == 124) & (made["init"] == 2))]
    last = list(table.lines(made))[-4:]
    assert "23 of 24 genomes" in last[3]
    assert all("no test before all 24" in line and "p " not in line.split(";")[1] for line in last)


def test_status_counts_every_run():
    lines = program.status(made_up(3))
    learned = next(line.split() for line in lines if line.startswith("main") and " learned " in line)
    assert learned[:4] == ["main", "learned", "24", "192"]


def test_the_figure_draws_every_world_and_its_genomes(tmp_path):
    figure.draw(made_up(4), tmp_path / "figure.svg")
    words = re.sub(r"<[^>]+>", "", (tmp_path / "figure.svg").read_text())
    for world, how in WORLDS.items():
        assert f"{world}: {how.meaning} (4 of 24 genomes)" in words
