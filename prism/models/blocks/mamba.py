"""The pieces of a Mamba-1 mixer (Gu and Dao 2023)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import nn

from prism.models.kept import Kept, Numbers
from prism.ops import Direction

EXPAND = 2
D_STATE = 16
D_CONV = 4
STATE_EVERY = 64  # positions between kept states of a scan
DT_MIN, DT_MAX, DT_FLOOR = 1e-3, 0.1, 1e-4  # range of the step at the start

# Our names of one direction's parameters -> the authors' (mamba-ssm's).
DIRECTION_AUTHORS_NAMES = (
    (r"\.conv_weight$", (".conv1d.weight",)),
    (r"\.conv_bias$", (".conv1d.bias",)),
)


class SelectiveDirection(nn.Module):
    """The parameters of convolution, steps and selective scan of ONE reading direction.

    Initialised as published: A_log = log(1..16), D = 1, softplus(dt bias) log-uniform in [1e-3, 0.1], dt
    weight uniform within dt_rank^-0.5, the convolution as torch's Conv1d.

    d_model: width of the hidden states.
    reverse: whether it reads from the end of the window to its start; default False.
    """

    no_weight_decay: ClassVar[frozenset[str]] = frozenset({"A_log", "D"})

    def __init__(self, d_model: int, reverse: bool = False) -> None:
        super().__init__()
        d_inner = EXPAND * d_model
        self.dt_rank = math.ceil(d_model / 16)
        self.reverse = reverse
        self.conv_weight = nn.Parameter(torch.empty(d_inner, D_CONV))
        self.conv_bias = nn.Parameter(torch.empty(d_inner))
        self.x_proj = nn.Linear(d_inner, self.dt_rank + 2 * D_STATE, bias=False)
        self.dt_proj = nn.Linear(self.dt_rank, d_inner)
        self.A_log = nn.Parameter(torch.log(torch.arange(1.0, D_STATE + 1)).repeat(d_inner, 1))
        self.D = nn.Parameter(torch.ones(d_inner))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the random ones anew; A_log and D are constants at the start."""
        for parameter in (self.conv_weight, self.conv_bias):
            nn.init.uniform_(parameter, -(D_CONV**-0.5), D_CONV**-0.5)
        nn.init.uniform_(self.dt_proj.weight, -(self.dt_rank**-0.5), self.dt_rank**-0.5)
        with torch.no_grad():
            log_step = torch.empty_like(self.dt_proj.bias).uniform_(math.log(DT_MIN), math.log(DT_MAX))
            step = log_step.exp().clamp(min=DT_FLOOR)
            self.dt_proj.bias.copy_(step + torch.log(-torch.expm1(-step)))  # the inverse of softplus

    def weights(self) -> Direction:
        """What `prism.ops.mamba_inner` reads in this direction."""
        return Direction(
            self.conv_weight,
            self.conv_bias,
            self.x_proj.weight,
            self.dt_proj.weight,
            self.dt_proj.bias,
            self.A_log,
            self.D,
            self.reverse,
        )


def projections(d_model: int, n_layer: int) -> tuple[nn.Linear, nn.Linear]:
    """in_proj (to the input and the gate) and out_proj of a mixer, without biases.

    d_model: width of the hidden states.
    n_layer: layers of the whole stack; out_proj is drawn kaiming-uniform (a = sqrt 5) and divided by
        sqrt(n_layer).
    """
    in_proj = nn.Linear(d_model, 2 * EXPAND * d_model, bias=False)
    out_proj = nn.Linear(EXPAND * d_model, d_model, bias=False)
    with torch.no_grad():
        nn.init.kaiming_uniform_(out_proj.weight, a=math.sqrt(5))
        out_proj.weight.div_(math.sqrt(n_layer))
    return in_proj, out_proj


def kept_by_mamba(
    settings: Mapping[str, Any],
    length: int,
    device: str,
    around: Numbers,
    passes: int = 1,
    directions: int = 2,
) -> Kept:
    """What training keeps of one gene in a stack of Mamba layers, and around it.

    settings: d_model, n_layer and, where there is the choice, checkpoint_layers.
    length: positions of the stack, tokens.
    device: cpu or cuda.
    around: numbers kept for each position outside the layers.
    passes: how often a gene goes through the stack.
    directions: that each layer reads in.
    """
    d = settings["d_model"]
    return Kept(
        layer=_kept_by_layer(d, length, directions, device) * length,
        n_layer=passes * settings["n_layer"],
        layer_input=Numbers(whole=d) * length,
        around=around * length,
        # six arrays of D and the gradients of input and gate; states or sums of blocks, and the residual's gradient
        working=Numbers(products=16 * d, whole=8 * d) * length,
        checkpointed=settings.get("checkpoint_layers", False),
    )


def _kept_by_layer(d: int, length: int, directions: int, device: str) -> Numbers:
    """Numbers that one layer keeps at each position, by the fused kernels.

    Residual stream; input and gate; of each direction step, B and C. On a CPU (`prism.ops.cpu_mixer`) also its states
    every 64 positions. On a GPU (`prism.ops.triton_scan`) no states, but the input of out_proj: read off the code, not
    measured. The plain twin (PRISM_SCAN=reference) keeps more than 16 * D numbers a position and direction instead.
    D = 2 d is the width inside the layer.
    """
    inner, rank = EXPAND * d, math.ceil(d / 16)
    products, whole = 2 * inner + directions * (rank + 2 * D_STATE), d
    if device == "cpu":
        return Numbers(
            products, whole + directions * inner * D_STATE * math.ceil(length / STATE_EVERY) / length
        )
    return Numbers(products + inner, whole)
