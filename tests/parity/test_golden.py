"""Our models against the authors' own: outputs and gradients of the golden files."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from prism.genome.batch import Batch, Elements
from prism.models import Output, from_authors
from prism.models.authors import authors_names, load_authors_state, tensors_of
from prism.models.hyenadna import OPERATOR_AUTHORS_NAMES, HyenaOperator
from tests.parity.golden_file import OUTPUT_TOLERANCE, assert_outputs_equal

GRADIENT_TOLERANCE = 1e-4  # relative, by the norm of each tensor
NEGLIGIBLE_GRADIENT = 1e-6  # norm below which the comparison is absolute, to the same number


@pytest.fixture(params=["reference", "kernel"])
def scan(request, monkeypatch):
    """The plain twin, and whatever the dispatcher picks here."""
    if request.param == "reference":
        monkeypatch.setenv("PRISM_SCAN", "reference")
    else:
        monkeypatch.delenv("PRISM_SCAN", raising=False)
    return request.param


def assert_gradients_equal(model: torch.nn.Module, theirs: dict[str, np.ndarray]) -> None:
    compared = set()
    for ours, parameter in model.named_parameters():
        names = [name for name in authors_names(ours, model.AUTHORS_NAMES) if name in theirs]
        assert len(names) == 1, f"{ours}: {names}"
        expected = torch.tensor(theirs[names[0]]).reshape(parameter.shape)
        difference = (parameter.grad - expected).norm().item()
        norm = expected.norm().item()
        limit = GRADIENT_TOLERANCE * norm if norm >= NEGLIGIBLE_GRADIENT else NEGLIGIBLE_GRADIENT
        assert difference <= limit, f"{names[0]}: off by {difference:.3g}, norm {norm:.3g}"
        compared.add(names[0])
    assert compared == set(theirs)


@pytest.mark.parametrize("name", ["caduceus", "caduceus_signals"])
def test_prediction_and_gradients(name, golden, scan):
    file = golden(name)
    model = from_authors(name, file.state, file.meta)
    answer = model(file.batch())
    assert_outputs_equal(answer.expression, file.output["prediction"])
    assert not answer.losses
    assert not answer.details
    F.smooth_l1_loss(answer.expression, file.batch().expression).backward()
    assert_gradients_equal(model, file.grad)


def test_prism_in_eval_mode(golden, scan):
    file = golden("prism")
    model = from_authors("prism", file.state, file.meta)
    answer: Output = model(file.batch(), with_details=True)
    assert_outputs_equal(answer.expression, file.output["prediction"])
    for name in ("intervention_prediction", "context_weights", "diversity_loss"):
        assert_outputs_equal(answer.details[name], file.output[name])


def test_prism_in_train_mode(golden, scan):
    file = golden("prism")
    model = from_authors("prism", file.state, file.meta).train()
    batch = file.batch()
    answer = model(batch)
    prediction_loss = F.smooth_l1_loss(answer.expression, batch.expression)
    assert_outputs_equal(prediction_loss, file.output["train_prediction_loss"])
    assert_outputs_equal(answer.losses["intervention"], file.output["train_intervention_loss"])
    assert_outputs_equal(answer.losses["diversity"], file.output["train_diversity_loss"])
    (prediction_loss + answer.losses["intervention"] + answer.losses["diversity"]).backward()
    assert_gradients_equal(model, file.grad)


def test_mamba(golden, scan):
    file = golden("mamba")
    ids = torch.tensor(file.input["token_ids"])
    batch = Batch(
        sequence=F.one_hot(ids - 7, 5)[..., :4].float(),
        signals=torch.zeros(*ids.shape, 0),
        rna_features=torch.tensor(file.input["rna_feat"]),
    )
    model = from_authors("mamba", file.state, file.meta)
    answer = model(batch)
    assert_outputs_equal(answer.expression, file.output["prediction"])
    F.smooth_l1_loss(answer.expression, torch.tensor(file.input["target"]).squeeze(-1)).backward()
    assert_gradients_equal(model, file.grad)


def test_hyena_operator(golden):
    file = golden("hyena_operator")
    operator = HyenaOperator(file.meta["d_model"], file.meta["l_max"])
    computed = {name: value.clone() for name, value in operator.filter.named_buffers()}
    load_authors_state(operator, tensors_of(file.state), OPERATOR_AUTHORS_NAMES)
    assert_outputs_equal(operator(torch.tensor(file.input["u"])), file.output["y"])
    # what is not learned is what a fresh operator has
    for name, value in operator.filter.named_buffers():
        torch.testing.assert_close(computed[name], value, rtol=0, atol=2e-6)


def test_epinformer(golden):
    file = golden("epinformer")
    sequence = torch.tensor(file.input["pe_seq"]).float()
    batch = Batch(
        sequence=sequence[:, 0],
        signals=torch.zeros(*sequence.shape[:1], 2000, 0),
        rna_features=torch.tensor(file.input["rna_feat"]),
        elements=Elements(
            sequence=sequence[:, 1:],
            features=torch.tensor(file.input["extra_feat"])[:, 1:],
            present=sequence[:, 1:].any(dim=(2, 3)),
        ),
    )
    assert batch.elements.present.sum(dim=1).tolist() == [4, 6]
    answer = from_authors("epinformer", file.state, file.meta)(batch, with_details=True)
    assert_outputs_equal(answer.expression, file.output["prediction"])
    assert_outputs_equal(answer.details["attention"], file.output["attention"])


@pytest.mark.parametrize("name", ["seq2exp_soft", "seq2exp_hard"])
def test_seq2exp_in_eval_mode(name, golden, scan):
    file = golden(name)
    batch = Batch(
        sequence=torch.tensor(file.input["seqs"]),
        signals=torch.tensor(file.input["signals"]),
        rna_features=torch.tensor(file.input["rna_feat"]),
        blacklist=torch.tensor(file.input["mask_regions"][..., 1]),
    )
    answer = from_authors(name, file.state, file.meta)(batch, with_details=True)
    assert_outputs_equal(answer.expression, file.output["prediction"])
    for detail in ("mask", "kl_loss"):
        assert_outputs_equal(answer.details[detail], file.output[detail])
    for detail in ("z_alpha", "z_beta"):  # up to 80, where neighbouring float32 numbers are 8e-6 apart
        np.testing.assert_allclose(
            answer.details[detail].detach(), file.output[detail], rtol=2e-7, atol=OUTPUT_TOLERANCE
        )
