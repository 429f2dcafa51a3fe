"""What training is said to keep, against a count of the tensors that a forward pass keeps."""

from __future__ import annotations

import importlib.util

import pytest
import torch
import torch.nn.functional as F

from prism import models
from prism.genome.batch import Batch, Elements
from prism.models import memory
from prism.models.catalogue import names
from tests.unit.models.saved_bytes import kept_bytes as counted

TOLERANCE = 0.02  # of the whole; the count is by hand, and small arrays are left out
SIGNALS = ("H3K27ac", "DNase", "contacts")
CASES = [
    ("caduceus", {}),
    ("caduceus", {"d_model": 64}),
    ("caduceus", {"checkpoint_layers": True}),
    ("caduceus_signals", {}),
    ("caduceus_signals", {"input_mask": "peaks", "checkpoint_layers": True}),
    ("mamba", {}),
    ("mamba", {"checkpoint_layers": True}),
    ("prism", {"n_context": 2}),
    ("prism", {"n_context": 0}),
    ("prism", {"n_context": 1, "d_model": 64, "cnn_dim": 16}),
    ("hyenadna", {}),
    ("hyenadna", {"d_model": 64}),
    ("hyenadna", {"checkpoint_layers": True}),
    ("seq2exp_soft", {}),
    ("seq2exp_soft", {"checkpoint_layers": True}),
    ("seq2exp_hard", {}),
    ("seq2exp_hard", {"checkpoint_layers": True}),
]
STEMS = [
    ("prism", {"context": "shuffled"}),
    ("prism", {"context": "random"}),
    ("prism", {"context": "constant", "pool_bins": 5}),
    ("prism", {"signal_dropout": 0.5, "adjust_promoter": True, "normalise_contexts": True}),
    ("prism", {"signal_dropout": 0.5, "stem": {"size": 4}}),
    ("caduceus_signals", {"signal_dropout": 0.5}),
    *(
        (name, {"stem": {"kind": kind, "size": 4}, "pool_bins": 5, "d_model": 64})
        for kind in ("conv", "mean")
        for name in ("prism", "caduceus", "caduceus_signals", "mamba")
    ),
    ("caduceus_signals", {"input_mask": "peaks", "stem": {"size": 8}}),
    ("caduceus_signals", {"input_mask": "peaks", "stem": {"kind": "mean", "size": 8}}),
]


def test_every_trained_architecture_is_counted():
    counted_alone = {"epinformer", "enformer"}
    trained = names(lambda entry: not entry.closed_form)
    assert {name for name, _ in CASES} | counted_alone == set(trained)


def a_batch(length: int, genes: int, n_signals: int = 3, n_elements: int = 0) -> Batch:
    draw = torch.Generator().manual_seed(0)

    def bases(*shape):
        return F.one_hot(torch.randint(0, 4, shape, generator=draw), 4).float()

    elements = None
    if n_elements:
        present = torch.ones(genes, n_elements, dtype=torch.bool)
        elements = Elements(bases(genes, n_elements, 2000), torch.rand(genes, n_elements, 3), present)
    return Batch(
        sequence=bases(genes, length),
        # so strong that a hard mask keeps every position
        signals=1e4 * (1 + torch.rand(genes, length, n_signals, generator=draw)),
        rna_features=torch.rand(genes, 9, generator=draw),
        expression=torch.rand(genes, generator=draw),
        peaks=torch.rand(genes, length, generator=draw) < 0.3,
        elements=elements,
    )


def check(architecture: str, own: dict, length: int, genes: int, **batch: int) -> None:
    torch.manual_seed(0)
    data = {"length": length, "n_signals": batch.get("n_signals", 3), "n_rna_features": 9, "signals": SIGNALS}
    settings = {**own, **data}
    module = models.build(architecture, settings)
    found = counted(module, a_batch(length, genes, **batch))
    assert memory.kept_bytes(architecture, settings, length, genes) == pytest.approx(found, rel=TOLERANCE)


@pytest.mark.parametrize(("length", "genes"), [(4096, 1), (12288, 1), (4096, 2)])
@pytest.mark.parametrize(("architecture", "own"), CASES)
def test_kept_bytes_are_those_counted(architecture, own, length, genes):
    check(architecture, {"n_layer": 2, "center_len": 2000, **own}, length, genes)


@pytest.mark.parametrize(("architecture", "own"), STEMS)
def test_what_is_kept_with_a_stem_or_other_contexts(architecture, own):
    # with 504 tokens of 8 bp, or 1,008 of 4, the last state of a scan stands for fewer than 64 positions
    check(architecture, {"n_layer": 2, "center_len": 2000, **own}, 4032, 1)


@pytest.mark.parametrize("n_elements", [3, 7])
def test_epinformer_keeps_each_element(n_elements):
    check("epinformer", {"n_enhancers": n_elements}, 2000, 1, n_signals=0, n_elements=n_elements)


@pytest.mark.skipif(
    importlib.util.find_spec("enformer_pytorch") is None,
    reason="enformer-pytorch is not installed here; run `make test-enformer`",
)
@pytest.mark.parametrize("own", [{"d_model": 384}, {"d_model": 768}, {"checkpoint_layers": True}])
@pytest.mark.parametrize("length", [4096, 16384])
def test_enformer_keeps_a_tower_and_attention(own, length):
    own = {"d_model": 384, "n_layer": 2, "n_heads": 8, "target_bins": 896, "crop_length": length, **own}
    check("enformer", own, length, 1, n_signals=0)
