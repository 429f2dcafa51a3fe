"""Which genes every step sees, where validations come, and reading ahead."""

from __future__ import annotations

import numpy as np
import pytest

from prism.training.loop.data import Prefetched, StretchSampler, TrainingOrder


def test_order_is_a_function_of_seed_and_step():
    indices = np.arange(100, 111)
    order = TrainingOrder(indices, 4, 2, seed=2)
    epoch = [*order.at(0), *order.at(1)]
    assert len(set(epoch)) == 8
    assert set(epoch) <= set(indices.tolist())
    assert TrainingOrder(indices, 4, 2, seed=2).at(1) == order.at(1)
    assert [*order.at(2), *order.at(3)] != epoch
    assert TrainingOrder(indices, 4, 2, seed=22).at(0) != order.at(0)
    # over epochs every gene is seen, also those that an epoch's last, short batch would have held
    assert {gene for step in range(20) for gene in order.at(step)} == set(indices.tolist())


def test_a_split_smaller_than_a_batch_is_one_batch():
    assert sorted(TrainingOrder(np.arange(3), 8, 1, seed=0).at(5)) == [0, 1, 2]


def test_stretches_end_where_validations_are_due():
    class Steps:
        def at(self, step):
            return step

    sampler = StretchSampler(Steps(), start=2, stop=8, interval=3)
    assert [list(sampler) for _ in range(4)] == [[2], [3, 4, 5], [6, 7], []]


def test_prefetching_changes_nothing_and_passes_errors_on():
    assert list(Prefetched([1, 2, 3])) == [1, 2, 3]

    def broken():
        yield 1
        raise OSError("disk")

    items = iter(Prefetched(broken()))
    assert next(items) == 1
    with pytest.raises(OSError, match="disk"):
        next(items)
