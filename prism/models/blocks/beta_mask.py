"""Seq2Exp's mask: a Beta distribution per position, from the sequence and from a prior on each signal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Beta, kl_divergence

from prism.genome.batch import Batch
from prism.models.architecture import above_zero, not_negative
from prism.models.authors import sizes
from prism.models.blocks.linear import ZeroBiasLinear
from prism.models.blocks.precision import at_least_float32, full_precision
from prism.models.catalogue import SEQ2EXP_PRIORS
from prism.models.catalogue.tokens import centre

TINY = 1e-8  # keeps a concentration above zero

# Our names in a module whose mask is called `mask` -> the authors'.
MASK_AUTHORS_NAMES = (
    (r"^mask\.logits\.", ("mask_output.",)),
    (r"^mask\.(prior_weights|signal_betas)$", (r"\1",)),
)


class Concentrations(NamedTuple):
    """The two parameters of z at every position, each (batch, length), above 0."""

    alpha: Tensor
    beta: Tensor

    def distribution(self) -> Beta:
        """Beta(alpha, beta); not checked, which would wait for the device."""
        return Beta(self.alpha, self.beta, validate_args=False)

    def mean(self) -> Tensor:
        """(batch, length), in (0, 1)."""
        return self.alpha / (self.alpha + self.beta)

    def draw(self) -> Tensor:
        """(batch, length) random numbers with the gradient of the reparametrised draw."""
        with full_precision(self.alpha):
            return self.distribution().rsample()


class BetaMask(nn.Module):
    """z = Beta(z_scale * (alpha_X + sum w_i alpha_i), z_scale * (beta_X + sum w_i beta_i)) at every position.

    alpha_X and beta_X are the softplus of two logits of the generator's hidden state, plus beta_min. A signal
    i of value s gives alpha_i = (s + beta_min) * prior_scale and beta_i = (b_i + beta_min) * prior_scale; w =
    softmax of `prior_weights`. `prior_weights` and `signal_betas` are buffers: part of the state, never
    trained.

    d_model: width of the generator's hidden state.
    priors: (weight, beta) of each signal by name, in the order of the data (`priors_in_order`).
    prior_scale, z_scale: factors as above, > 0.
    beta_min: smallest concentration, >= 0.
    marginal_mean, marginal_scale: r, between 0 and 1, and s, > 0, of the marginal that `kl` compares with.
    """

    def __init__(
        self,
        d_model: int,
        priors: Mapping[str, tuple[float, float]],
        *,
        prior_scale: float,
        beta_min: float,
        marginal_mean: float,
        marginal_scale: float,
        z_scale: float,
    ) -> None:
        super().__init__()
        self.prior_scale = above_zero("prior_scale", prior_scale)
        self.z_scale = above_zero("z_scale", z_scale)
        self.beta_min = not_negative("beta_min", beta_min)
        mean, scale = (
            not_negative("marginal_mean", marginal_mean),
            above_zero("marginal_scale", marginal_scale),
        )
        if not 0 < mean < 1:
            raise ValueError(f"setting marginal_mean={marginal_mean!r} must be between 0 and 1")
        self.marginal = (scale, scale * (1 - mean) / mean)
        self.signals = tuple(priors)
        self.logits = ZeroBiasLinear(d_model, 2)
        weights = torch.tensor([weight for weight, _ in priors.values()])
        self.register_buffer("prior_weights", torch.log(weights / weights.sum()))
        self.register_buffer("signal_betas", torch.tensor([beta for _, beta in priors.values()]))

    def forward(self, hidden: Tensor, signals: Tensor) -> Concentrations:
        """Concentrations of the mask at every position.

        hidden: (batch, length, d_model) of the generator.
        signals: (batch, length, n_signals), not negative.
        """
        hidden = at_least_float32(hidden)
        signals = signals.to(hidden.dtype)
        self._refuse_negative(signals)
        with full_precision(hidden):
            own = F.softplus(self.logits(hidden)) + self.beta_min + TINY
            shares = self.prior_weights.softmax(dim=0)
            from_signals = (((signals + self.beta_min) * self.prior_scale + TINY) * shares).sum(dim=-1)
            beta_of_signals = ((self.signal_betas + self.beta_min) * self.prior_scale * shares).sum()
            return Concentrations(
                alpha=self.z_scale * (own[..., 1] + from_signals),
                beta=self.z_scale * (own[..., 0] + beta_of_signals),
            )

    def kl(self, z: Concentrations) -> Tensor:
        """KL(z || marginal), a scalar: the mean over positions and batch.

        The marginal is Beta(s, s (1 - r) / r), r = marginal_mean, s = marginal_scale.

        z: concentrations (batch, length), as `forward` returns them.
        """
        with full_precision(z.alpha):
            alpha, beta = (z.alpha.new_tensor(value) for value in self.marginal)
            return kl_divergence(z.distribution(), Beta(alpha, beta, validate_args=False)).mean()

    def details(self, z: Concentrations, mask: Tensor) -> dict[str, Tensor]:
        """The details of a model with this mask: mask, z_alpha, z_beta (batch, length), kl_loss (scalar).

        z: concentrations (batch, length), as `forward` returns them.
        mask: (batch, length), as the model used it.
        """
        return {"mask": mask, "kl_loss": self.kl(z), "z_alpha": z.alpha, "z_beta": z.beta}

    def _refuse_negative(self, signals: Tensor) -> None:
        lowest = signals.detach().amin(dim=(0, 1))
        if (lowest < 0).any():
            place = int(lowest.argmin())
            raise ValueError(
                f"signal {self.signals[place]} has a value of {lowest[place].item():.4g}: Seq2Exp's prior takes no "
                "negative values; use an output type without them, or leave the signal out with `signals`"
            )


def with_regions(mask: Tensor, batch: Batch, center_len: int) -> Tensor:
    """The mask with the blacklist set to 0, then the central positions to 1.

    mask: (batch, length), in [0, 1].
    batch: its `blacklist` is read, if it has one.
    center_len: number of central positions, bp.
    """
    if batch.blacklist is not None:
        mask = mask.masked_fill(batch.blacklist, 0.0)
    promoter = torch.zeros(mask.shape[1], dtype=torch.bool, device=mask.device)
    promoter[centre(mask.shape[1], center_len)] = True
    return mask.masked_fill(promoter, 1.0)


def priors_in_order(
    n_signals: int, signals: Sequence[str] | None, given: Mapping[str, Sequence[float]] | None
) -> dict[str, tuple[float, float]]:
    """(weight, beta) of each signal, in the order of the data.

    n_signals: number of the data's signals.
    signals: their names; None where they are not known: then `given`, or the published three, are taken in
        their order.
    given: setting signal_priors, which goes before the published values; None for the published values alone.
    Raises ValueError for a signal without a prior, a prior without a signal, and a prior that is not two
    numbers above 0.
    """
    if n_signals == 0:
        raise ValueError("Seq2Exp's mask needs signals, and n_signals is 0; give it signals or use caduceus")
    given = {name: _checked_prior(name, prior) for name, prior in (given or {}).items()}
    names = list(signals if signals is not None else given or SEQ2EXP_PRIORS)
    if len(names) != n_signals:
        source = "signals" if signals is not None else "signal_priors"
        raise ValueError(
            f"the data has {n_signals} signals and {source} names {len(names)} ({', '.join(names)}); "
            "give setting signal_priors one entry per signal: {name: [weight, beta]}"
        )
    missing = [name for name in names if name not in given and name not in SEQ2EXP_PRIORS]
    if missing:
        raise ValueError(
            f"no prior for signal {', '.join(missing)}; add it to setting signal_priors as {{name: [weight, beta]}} "
            f"(published: {SEQ2EXP_PRIORS})"
        )
    unused = [name for name in given if name not in names]
    if unused:
        raise ValueError(
            f"setting signal_priors names {', '.join(unused)}, and the data has {', '.join(names)}; remove or rename it"
        )
    return {name: given.get(name) or SEQ2EXP_PRIORS[name] for name in names}


def authors_mask_sizes(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """n_signals of an authors' state dict; signal_priors too where their number is not the published one.

    state: the authors' parameter names with their tensors.
    """
    found: dict[str, Any] = sizes(state, n_signals=("signal_input_layer.weight", 1))
    if {"prior_weights", "signal_betas"} <= set(state) and found.get("n_signals", 3) != len(SEQ2EXP_PRIORS):
        pairs = zip(state["prior_weights"].exp().tolist(), state["signal_betas"].tolist(), strict=True)
        found["signal_priors"] = {str(place): list(pair) for place, pair in enumerate(pairs)}
    return found


def _checked_prior(name: str, prior: Any) -> tuple[float, float]:
    if not isinstance(prior, list | tuple) or len(prior) != 2:
        raise ValueError(f"setting signal_priors: {name} is {prior!r}, must be [weight, beta]")
    return tuple(above_zero(f"signal_priors.{name}", value) for value in prior)
