"""The benchmark of the dynamic tokens: which worlds there are, that it goes on where it was, and its tables by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.token_worlds import store, table
from benchmarks.token_worlds.protocol import ARMS, NULL, Task, hash_of, tasks


def test_five_seeds_of_every_arm_and_two_hundred_worlds_without_regulation():
    found = list(tasks())
    assert len(found) == len(set(found)) == 5 * len(ARMS) + 200
    for task in found:
        world = task.sizing.regulation
        assert world.seed == task.seed == task.sizing.genome["seed"]
        assert world.regulates is (task.arm != NULL)
        assert (world.genomes == "one") is task.single
        assert world.n_genes <= 500
        assert task.sizing.context <= 256
    assert len({hash_of(Task(arm, 1)) for arm in (*ARMS, NULL)}) == len(ARMS) + 1
    assert hash_of(Task("one", 1)) == hash_of(Task("one", 2))


def row(arm: str, seed: int, **values) -> dict[str, object]:
    return {
        "arm": arm,
        "seed": seed,
        "settings_hash": hash_of(Task(arm, seed)),
        "revision": "",
        "seconds": 6.0,
    } | values


def test_worlds_are_added_one_by_one_and_those_of_another_protocol_are_not_read(tmp_path):
    path = tmp_path / "worlds.tsv"
    assert store.done(store.read_worlds(path)) == set()
    store.add_world(path, row(NULL, 1001, p_sets=0.25))
    store.add_world(path, row("one", 101, **{"auroc|direct|shift": 0.5}))
    store.add_world(path, row("one", 102) | {"settings_hash": "of another"})
    found = store.read_worlds(path)
    assert store.done(found) == {Task(NULL, 1001), Task("one", 101)}
    assert found["p_sets"].tolist()[0] == 0.25
    assert np.isnan(found["p_sets"].tolist()[1])
    assert len(pd.read_csv(path, sep="\t")) == 3
    told = table.status(found)[-1].split()
    assert told == [NULL, "1", "200", "6.0", "s", "20", "min"]  # 199 worlds of 6 s


def test_intervals_are_over_seeds_and_the_table_of_no_regulation_comes_last():
    rows = [
        row(
            "many",
            seed,
            **{"average_precision|targets|shift": 0.3 + 0.1 * seed, "average_precision|targets|mask": 0.2},
        )
        for seed in (1, 2, 3)
    ]
    ps = np.linspace(0.005, 0.995, 100)
    rows += [row(NULL, 1001 + n, p_sets=p, p_directions=p**4) for n, p in enumerate(ps)]
    lines = table.lines(pd.DataFrame(rows))
    half = stats.t.ppf(0.975, 2) * 0.1 / np.sqrt(3)
    ours = next(line for line in lines if line.startswith("shift"))
    assert f"0.500 [{0.5 - half:.3f}, {0.5 + half:.3f}]" in ours
    assert f"0.300 [{0.3 - half:.3f}, {0.3 + half:.3f}]" in next(
        line for line in lines if line.startswith("mask")
    )
    assert lines[-2].startswith("against sets of genes like the targets: mean p 0.500, p < 0.05 in 5.0%")
    assert lines[-1] == "  Kolmogorov-Smirnov against uniform: D = 0.0050, p = 1.000"


@pytest.mark.slow
def test_a_world_without_regulation_gives_a_p(tmp_path):
    from benchmarks.token_worlds.run import Seed

    found = Seed(tmp_path).measured(Task(NULL, 901))
    assert 0 < found["p_sets"] <= 1
    assert found["n_universe"] > 100
    assert found["median_shift"] > 0
