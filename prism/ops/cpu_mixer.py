"""A Mamba mixer after its in_proj on a CPU: conv, SiLU, step, scan, gate and out_proj as one operation.

It keeps for the gradients: xz, and for each direction the low-rank step with B and C, and the state before
each chunk.
Everything else with a number for each position and channel is scratch, made again in the backward pass: the
convolved input, the steps (inside the scan's kernel) and the sum of the directions.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from prism.ops.cpu_conv import run_conv, run_conv_backward
from prism.ops.cpu_scan import ScanInputs, run_backward, run_forward, scan_rates, states_of_chunks
from prism.ops.direction import Direction
from prism.ops.lanes import LANES
from prism.ops.layout import padded, unset


def mamba_inner_cpu(xz: Tensor, directions: list[Direction], out_weight: Tensor) -> Tensor:
    """As `prism.ops.mamba_inner`, for parameters of one dtype, float32 or float64, on the CPU.

    xz: (batch, length, 2d).
    directions: the parameters of each.
    out_weight: (d_out, d).
    """
    batch, length, width = xz.shape
    xz = padded(xz.view(batch, length, 2, width // 2), -1, LANES).flatten(2)
    directions, out_weight = [_whole(direction) for direction in directions], padded(out_weight, 1, LANES)
    products = out_weight.dtype
    if torch.is_autocast_enabled("cpu") and products == torch.float32:
        products = torch.get_autocast_dtype("cpu")
    reverse = tuple(direction.reverse for direction in directions)
    tensors = [x for direction in directions for x in direction.tensors]
    if torch.is_grad_enabled() and any(x.requires_grad for x in (xz, out_weight, *tensors)):
        return _Mixer.apply(xz, out_weight, products, reverse, *tensors)
    return _forward(xz, directions, out_weight, products, keep=False)[0]


def _whole(direction: Direction) -> Direction:
    """The same with zeros added: whole vectors of channels, an even number of states."""
    rank, n = direction.dt_weight.shape[1], direction.A_log.shape[1]
    low, B, C = direction.x_weight.split([rank, n, n])
    x_weight = direction.x_weight if n % 2 == 0 else torch.cat([low, padded(B, 0, 2), padded(C, 0, 2)])
    return direction._replace(
        conv_weight=padded(direction.conv_weight, 0, LANES),
        conv_bias=padded(direction.conv_bias, 0, LANES),
        x_weight=padded(x_weight, 1, LANES),
        dt_weight=padded(direction.dt_weight, 0, LANES),
        dt_bias=padded(direction.dt_bias, 0, LANES),
        A_log=padded(padded(direction.A_log, 0, LANES), 1, 2),
        D=padded(direction.D, 0, LANES),
    )


def _product(a: Tensor, b: Tensor, products: torch.dtype) -> Tensor:
    """a @ b, multiplied in `products`."""
    return a.to(products) @ b.to(products)


def _scan_inputs(u: Tensor, z: Tensor, projected: Tensor, direction: Direction) -> ScanInputs:
    """projected: (batch, length, rank + 2n): the low-rank step, B, C."""
    rank, n = direction.dt_weight.shape[1], direction.A_log.shape[1]
    low, B, C = projected.split([rank, n, n], dim=-1)
    spread, rates = direction.dt_weight.detach().t().contiguous(), scan_rates(-torch.exp(direction.A_log))
    return ScanInputs(
        u, None, low, spread, rates, B, C, direction.D, z, direction.dt_bias, True, direction.reverse
    )


def _forward(
    xz: Tensor, directions: list[Direction], out_weight: Tensor, products: torch.dtype, keep: bool
) -> tuple[Tensor, list[Tensor]]:
    """The result, and for each direction what `x_weight` makes and the states of chunks, one after the other."""
    kept = []
    with torch.autocast("cpu", enabled=False):
        x, z = xz.to(out_weight.dtype).chunk(2, dim=-1)
        u, y = (unset(out_weight, *x.shape) for _ in range(2))
        for i, direction in enumerate(directions):
            run_conv(x, direction.conv_weight, direction.conv_bias, direction.reverse, u)
            projected = u @ direction.x_weight.t()
            inputs = _scan_inputs(u, z, projected, direction)
            states = states_of_chunks(inputs, keep)
            run_forward(inputs, y, states, add=i > 0)
            kept += [projected, states]
        return F.linear(y.to(products), out_weight.to(products)), kept


class _Mixer(torch.autograd.Function):
    @staticmethod
    def forward(ctx, xz, out_weight, products, reverse, *tensors):
        directions = _directions(tensors, reverse)
        result, kept = _forward(xz, directions, out_weight, products, keep=True)
        ctx.save_for_backward(xz, out_weight, *tensors, *kept)
        ctx.settings = (products, reverse)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx, gresult):
        products, reverse = ctx.settings
        xz, out_weight, *rest = ctx.saved_tensors
        kept = [rest.pop() for _ in range(2 * len(reverse))][::-1]
        with torch.autocast("cpu", enabled=False):
            x, z = xz.to(out_weight.dtype).chunk(2, dim=-1)
            gxz = unset(out_weight, *xz.shape)
            gx, gz = gxz.chunk(2, dim=-1)
            gy = _product(gresult, out_weight, products).to(gxz.dtype)
            y, *scratch = (unset(gy) for _ in range(4))
            gtensors: list[Tensor] = []
            for i, direction in enumerate(_directions(rest, reverse)):
                sequences = (x, z, *kept[2 * i : 2 * i + 2], y, gy, gx, gz, *scratch)
                gtensors += _direction_backward(direction, *sequences, add=i > 0)
            gout_weight = _product(gresult.flatten(0, 1).t(), y.flatten(0, 1), products).to(gxz.dtype)
            return gxz.to(xz.dtype), gout_weight, None, None, *gtensors


def _direction_backward(
    direction, x, z, projected, states, y, gy, gx, gz, u, gu, gdelta, add: bool
) -> list[Tensor]:
    """Write y, gx and gz from gy, or add to them; u, gu and gdelta are scratch. Returns the tensors' gradients."""
    rank, n = direction.dt_weight.shape[1], direction.A_log.shape[1]
    convolution = (x, direction.conv_weight, direction.conv_bias, direction.reverse)
    run_conv(*convolution, u)
    inputs, gprojected = _scan_inputs(u, z, projected, direction), unset(projected)
    glow, gB, gC = gprojected.split([rank, n, n], dim=-1)
    of_scan = run_backward(inputs, states, gy, gu, gdelta, gz, gB, gC, y=y, add=add)
    glow.copy_(gdelta @ direction.dt_weight)
    # twice as fast as gdelta.t() @ low
    gdt_weight = (inputs.low.flatten(0, 1).t() @ gdelta.flatten(0, 1)).t()
    gx_weight = gprojected.flatten(0, 1).t() @ u.flatten(0, 1)
    gu.flatten(0, 1).addmm_(gprojected.flatten(0, 1), direction.x_weight)
    of_conv = run_conv_backward(*convolution, gu, gx, add)
    gA_log = of_scan.A * -torch.exp(direction.A_log)  # A = -exp(A_log)
    return [*of_conv, gx_weight, gdt_weight, of_scan.bias, gA_log, of_scan.D]


def _directions(tensors, reverse: tuple[bool, ...]) -> list[Direction]:
    each = len(tensors) // len(reverse)
    return [Direction(*tensors[i * each : (i + 1) * each], reverse=way) for i, way in enumerate(reverse)]
