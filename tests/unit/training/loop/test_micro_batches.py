"""A step in parts has the gradient of the whole batch."""

from __future__ import annotations

import pandas as pd
import pytest
import torch
from torch.nn import functional

from prism.genome.batch import Batch, Elements
from prism.models import build
from prism.protocol.settings import TrainingSettings
from prism.training.fit import train
from prism.training.loop.micro_batches import accumulated, parts, refuse_coupled
from tests.unit.training import tiny_dataset
from tests.unit.training.tiny_training import ENTRY, paths_in, run_of

SIZES = {"length": 64, "n_signals": 2, "n_rna_features": 1, "d_model": 8, "n_layer": 2, "center_len": 64}


def batch_of(n, dtype=torch.float64):
    draw = torch.Generator().manual_seed(1)
    sequence = functional.one_hot(torch.randint(0, 4, (n, 64), generator=draw), 4).to(dtype)
    signals = torch.rand(n, 64, 2, generator=draw, dtype=dtype)
    features = torch.randn(n, 1, generator=draw, dtype=dtype)
    return Batch(sequence, signals, features, torch.randn(n, generator=draw, dtype=dtype))


def model_of(name, dtype=torch.float64, **settings):
    torch.manual_seed(3)
    return build(name, SIZES | {"signals": ["a", "b"]} | settings).to(dtype)


def loss_with(module):
    def loss_of(batch):
        output = module(batch)
        loss = functional.smooth_l1_loss(output.expression, batch.expression)
        terms = {"expression": loss} | output.losses
        for name, value in output.losses.items():
            loss = loss + module.loss_weights[name] * value
        return loss, terms

    return loss_of


def gradients(module, loss):
    module.zero_grad()
    loss.backward()
    return {name: value.grad.clone() for name, value in module.named_parameters() if value.grad is not None}


def same(found, expected, relative):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert (found[name] - value).norm() <= relative * value.norm(), name


# 3 leaves a last part of two genes
@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize(("dtype", "relative"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_gradient_is_that_of_the_batch(size, dtype, relative):
    module, batch = model_of("caduceus_signals", dtype), batch_of(8, dtype)
    loss_of = loss_with(module)
    whole, _ = loss_of(batch)
    expected = gradients(module, whole)
    loss, terms = accumulated(loss_of, module, batch, size, scale=1024.0)
    assert loss.item() == pytest.approx(whole.item(), rel=1e-6)
    assert terms["expression"].item() == pytest.approx(whole.item(), rel=1e-6)
    same(gradients(module, loss), expected, relative)


def test_every_loss_term_is_a_mean_over_genes():
    """Prism's three terms, with BatchNorm's statistics held still: only these couple the genes of a batch."""
    module, batch = model_of("prism", cnn_dim=2, alpha=0.5, beta=0.25), batch_of(8)
    for norm in module.confounder.norms:
        norm.eval()
    loss_of = loss_with(module)
    whole, expected_terms = loss_of(batch)
    expected = gradients(module, whole)
    loss, terms = accumulated(loss_of, module, batch, 3)
    assert {name: value.item() for name, value in terms.items()} == pytest.approx(
        {name: value.item() for name, value in expected_terms.items()}
    )
    assert set(terms) == {"expression", "intervention", "diversity"}
    same(gradients(module, loss), expected, 1e-12)


def test_under_autocast_too():
    module, batch = model_of("caduceus_signals", torch.float32), batch_of(8, torch.float32)
    loss_of = loss_with(module)
    with torch.autocast("cpu", torch.bfloat16):
        expected = gradients(module, loss_of(batch)[0])
        loss, _ = accumulated(loss_of, module, batch, 2)
        found = gradients(module, loss)
    same(found, expected, 0.02)  # bfloat16 has 8 bits


def test_batch_norm_is_refused_in_parts():
    module = model_of("prism", cnn_dim=2)
    told = r"micro_batch 4 with batch_size 8: confounder\.norms\.0 is a BatchNorm"
    with pytest.raises(ValueError, match=told):
        refuse_coupled(module, 4, 8)
    refuse_coupled(module, 8, 8)
    refuse_coupled(module, None, 8)
    refuse_coupled(model_of("prism", n_context=0), 4, 8)


def test_a_training_in_parts(dataset, tmp_path):
    """The same training but for rounding; and none of Prism's."""
    train(run_of(dataset), paths_in(tmp_path / "whole"), "cpu")
    in_parts = ENTRY | {"training": ENTRY["training"] | {"micro_batch": 3}}
    train(run_of(dataset, in_parts), paths_in(tmp_path / "parts"), "cpu")
    histories = [pd.read_csv(tmp_path / name / "history.csv") for name in ("whole", "parts")]
    columns = ["train_loss", "loss_expression", "grad_norm", "valid_mse"]
    pd.testing.assert_frame_equal(*(each[columns] for each in histories), rtol=1e-4)
    prism = in_parts | {"architecture": "prism", "length": 64}
    with pytest.raises(ValueError, match="BatchNorm"):
        train(run_of(tiny_dataset.write(tmp_path, length=64), prism), paths_in(tmp_path / "prism"), "cpu")


def test_settings():
    assert TrainingSettings.from_entry({"steps": 1, "micro_batch": 2}).genes_at_once(200_000) == 2
    assert TrainingSettings.from_entry({"steps": 1}).genes_at_once(200_000) == 8
    with pytest.raises(ValueError, match="micro_batch must be above zero"):
        TrainingSettings.from_entry({"steps": 1, "micro_batch": 0})


def test_parts_cut_everything_that_a_batch_holds():
    elements = Elements(torch.zeros(5, 3, 8, 4), torch.arange(5.0)[:, None, None].expand(5, 3, 3),
                        torch.ones(5, 3, dtype=torch.bool))  # fmt: skip
    batch = Batch(torch.zeros(5, 8, 4), torch.zeros(5, 8, 0), torch.arange(5.0)[:, None], torch.arange(5.0),
                  peaks=torch.ones(5, 8, dtype=torch.bool), elements=elements)  # fmt: skip
    found = list(parts(batch, 2))
    assert [each.expression.tolist() for each in found] == [[0, 1], [2, 3], [4]]
    assert [len(each) for each in found] == [2, 2, 1]
    assert found[2].elements.features[0, 0, 0] == 4
    assert found[1].peaks.shape == (2, 8)
    assert found[0].blacklist is None
