"""The entries that config/models.yaml ships: each is understood by its architecture and by the trainer."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs_tools.document_models import document
from prism.models.catalogue import known_settings
from prism.protocol.settings import TrainingSettings
from workflow_scripts.planning.tables.models import read_models

ENTRIES = read_models([Path(__file__).resolve().parents[3] / "config" / "models.yaml"])
GENES = 15_985  # of the published fold 11


@pytest.mark.parametrize("name", ENTRIES)
def test_settings_are_known(name):
    entry = ENTRIES[name]
    assert set(entry.settings) <= set(known_settings(entry.architecture))
    settings = TrainingSettings.from_entry(entry.training)
    if not entry.traits.closed_form:
        assert settings.total_steps(GENES) > 0


def test_the_published_protocols():
    """The published protocol."""

    def of(name):
        training = TrainingSettings.from_entry(ENTRIES[name].training)
        return training.total_steps(GENES), training.batch_size, training.schedule, training.precision

    for length in ("2k", "200k"):
        for name in ("caduceus", "caduceus_signals", "macs3", "mamba"):
            assert of(f"{name}_{length}") == (50_000, 16, "cosine", "bf16")
        assert of(f"hyenadna_{length}") == (50_000, 8, "cosine", "bf16")
    assert of("epinformer_2k") == (20 * 999, 16, "constant", "fp16")


@pytest.mark.parametrize("name", [name for name in ENTRIES if name.endswith("_norna")])
def test_without_rna_features_nothing_else_differs(name):
    without, with_them = vars(ENTRIES[name]), vars(ENTRIES[name.removesuffix("_norna")])
    assert {key for key in without if without[key] != with_them[key]} == {"name", "rna_features"}
    assert (without["rna_features"], with_them["rna_features"]) == (False, True)


def test_every_model_of_2_kb_comes_without_rna_features_too():
    two_kb = {entry.architecture for entry in ENTRIES.values() if entry.length == 2000}
    without = {entry.architecture for entry in ENTRIES.values() if not entry.rna_features}
    assert two_kb <= without


def test_the_page_of_models_is_made_from_the_entries(root):
    assert (root / "docs" / "models.md").read_text() == document()
