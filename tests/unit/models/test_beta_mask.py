"""The Beta of Seq2Exp's mask against numbers worked out by hand and by scipy."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.integrate import quad
from scipy.stats import beta as beta_distribution

from prism import models
from prism.models.blocks.beta_mask import BetaMask, Concentrations, priors_in_order

SETTINGS = {
    "prior_scale": 10.0,
    "beta_min": 1.0,
    "marginal_mean": 0.1,
    "marginal_scale": 10.0,
    "z_scale": 1.0,
}
PUBLISHED = {"H3K27ac": (2.0, 1.5), "DNase": (2.0, 0.2), "contacts": (1.0, 1.0)}


def a_mask(**changed) -> BetaMask:
    mask = BetaMask(2, PUBLISHED, **{**SETTINGS, **changed})
    torch.nn.init.zeros_(mask.logits.weight)
    mask.logits.bias.data = torch.tensor([math.log(math.e - 1), math.log(math.e**2 - 1)])  # softplus: 1, 2
    return mask


def test_concentrations_by_hand():
    hidden, signals = torch.zeros(1, 1, 2), torch.tensor([[[3.0, 0.5, 2.0]]])
    z = a_mask()(hidden, signals)
    # alpha: 2 + 1, and 2/5 (3 + 1) 10 + 2/5 (0.5 + 1) 10 + 1/5 (2 + 1) 10 = 28
    assert z.alpha.item() == pytest.approx(31, rel=1e-6)
    # beta: 1 + 1, and 2/5 (1.5 + 1) 10 + 2/5 (0.2 + 1) 10 + 1/5 (1 + 1) 10 = 18.8
    assert z.beta.item() == pytest.approx(20.8, rel=1e-6)
    assert z.mean().item() == pytest.approx(31 / 51.8, rel=1e-6)
    half = a_mask(z_scale=0.5)(hidden, signals)
    assert (half.alpha.item(), half.beta.item()) == pytest.approx((15.5, 10.4), rel=1e-6)
    hard = a_mask(prior_scale=1.0, beta_min=0.0)(hidden, signals)
    assert hard.alpha.item() == pytest.approx(2 + 0.4 * 3 + 0.4 * 0.5 + 0.2 * 2, rel=1e-6)
    assert hard.beta.item() == pytest.approx(1 + 0.4 * 1.5 + 0.4 * 0.2 + 0.2 * 1, rel=1e-6)


def test_prior_weights_start_as_logarithms_of_their_shares():
    mask = a_mask()
    torch.testing.assert_close(mask.prior_weights, torch.tensor([2 / 5, 2 / 5, 1 / 5]).log())
    torch.testing.assert_close(mask.signal_betas, torch.tensor([1.5, 0.2, 1.0]))
    assert {"prior_weights", "signal_betas"} <= set(mask.state_dict())
    assert {name for name, _ in mask.named_parameters()} == {"logits.weight", "logits.bias"}


@pytest.mark.parametrize(("alpha", "beta"), [(31.0, 20.8), (0.7, 1.9), (2.0, 90.0)])
def test_kl_is_the_integral_against_the_marginal(alpha, beta):
    mask = a_mask()
    z, marginal = beta_distribution(alpha, beta), beta_distribution(10, 90)  # s, s (1 - r) / r
    expected, _ = quad(lambda x: z.pdf(x) * (z.logpdf(x) - marginal.logpdf(x)), 0, 1, epsabs=1e-10)
    one = Concentrations(torch.tensor([[alpha]]), torch.tensor([[beta]]))
    assert mask.kl(one).item() == pytest.approx(expected, rel=1e-4)
    own = Concentrations(torch.tensor([[alpha, 10.0]]), torch.tensor([[beta, 90.0]]))
    assert mask.kl(own).item() == pytest.approx(expected / 2, rel=1e-4)  # a mean; the marginal itself is 0


@pytest.mark.parametrize(("alpha", "beta"), [(31.0, 20.8), (0.6, 1.4)])
def test_mean_of_many_draws_is_the_mean_and_so_is_its_gradient(alpha, beta):
    torch.manual_seed(0)
    n = 40_000
    a, b = torch.tensor(alpha, requires_grad=True), torch.tensor(beta, requires_grad=True)
    draws = Concentrations(a.expand(1, n), b.expand(1, n)).draw()
    assert draws.dtype == torch.float32
    assert ((draws >= 0) & (draws <= 1)).all()
    spread = beta_distribution(alpha, beta).std()
    assert draws.mean().item() == pytest.approx(alpha / (alpha + beta), abs=4 * spread / math.sqrt(n))
    draws.mean().backward()
    # d/da of a / (a + b) is b / (a + b)^2, d/db is -a / (a + b)^2
    assert a.grad.item() == pytest.approx(beta / (alpha + beta) ** 2, rel=0.05)
    assert b.grad.item() == pytest.approx(-alpha / (alpha + beta) ** 2, rel=0.05)


def test_draws_are_float32_under_autocast():
    z = Concentrations(torch.full((1, 4), 2.0), torch.full((1, 4), 3.0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert z.draw().dtype == torch.float32
        assert a_mask().kl(z).dtype == torch.float32


def test_published_priors_go_by_name_not_by_order():
    assert priors_in_order(2, ["contacts", "H3K27ac"], None) == {
        "contacts": (1.0, 1.0),
        "H3K27ac": (2.0, 1.5),
    }
    assert priors_in_order(3, None, None) == PUBLISHED


def test_own_priors_go_before_the_published():
    given = {"ATAC": [3, 0.5], "DNase": [1, 0.1]}
    found = priors_in_order(3, ["DNase", "ATAC", "H3K27ac"], given)
    assert found == {"DNase": (1.0, 0.1), "ATAC": (3.0, 0.5), "H3K27ac": (2.0, 1.5)}
    assert list(found) == ["DNase", "ATAC", "H3K27ac"]
    assert priors_in_order(2, None, given) == {"ATAC": (3.0, 0.5), "DNase": (1.0, 0.1)}


@pytest.mark.parametrize(
    ("n", "names", "given", "message"),
    [
        (0, None, None, "n_signals is 0; give it signals or use caduceus"),
        (2, None, None, r"the data has 2 signals and signal_priors names 3 .*\{name: \[weight, beta\]\}"),
        (2, ["H3K27ac"], None, "the data has 2 signals and signals names 1"),
        (2, ["ATAC", "DNase"], None, r"no prior for signal ATAC; add it to setting signal_priors"),
        (1, ["DNase"], {"ATAC": [1, 1]}, "signal_priors names ATAC, and the data has DNase"),
        (1, ["ATAC"], {"ATAC": 3}, r"signal_priors: ATAC is 3, must be \[weight, beta\]"),
        (1, ["ATAC"], {"ATAC": [1, 0]}, r"signal_priors\.ATAC=0 must be above 0"),
        (1, ["ATAC"], {"ATAC": [-1, 1]}, r"signal_priors\.ATAC=-1 must be a number of at least 0"),
    ],
)
def test_priors_that_do_not_fit_are_refused_with_the_fix(n, names, given, message):
    with pytest.raises(ValueError, match=message):
        priors_in_order(n, names, given)


@pytest.mark.parametrize("name", ["seq2exp_soft", "seq2exp_hard"])
def test_a_model_of_other_signals(name):
    sizes = {"length": 64, "d_model": 16, "n_layer": 1, "center_len": 16}
    data = {"n_signals": 2, "signals": ["ATAC", "H3K27ac"]}
    model = models.build(name, {**sizes, **data, "signal_priors": {"ATAC": [2, 0.4]}})
    torch.testing.assert_close(model.mask.signal_betas, torch.tensor([0.4, 1.5]))
    assert model.mask.logits.weight.shape == (2, 16)
    with pytest.raises(ValueError, match="no prior for signal ATAC"):
        models.build(name, {**sizes, **data})


@pytest.mark.parametrize("name", ["seq2exp_soft", "seq2exp_hard"])
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"marginal_mean": 1.0}, "marginal_mean=1.0 must be between 0 and 1"),
        ({"prior_scale": 0}, "prior_scale=0 must be above 0"),
        ({"z_scale": "1"}, "z_scale='1' must be a number"),
        ({"beta_min": -1}, "beta_min=-1 must be a number of at least 0"),
        ({"kl_weight": -1}, "kl_weight=-1 must be a number of at least 0"),
        ({"checkpoint_layers": 1}, "checkpoint_layers=1 must be true or false"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(name, changed, message):
    with pytest.raises(ValueError, match=message):
        models.build(name, {"length": 64, "d_model": 8, **changed})
