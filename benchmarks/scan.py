"""Speed and memory of the selective scan on this CPU: the kernel, the plain twin, and mambapy's parallel scan.

    python -m benchmarks.scan [--batch 8 --length 2000 --channels 256 --states 16] [--skip twin]

Every contender runs in a process of its own, on the same random inputs, one after the other; the table goes to the
screen and to benchmarks/results/scan.<cpu>.txt. mambapy is no dependency of the workflow: `python -m pip install
--no-deps mambapy` first, or its line says that it is absent.

Times are medians (and the shortest) of repeated calls in one process. Forward includes what is kept for backward.
Memory is the highest resident size of the process less that just before the first full-size call (inputs made, kernels
compiled). The limit is what this machine could do with the same arithmetic or the same traffic, both measured in this
run: the operations on vectors that the recurrence needs for each state (16 forward: 13 of them an exponential; 28
backward, which forms the states again) at the rate of a loop of independent multiply-adds on all threads; and one
pass over the sequences read and written at the rate of a copy. The larger of the two times is the limit.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F

RESULTS = Path(__file__).parent / "results"
REPEATS = {"kernel": 15, "twin": 1, "mambapy": 3}
OPERATIONS = {
    "forward": 16,
    "backward": 28,
}  # vector instructions for each (position, channel, state) times lanes
SEQUENCES = {"forward": 4, "backward": 7}  # (batch, length, d) arrays read or written once


def inputs(size: argparse.Namespace) -> list[torch.Tensor]:
    """u, delta, A, B, C, D, z, delta_bias at Mamba's starting values, with gradients; shapes as in prism.ops."""
    torch.manual_seed(0)
    batch, length, d, n = size.batch, size.length, size.channels, size.states
    step = torch.empty(d).uniform_(-6.9, -2.3).exp()
    made = [
        torch.randn(batch, length, d),
        0.1 * torch.randn(batch, length, d),
        -torch.arange(1.0, n + 1).repeat(d, 1),
        torch.randn(batch, length, n),
        torch.randn(batch, length, n),
        torch.ones(d),
        torch.randn(batch, length, d),
        step + torch.log(-torch.expm1(-step)),
    ]
    return [x.requires_grad_() for x in made]


def mambapy_scan(u, delta, A, B, C, D, z, delta_bias):
    """The same numbers by mambapy's parallel scan, as its own Mamba block calls it."""
    from mambapy.pscan import pscan

    dt = F.softplus(delta + delta_bias)
    h = pscan(torch.exp(dt[..., None] * A), (dt * u)[..., None] * B[:, :, None, :])
    return ((h @ C[..., None]).squeeze(3) + D * u) * F.silu(z)


def contender(name: str):
    """The function of that name, and one tiny call of it so that compiling is not measured."""
    if name == "mambapy":
        scan = mambapy_scan
    else:
        from prism.ops import selective_scan, selective_scan_reference

        scan = selective_scan if name == "kernel" else selective_scan_reference
    tiny = inputs(argparse.Namespace(batch=1, length=4, channels=32, states=4))
    scan(*tiny).sum().backward()
    return scan


def resident(kind: str) -> float:
    """Memory of this process in GB: VmRSS, resident now, or VmHWM, the highest since `forget_peak`."""
    found = re.search(rf"{kind}:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(found.group(1)) * 1024 / 1e9


def forget_peak() -> None:
    """Start VmHWM anew (getrusage's ru_maxrss cannot be, and starts at the size of the parent process)."""
    Path("/proc/self/clear_refs").write_text("5")


def measure(name: str, size: argparse.Namespace) -> dict:
    """Times in seconds and memory in GB of one contender, in this process."""
    scan = contender(name)
    leaves = inputs(size)
    gy = torch.randn(size.batch, size.length, size.channels)
    forget_peak()
    before = resident("VmRSS")
    forward, backward, memory = [], [], None
    for _ in range(REPEATS[name] + (name == "kernel")):
        started = time.perf_counter()
        y = scan(*leaves)
        middle = time.perf_counter()
        gradients = torch.autograd.grad(y, leaves, gy)
        forward.append(middle - started)
        backward.append(time.perf_counter() - middle)
        memory = memory or resident("VmHWM") - before
        checks = [float(x.detach().abs().sum(dtype=torch.float64)) for x in (y, *gradients)]
        del y, gradients
    warm = slice(1, None) if len(forward) > 1 else slice(None)
    return {"forward": forward[warm], "backward": backward[warm], "memory": memory, "checks": checks}


def machine_rates(threads: int) -> dict[str, float]:
    """Multiply-adds of float32 a second on `threads` threads, and bytes a second of a copy (read and written)."""
    from numba import njit, types

    from prism.ops.compiled import run
    from prism.ops.lanes import LANES, load, store

    @njit(types.void(types.int64, types.int64, types.Array(types.float32, 2, "A"), types.int64), nogil=True)
    def multiply_adds(first, stop, x, times):
        for task in range(first, stop):
            m, a = load(x, (0, 0)), load(x, (1, 0))
            b, c, d, e, f, g = a + a, a + m, a * m, a - m, m + m, m * m
            for _ in range(times):
                a, b, c, d, e, f, g = (
                    a * m + a,
                    b * m + b,
                    c * m + c,
                    d * m + d,
                    e * m + e,
                    f * m + f,
                    g * m + g,
                )
            store(x, (2 + task, 0), a + b + c + d + e + f + g)

    times = 3_000_000
    x = torch.full((2 + threads, LANES), 1e-30).numpy()
    block = torch.ones(64_000_000)
    seconds, copies = [], []
    for _ in range(5):
        started = time.perf_counter()
        run(multiply_adds, threads, x, times)
        seconds.append(time.perf_counter() - started)
        started = time.perf_counter()
        block[:32_000_000].copy_(block[32_000_000:])
        copies.append(time.perf_counter() - started)
    return {"operations": threads * times * 7 * LANES / min(seconds), "bytes": block.nbytes / min(copies)}


def in_own_process(name: str, size: argparse.Namespace) -> dict | str:
    """`measure` in a fresh process, or the last line of what went wrong."""
    numbers = [
        f"--{key}={getattr(size, key)}" for key in ("batch", "length", "channels", "states", "threads")
    ]
    command = [sys.executable, "-m", "benchmarks.scan", "--contender", name, *numbers]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    return (done.stderr.strip().splitlines() or ["no message"])[-1]


def cpu_name() -> str:
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return found.group(1).strip() if found else "unknown CPU"


def slug() -> str:
    """The machine's name in the name of a file of results."""
    words = f"{cpu_name()} {os.cpu_count()} cores".lower().replace("(r)", "")
    return re.sub(r"[^a-z0-9]+", "-", words).strip("-")


def line(name: str, found: dict, kernel: dict, limits: dict[str, float]) -> str:
    """One row of the table."""
    cells = [f"{name:8s}"]
    for part in ("forward", "backward"):
        median, ratio = statistics.median(found[part]), statistics.median(kernel[part])
        share = limits[part] / median
        cells.append(f"{median:8.4f} {min(found[part]):8.4f} {median / ratio:7.1f}x {share:7.1%}")
    total = sum(statistics.median(found[part]) for part in ("forward", "backward"))
    whole = sum(statistics.median(kernel[part]) for part in ("forward", "backward"))
    worst = max(abs(a / b - 1) for a, b in zip(found["checks"], kernel["checks"], strict=True))
    return "  ".join([*cells, f"{total / whole:7.1f}x", f"{found['memory']:7.3f} GB", f"{worst:8.1e}"])


def report(size: argparse.Namespace) -> str:
    rates = machine_rates(size.threads)
    elements = size.batch * size.length * size.channels
    limits, reasons = {}, []
    for part in ("forward", "backward"):
        arithmetic = elements * size.states * OPERATIONS[part] / rates["operations"]
        traffic = elements * 4 * SEQUENCES[part] / rates["bytes"]
        limits[part] = max(arithmetic, traffic)
        reasons.append(
            f"{part} limit {limits[part]:.4f} s (arithmetic {arithmetic:.4f}, traffic {traffic:.4f})"
        )
    names = [name for name in REPEATS if name not in size.skip]
    load = os.getloadavg()[0]
    found = {name: in_own_process(name, size) for name in names}
    rows = [
        f"selective scan, batch {size.batch}, length {size.length}, d {size.channels}, n {size.states}, float32",
        f"machine: {cpu_name()}, {os.cpu_count()} cores, {size.threads} threads; load before {load:.2f}, "
        f"after {os.getloadavg()[0]:.2f}; torch {torch.__version__}",
        f"measured rates: {rates['operations'] / 1e9:.0f} G multiply-adds/s, copy {rates['bytes'] / 1e9:.1f} GB/s",
        "; ".join(reasons),
        "",
        "            forward s      min    ratio   limit   backward s     min   ratio   limit"
        "     both      memory     differs",
    ]
    for name, result in found.items():
        if isinstance(result, str):
            rows.append(f"{name:8s}  absent: {result}")
        else:
            rows.append(line(name, result, found["kernel"], limits))
    if max(load, os.getloadavg()[0] - size.threads) > 0.5:
        rows += ["", "The machine was busy with other work: times, ratios and shares of the limit are rough."]
    rows += [
        "",
        "ratio: time against the kernel's in this run; limit: the share of the limit above (how: benchmarks/scan.py);",
        "memory: peak resident size less that before the first call; differs: largest relative difference from the",
        "kernel in the sums of |y| and of every |gradient|.",
    ]
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("batch", 8), ("length", 2000), ("channels", 256), ("states", 16)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--skip", nargs="*", default=[], choices=["twin", "mambapy"])
    parser.add_argument("--contender", choices=list(REPEATS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.contender:
        print(json.dumps(measure(arguments.contender, arguments)))
        return
    text = report(arguments)
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"scan.{slug()}.txt").write_text(text + "\n")


if __name__ == "__main__":
    main()
