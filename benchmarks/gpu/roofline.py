"""How near a training step of Prism is to what this device could do, by two ceilings that are measured here.

    python -m benchmarks.gpu.roofline [--device cpu --quick]

Arithmetic: matrix products and the scan's own operations at the rates of a large product and of float32 without tensor
cores (`benchmarks.train_step.limit`). Traffic: every array of one number for each position and channel read or written
once where an operation needs it, at the rate of a copy. The step cannot be faster than the larger of the two.
"""

from __future__ import annotations

import math

import torch

from benchmarks.gpu.place import parsed, seconds_of, sized
from benchmarks.train_step import gpu_rates, limit
from benchmarks.training_steps import GraphStep, ours

COPIED = 1 << 28  # float32 numbers
SCAN_ARRAYS = 4 + 7  # (batch, length, d_inner) arrays of one direction, forward and backward
BYTES = {"fp32": 4, "bf16": 2}


def main() -> None:
    """Print the ceilings and the shares."""
    options = parsed(__doc__)
    rates = gpu_rates() if options.device == "cuda" else quick_rates()
    copy = copy_rate(options.device, 1 << 20 if options.quick else COPIED)
    print(f"measured here: products {2 * rates['products'] / 1e12:.3g} TFLOP/s (bf16), others "
          f"{2 * rates['operations'] / 1e12:.3g} TFLOP/s (float32), a copy {copy / 1e12:.3g} TB/s")  # fmt: skip
    together = 20 if options.device == "cuda" else 1
    for precision, width in BYTES.items():
        kind = GraphStep if options.device == "cuda" else ours
        step = seconds_of(kind(sized(options, precision=precision)).whole, options.device, together)
        arithmetic = sum(limit(options.size, rates, options.device).values())
        moved = traffic(options.size, width) / copy
        ceiling = max(arithmetic, moved)
        print(f"{precision}: step {step:.5f} s; arithmetic {arithmetic:.5f} s, traffic {moved:.5f} s: "
              f"{ceiling / step:.0%} of the {'arithmetic' if arithmetic >= moved else 'traffic'} ceiling")  # fmt: skip


def traffic(size: dict, width: int) -> float:
    """Bytes that one step has to move: a lower count, with `width` bytes for each number.

    Of each layer: in_proj and out_proj read and write their inputs and outputs three times (forward, and twice in the
    backward pass), and the convolution and the scan of each direction `SCAN_ARRAYS` arrays.
    """
    d, inner, rank = size["d"], 2 * size["d"], math.ceil(size["d"] / 16)
    positions = size["batch"] * (1 + size["n"]) * size["length"]
    projections = 3 * (d + 2 * inner + inner + d)
    scans = 2 * (SCAN_ARRAYS * inner + 3 * (rank + 32))
    return float(positions * size["layers"] * (projections + scans) * width)


def copy_rate(device: str, numbers: int) -> float:
    """Bytes a second of a copy within the device's memory, read and written."""
    there, other = torch.ones(numbers, device=device), torch.empty(numbers, device=device)
    return 2 * there.nbytes / seconds_of(lambda: other.copy_(there), device, together=3)


def quick_rates() -> dict[str, float]:
    """Rates of a small product, for a CPU's try-out: of no meaning."""
    a = torch.randn(512, 512)
    rate = 512**3 / seconds_of(lambda: a @ a, "cpu", together=3)
    return {"products": rate, "operations": rate}


if __name__ == "__main__":
    main()
