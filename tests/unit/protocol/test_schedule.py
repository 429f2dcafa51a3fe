"""Learning rates at literal steps."""

from __future__ import annotations

import pytest

from prism.protocol.schedule import learning_rate_at, warm_up_warning
from prism.protocol.settings import TrainingSettings

PAPER = TrainingSettings.from_entry({"steps": 50_000})


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (0, 1e-5),
        (2500, 2.55e-4),  # half way from 1e-5 to 5e-4
        (5000, 5e-4),
        (27_500, 3e-4),  # half way down: the mean of 5e-4 and 1e-4
        (50_000, 1e-4),
    ],
)
def test_published_cosine(step, expected):
    assert learning_rate_at(step, 50_000, PAPER) == pytest.approx(expected, rel=1e-12)


def test_enformers_warm_up_from_nothing_then_constant():
    settings = TrainingSettings(
        steps=200_000, schedule="linear_then_constant", learning_rate=7e-6, warmup_steps=50_000
    )
    rates = [learning_rate_at(step, 200_000, settings) for step in (0, 25_000, 50_000, 199_999)]
    assert rates == pytest.approx([0.0, 3.5e-6, 7e-6, 7e-6], rel=1e-12)


def test_constant_ignores_the_warm_up():
    settings = TrainingSettings(steps=10, schedule="constant")
    assert {learning_rate_at(step, 10, settings) for step in range(10)} == {5e-4}


def test_no_warm_up_starts_at_the_peak():
    settings = TrainingSettings(steps=10, warmup_steps=0)
    assert learning_rate_at(0, 10, settings) == 5e-4


def test_a_run_shorter_than_its_warm_up_only_warms_up():
    settings = TrainingSettings(steps=10, warmup_steps=100)
    rates = [learning_rate_at(step, 10, settings) for step in range(11)]
    assert rates == sorted(rates)
    assert rates[10] == pytest.approx(1e-5 + 4.9e-4 / 10)


def test_a_run_shorter_than_its_warm_up_is_told():
    short = TrainingSettings(steps=2000)
    assert warm_up_warning(2000, short) == (
        "warning: warmup_steps 5,000 in a training of 2,000 steps: the learning rate ends at 0.000206, below its peak "
        "0.0005; unless this is meant, set training.warmup_steps (published: a tenth of the steps)"
    )
    assert warm_up_warning(5000, short)  # the peak would come with step 5,001
    assert warm_up_warning(5001, short) is None
    assert warm_up_warning(10, TrainingSettings(schedule="constant")) is None
    enformer = TrainingSettings(schedule="linear_then_constant", warmup_steps=50_000, learning_rate=7e-6)
    assert "ends at 1.4e-06, below its peak 7e-06" in warm_up_warning(10_001, enformer)


@pytest.mark.parametrize(
    ("training", "words"),
    [
        ({"step": 5}, "unknown step; known are steps"),
        ({"schedule": "cosin"}, "schedule 'cosin' is not one of cosine"),
        ({"precision": "bf8"}, "precision 'bf8'"),
        ({"learning_rate": "5e-4"}, "learning_rate must be a number, not '5e-4'"),
        ({"batch_size": 0}, "batch_size must be above zero"),
        ({"batch_size": None}, "batch_size must be a number, not None"),
        ({"steps": 1.5}, "steps must be a whole number"),
        ({"warmup_steps": 0.5}, "warmup_steps must be a whole number"),
        ({"gradient_clip": -1}, "gradient_clip must not be below zero, and is -1"),
        ({"learning_rate": -1e-3}, "learning_rate must be above zero"),
        ({"betas": [0.9, 1.5]}, r"betas must be two numbers from 0 to below 1.*not \[0\.9, 1\.5\]"),
        ({"betas": [0.9]}, "betas must be two numbers"),
        ({"betas": 0.9}, "betas must be two numbers"),
        ({"betas": [0.9, -0.1]}, "betas must be two numbers"),
    ],
)
def test_settings_that_make_no_sense_are_named(training, words):
    with pytest.raises(ValueError, match=words):
        TrainingSettings.from_entry(training)


def test_what_may_be_zero():
    settings = TrainingSettings.from_entry({"gradient_clip": 0, "weight_decay": 0, "betas": [0, 0.5]})
    assert (settings.gradient_clip, settings.weight_decay, settings.betas) == (0, 0, (0, 0.5))


def test_whole_numbers_written_with_a_point_are_counts():
    given = {"steps": 100.0, "batch_size": 8.0, "warmup_steps": 5.0, "micro_batch": 4.0}
    settings = TrainingSettings.from_entry(given)
    for name, value in given.items():
        assert isinstance(getattr(settings, name), int), name
        assert getattr(settings, name) == value
    assert list(range(settings.total_steps(20))) == list(range(100))


@pytest.mark.parametrize(("micro_batch", "at_once"), [(3, 3), (7, 7), (8, None), (20, None)])
def test_no_more_genes_go_through_at_once_than_a_batch_has(micro_batch, at_once):
    settings = TrainingSettings.from_entry({"steps": 1, "batch_size": 8, "micro_batch": micro_batch})
    assert settings.micro_batch == at_once


def test_steps_or_epochs_but_one_of_them():
    assert TrainingSettings(epochs=20, batch_size=16).total_steps(100) == 20 * 6
    assert TrainingSettings(steps=7).total_steps(100) == 7
    for settings in (TrainingSettings(), TrainingSettings(steps=1, epochs=1)):
        with pytest.raises(ValueError, match="one of steps and epochs"):
            settings.total_steps(100)


def test_each_half_epoch_is_validated():
    settings = TrainingSettings(steps=50_000)
    assert settings.batches_per_epoch(15_985) == 1998
    assert settings.validation_interval(15_985) == 999
    assert settings.validation_interval(3) == 1
