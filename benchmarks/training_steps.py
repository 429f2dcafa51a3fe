"""The training steps that benchmarks/train_step.py times: ours, and those of public implementations.

A step is forward, loss, backward, gradient clipping and AdamW, on one batch of random windows that stays on the device.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prism import ops
from prism.compute.precision import autocast
from prism.genome.batch import Batch
from prism.models import build
from prism.models.parameter_groups import parameter_groups
from prism.training.cuda_graph.adamw import make_capturable
from prism.training.cuda_graph.step import Capture, CapturedStep, cuda_graph

N_SIGNALS, N_FEATURES = 3, 9
STATES, CONV, EXPAND = 16, 4, 2


def random_windows(genes: int, length: int, n_signals: int, n_features: int) -> Batch:
    """Windows of unrelated bases and signals: the work does not depend on what is in them."""
    generator = torch.Generator().manual_seed(0)
    bases = torch.randint(4, (genes, length), generator=generator)
    return Batch(
        sequence=F.one_hot(bases, 4).float(),
        signals=torch.rand(genes, length, n_signals, generator=generator),
        rna_features=torch.randn(genes, n_features, generator=generator),
        expression=torch.randn(genes, generator=generator),
    )


def random_batch(size: argparse.Namespace) -> Batch:
    """The batch of a step of that size, on its device."""
    return random_windows(size.batch, size.length, N_SIGNALS, N_FEATURES).to(size.device)


def our_model(architecture: str, size: argparse.Namespace) -> nn.Module:
    """`prism` with size.n intervened branches, or `mamba`, one branch in one direction; size.settings may add some."""
    sizes = {
        "d_model": size.d,
        "n_layer": size.layers,
        "center_len": size.length,
        "n_rna_features": N_FEATURES,
    }
    if architecture == "prism":
        sizes |= {"length": size.length, "n_signals": N_SIGNALS, "n_context": size.n}
    return build(architecture, sizes | getattr(size, "settings", {})).to(size.device).train()


def our_loss(module: nn.Module, batch: Batch) -> Tensor:
    output = module(batch)
    loss = F.smooth_l1_loss(output.expression.float(), batch.expression)
    for name, value in output.losses.items():
        loss = loss + module.loss_weights[name] * value
    return loss


def our_optimiser(module: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameter_groups(module, 1e-6), lr=5e-4, betas=(0.9, 0.95))


class Step:
    """forward(), backward() and update(), to be called in turn; `loss` is a function without arguments."""

    def __init__(
        self, module: nn.Module, loss: Callable[[], Tensor], optimiser: torch.optim.Optimizer | None = None
    ) -> None:
        self.module, self.loss = module, loss
        self.optimiser = optimiser or our_optimiser(module)

    def forward(self) -> None:
        self.value = self.loss()

    def backward(self) -> None:
        self.value.backward()
        self.value = None

    def update(self) -> None:
        nn.utils.clip_grad_norm_(self.module.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)

    def whole(self) -> None:
        self.forward()
        self.backward()
        self.update()


class GraphStep:
    """The trainer's captured step: the processor launches one thing instead of a thousand."""

    def __init__(self, size: argparse.Namespace, capture: Capture = cuda_graph) -> None:
        module, self.batch = our_model("prism", size), random_batch(size)
        optimiser = our_optimiser(module)
        make_capturable(optimiser)
        settings = (module, optimiser, self.batch, size.precision, 1.0)
        self.captured = CapturedStep(lambda batch: (our_loss(module, batch), {}), *settings)
        self.captured.prepare(capture)

    def whole(self) -> None:
        self.captured.replay(self.batch)


def ours(size: argparse.Namespace, architecture: str = "prism") -> Step:
    batch, module = random_batch(size), our_model(architecture, size)

    def loss() -> Tensor:
        with autocast(batch.sequence.device, size.precision):
            return our_loss(module, batch)

    return Step(module, loss)


def transformers_step(size: argparse.Namespace, mambapy: bool) -> Step:
    """transformers' MambaModel: one branch, one direction, a linear head on the mean."""
    from transformers import MambaConfig, MambaModel

    settings = MambaConfig(
        vocab_size=12,
        hidden_size=size.d,
        num_hidden_layers=size.layers,
        state_size=STATES,
        conv_kernel=CONV,
        expand=EXPAND,
        use_mambapy=mambapy,
        use_cache=False,
    )
    torch.manual_seed(0)
    module = nn.ModuleList([MambaModel(settings), nn.Linear(size.d, 1)]).to(size.device).train()
    batch = random_batch(size)
    tokens = batch.sequence.argmax(-1) + 7

    def loss() -> Tensor:
        hidden = module[0](tokens, use_cache=False).last_hidden_state
        return F.smooth_l1_loss(module[1](hidden.mean(1)).squeeze(1), batch.expression)

    return Step(module, loss)


def mambapy_scan(u, delta, A, B, C, D, z=None, delta_bias=None, delta_softplus=True, reverse=False):
    """`prism.ops.selective_scan` by mambapy's parallel scan."""
    from mambapy.pscan import pscan

    if reverse:
        turned = (None if x is None else x.flip(1) for x in (u, delta, B, C, z))
        u, delta, B, C, z = turned
    dt = F.softplus(delta.float() + delta_bias)
    h = pscan(torch.exp(dt[..., None] * A), (dt * u)[..., None] * B[:, :, None, :].float())
    y = ((h @ C[..., None].float()).squeeze(3) + D * u) * F.silu(z)
    return (y.flip(1) if reverse else y).to(u.dtype)


def mamba_ssm_scan(u, delta, A, B, C, D, z=None, delta_bias=None, delta_softplus=True, reverse=False):
    """`prism.ops.selective_scan` by mamba-ssm's compiled kernel, which wants channels before positions."""
    from mamba_ssm.ops.selective_scan_interface import selective_scan_fn

    columns = [
        None if x is None else (x.flip(1) if reverse else x).transpose(1, 2) for x in (u, delta, B, C, z)
    ]
    u, delta, B, C, z = columns
    y = selective_scan_fn(u, delta, A, B, C, D, z, delta_bias, delta_softplus).transpose(1, 2)
    return y.flip(1) if reverse else y


def mamba_ssm_conv(x, weight, bias=None, reverse=False):
    """`prism.ops.causal_conv` by causal-conv1d, mamba-ssm's companion."""
    from causal_conv1d import causal_conv1d_fn

    x = (x.flip(1) if reverse else x).transpose(1, 2)
    y = causal_conv1d_fn(x, weight.to(x.dtype), bias.to(x.dtype), activation="silu").transpose(1, 2)
    return y.flip(1) if reverse else y


def swapped(scan: Callable, convolution: Callable | None = None) -> None:
    """From here on the models of this process scan (and convolve) with these. Only where `ops` fuses nothing: a GPU."""
    ops.selective_scan = scan
    if convolution is not None:
        ops.causal_conv = convolution


def step_of(contender: str, size: argparse.Namespace) -> Step | GraphStep:
    """The step of that name; ImportError where its package is not installed."""
    if contender == "prism, CUDA graph":
        return GraphStep(size)
    if contender == "prism on mamba-ssm, CUDA graph":
        swapped(mamba_ssm_scan, mamba_ssm_conv)
        return GraphStep(size)
    if contender.startswith("transformers"):
        return transformers_step(size, mambapy=contender == "transformers + mambapy")
    if contender == "prism on mambapy":
        swapped(mambapy_scan, ops.causal_conv_reference)
    if contender == "prism on compiled mambapy":
        swapped(torch.compile(mambapy_scan), torch.compile(ops.causal_conv_reference))
    if contender == "prism on mamba-ssm":
        swapped(mamba_ssm_scan, mamba_ssm_conv)
    return ours(size, "mamba" if contender == "our mamba" else "prism")
