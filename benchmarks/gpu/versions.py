"""Versions, imports and one kernel: the selective scan against its plain twin in float64. Exit status 1 if it is wrong.

python -m benchmarks.gpu.versions [--device cpu --quick]
"""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata

import torch

from benchmarks.gpu.place import parsed

PACKAGES = (
    "torch",
    "triton",
    "pytorch-lightning",
    "numpy",
    "pandas",
    "h5py",
    "scipy",
    "mamba-ssm",
    "mambapy",
)
TOLERANCE = 1e-5  # of the largest number of each tensor
LEGEND = ("u", "delta", "A", "B", "C", "D", "z", "delta_bias")


def main() -> None:
    """Print versions and the kernel's errors."""
    options = parsed(__doc__)
    print(f"python {platform.python_version()}, CUDA {torch.version.cuda}")
    for name in PACKAGES:
        print(f"{name} {version_of(name)}")
    if options.device == "cuda":
        facts = torch.cuda.get_device_properties(0)
        kind = f"{facts.multi_processor_count} multiprocessors, sm_{facts.major}{facts.minor}"
        print(f"{facts.name}: {facts.total_memory / 2**30:.0f} GiB, {kind}")
    worst = scan_errors(options.device, (1, 18, 3, 2) if options.quick else (2, 2000, 40, 16))
    print("selective scan by Triton against the float64 twin, of the largest number:")
    for name, error in worst.items():
        print(f"  {name:12s}{error:.1e}")
    if max(worst.values()) > TOLERANCE:
        sys.exit(f"the kernel is wrong: more than {TOLERANCE:g}")
    print("right")


def version_of(package: str) -> str:
    """Its version, or `not installed`."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def scan_errors(device: str, size: tuple[int, int, int, int]) -> dict[str, float]:
    """Largest differences of the scan and of its gradients from the twin's, relative to each tensor's largest number.

    device: cuda, or cpu for Triton's interpreter.
    size: batch, length, channels and states of the sequences.
    """
    if device == "cpu":
        os.environ |= {"TRITON_INTERPRET": "1", "PRISM_SCAN": "triton"}
    from prism.ops import selective_scan, selective_scan_reference

    draw = torch.Generator().manual_seed(0)
    batch, length, d, n = size
    sequence, gates = (batch, length, d), (batch, length, n)
    shapes = (sequence, sequence, (d, n), gates, gates, (d,), sequence, (d,))
    inputs = [torch.randn(*shape, generator=draw, dtype=torch.float64) for shape in shapes]
    inputs[LEGEND.index("A")] = -inputs[LEGEND.index("A")].abs() - 0.1
    found = answers(selective_scan, [x.float().to(device) for x in inputs])
    exact = answers(selective_scan_reference, [x.float().double() for x in inputs])
    return {name: relative(found[name].double().cpu(), value) for name, value in exact.items()}


def relative(found: torch.Tensor, exact: torch.Tensor) -> float:
    """The largest difference, of the largest number."""
    return float((found - exact).abs().max() / exact.abs().max())


def answers(scan, inputs: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    """`y` and the gradient of its sum of squares by each input."""
    leaves = [x.clone().requires_grad_() for x in inputs]
    y = scan(*leaves)
    y.square().sum().backward()
    return {"y": y.detach(), **{name: leaf.grad for name, leaf in zip(LEGEND, leaves, strict=True)}}


if __name__ == "__main__":
    main()
