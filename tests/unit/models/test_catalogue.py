"""The catalogue of architectures says what their modules are, and nothing of it stands anywhere else."""

from __future__ import annotations

import inspect
import re

import pytest

from prism.models import build, memory
from prism.models.catalogue import ARCHITECTURES, DATA_SETTINGS, known_settings, names, traits
from prism.models.registry import architecture
from workflow_scripts.planning.tables.paths import BASE

EVERY = sorted(ARCHITECTURES)


@pytest.mark.parametrize("name", EVERY)
def test_constructors_take_the_settings_of_the_catalogue_and_have_no_defaults(name):
    taken = list(inspect.signature(architecture(name).__init__).parameters.values())[1:]
    assert {each.name for each in taken} == set(known_settings(name))
    assert [each.name for each in taken if each.default is not each.empty] == []
    assert {each.kind for each in taken} == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("name", EVERY)
def test_an_entry_is_whole(name):
    entry = traits(name)
    assert set(each.name for each in entry.data) <= set(DATA_SETTINGS)
    assert not set(entry.own_settings) & set(DATA_SETTINGS)
    assert all(each.meaning and not each.meaning.endswith(".") for each in entry.settings)
    assert entry.source
    assert entry.differs.endswith(".")
    assert re.fullmatch("#[0-9A-F]{6}", entry.colour)
    assert (BASE / "envs" / f"{entry.environment}.yaml").exists()
    assert entry.in_shared_environment == (not entry.package) == (entry.parameters is None)
    assert entry.has_released == bool(architecture(name).AUTHORS_NAMES)
    assert set(entry.publication.variants if entry.publication else ()) <= set(entry.own_settings)


def test_colours_differ():
    assert len({entry.colour for entry in ARCHITECTURES.values()}) == len(ARCHITECTURES)


@pytest.mark.parametrize("name", names(lambda entry: entry.in_shared_environment))
def test_a_module_knows_what_the_catalogue_says_of_it(name):
    module = build(name, {"length": 2000})
    assert (module.closed_form, module.capturable) == (traits(name).closed_form, traits(name).capturable)
    assert hasattr(module, "fit") == module.closed_form


@pytest.mark.parametrize("name", names(lambda entry: not entry.closed_form))
def test_what_a_training_keeps_is_counted(name):
    assert memory.kept_bytes(name, {}, 2000) > 0


def test_what_a_closed_form_keeps_is_not():
    with pytest.raises(ValueError, match="not trained by gradients"):
        memory.kept_bytes("ridge", {}, 2000)


@pytest.mark.parametrize("name", EVERY)
def test_needs_signals_is_what_building_without_signals_says(name):
    if not traits(name).in_shared_environment:
        pytest.skip(f"{name} lives in an environment of its own")
    settings = {"length": 2000, "n_signals": 0, "signals": []}
    if traits(name).needs_signals:
        with pytest.raises(ValueError, match="n_signals is 0"):
            build(name, settings)
    else:
        build(name, settings)


def test_an_unknown_architecture_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=rf"'transformer'; known: {', '.join(EVERY)}$"):
        traits("transformer")


def test_each_has_a_training_rule_in_its_environment():
    text = (BASE / "rules" / "training.smk").read_text()
    rules = re.split(r"^use rule train_model as train_(\w+) with:\n", text, flags=re.MULTILINE)[1:]
    families = dict(zip(rules[::2], rules[1::2], strict=True))
    assert set(families) == set(ARCHITECTURES)
    for name, rule in families.items():
        assert f'PLAN.models_of("{name}")' in rule
        environment = re.search(r'"\.\./envs/(\w+)\.yaml"', rule)
        assert (environment[1] if environment else "training") == traits(name).environment
        assert ('device="cpu"' in rule) == traits(name).closed_form
