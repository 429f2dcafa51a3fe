"""Time and memory of a training step of Prism, beside public implementations, and how they grow.

    python -m benchmarks.train_step [--device cuda] [--quick]

The table goes to the screen and to benchmarks/results/train_step.<device>.txt. Everything runs in a process of its own,
one after the other. The public packages are no dependency of the workflow; without them their lines say so:
`python -m pip install --no-deps --target PEERS transformers==4.56.2 mambapy==1.2.0 tokenizers==0.22.2
safetensors==0.7.0 huggingface_hub==0.36.0 regex`, then PYTHONPATH=PEERS. On a GPU also mamba-ssm and causal-conv1d.

On a CPU, public implementations take minutes where we take seconds, so they run on less: one branch, one direction, few
and short windows. Three comparisons, kept apart. `measured`: our model of one branch and one direction at the very same
size. `scaled`: their time at Prism's step, their measured time times the ratio of the work (windows x positions x
branches x directions). It is an estimate; the default path of transformers grows with the square of the length
in its backward pass, so that for it the scaled time is a lower bound. On a GPU the whole model runs at full size with
the scan (and convolution) of others put in: `measured` only.

limit: the time that the matrix products and the scan's own arithmetic would take at rates measured in this run, as a
share of the step. Products: 3 multiply-adds (1 forward, 2 backward) for each weight of a projection and position. Scan,
for each (position, channel, state): on a CPU 16 + 28 vector operations (benchmarks/scan.py); on a GPU 18 slots of a
multiply-add, for an exponential has an eighth of its rate: 8 forward and 10 backward. memory: on a CPU the highest
resident size less that after a tiny step of the same kind; on a GPU the most that PyTorch had allocated.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import statistics
import subprocess
import sys
import time

import torch

from benchmarks.scan import OPERATIONS, RESULTS, cpu_name, forget_peak, machine_rates, resident
from prism.compute import malloc

PAPER = {"batch": 8, "length": 2000, "d": 128, "layers": 4, "n": 2}
PUBLIC = {
    "transformers": {"batch": 1, "length": 250},
    "transformers + mambapy": {"batch": 2, "length": 2000},
}
ON_GPU = [
    "prism, CUDA graph",
    "prism",
    "prism on mamba-ssm, CUDA graph",
    "prism on mamba-ssm",
    "prism on compiled mambapy",
    "prism on mambapy",
    "prism on the twin",
]
GROWTH = {
    "length": (1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000),
    "batch": (1, 2, 4, 8, 16),
    "n": (0, 1, 2, 4),
    "d": (64, 128, 256),
}
QUICK = {"batch": 2, "length": 128, "d": 16, "layers": 1, "n": 2}
QUICK_GROWTH = {"length": (64, 128), "batch": (1, 2), "n": (0, 1), "d": (16,)}
GPU_SLOTS = 18
PARTS = ("forward", "backward", "update")


def measure(size: argparse.Namespace) -> dict:
    """Seconds of every part of the step, of the whole step, and the memory in GB, in this process."""
    from benchmarks.training_steps import step_of

    if size.device == "cpu":
        malloc.keep()  # as the trainer does, for all contenders
    wait = torch.cuda.synchronize if size.device == "cuda" else lambda: None
    tiny = {
        "batch": 1,
        "length": 64,
        "d": 16,
        "layers": 1,
    }  # imports and compiles, which is not what is measured
    step_of(size.contender, argparse.Namespace(**{**vars(size), **tiny})).whole()
    wait()
    forget_peak()
    before = resident("VmRSS")
    if size.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    step = step_of(size.contender, size)
    step.whole()
    wait()
    parts, whole = {name: [] for name in PARTS}, []
    for _ in range(size.repeats):
        for name in PARTS if hasattr(step, "forward") else ():
            started = time.perf_counter()
            getattr(step, name)()
            wait()
            parts[name].append(time.perf_counter() - started)
        started = time.perf_counter()
        for _ in range(size.together):
            step.whole()
        wait()
        whole.append((time.perf_counter() - started) / size.together)
    on_gpu = size.device == "cuda"
    memory = torch.cuda.max_memory_allocated() / 1e9 if on_gpu else resident("VmHWM") - before
    medians = {name: statistics.median(times) for name, times in parts.items() if times}
    return {**medians, "step": statistics.median(whole), "shortest": min(whole), "memory": memory}


def in_own_process(contender: str, common: argparse.Namespace, **size) -> dict | str:
    """`measure` in a fresh process, or the last line of what went wrong."""
    environment = {"OMP_WAIT_POLICY": "passive", **os.environ}  # as the trainer (workflow_scripts/threads.py)
    environment |= {"PRISM_SCAN": "reference"} if "twin" in contender else {}
    options = {**vars(common), **size, "contender": contender}
    command = [sys.executable, "-m", "benchmarks.train_step"]
    command += [f"--{key}={value}" for key, value in options.items() if key not in ("quick", "skip_growth")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    return (done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"])[-1][:100]


def gpu_rates() -> dict[str, float]:
    """Multiply-adds a second: in matrix products of bfloat16, and of float32 without tensor cores."""
    torch.backends.cuda.matmul.allow_tf32 = False
    rates = {}
    for name, dtype in (("products", torch.bfloat16), ("operations", torch.float32)):
        a = torch.randn(8192, 8192, device="cuda", dtype=dtype)
        seconds = []
        for _ in range(10):
            torch.cuda.synchronize()
            started = time.perf_counter()
            a @ a
            torch.cuda.synchronize()
            seconds.append(time.perf_counter() - started)
        rates[name] = 8192**3 / min(seconds)
    return rates


def cpu_rates(threads: int) -> dict[str, float]:
    """Multiply-adds a second in float32: in matrix products as large as in_proj's, and in vector operations."""
    a, b, seconds = torch.randn(16_000, 128), torch.randn(128, 512), []
    for _ in range(20):
        started = time.perf_counter()
        a @ b
        seconds.append(time.perf_counter() - started)
    return {"products": 16_000 * 128 * 512 / min(seconds), "operations": machine_rates(threads)["operations"]}


def limit(size: dict, rates: dict[str, float], device: str) -> dict[str, float]:
    """Seconds that products and scans of one step of Prism would take at the measured rates."""
    d, inner, rank = size["d"], 2 * size["d"], math.ceil(size["d"] / 16)
    positions = size["batch"] * (1 + size["n"]) * size["length"] * size["layers"]
    weights = d * 2 * inner + 2 * (inner * (rank + 32) + rank * inner) + inner * d
    operations = GPU_SLOTS if device == "cuda" else sum(OPERATIONS.values())
    return {
        "products": positions * weights * 3 / rates["products"],
        "scan": positions * 2 * inner * 16 * operations / rates["operations"],
    }


def cells(found: dict | str) -> str:
    if isinstance(found, str):
        return f"did not run: {found}"
    parts = "".join(f"{found[name]:10.4f}" if name in found else f"{'-':>10s}" for name in PARTS)
    return f"{parts}{found['step']:10.4f}{found['shortest']:10.4f}{found['memory']:9.3f} GB"


HEADER = f"{'':38s}   forward  backward    update    step s  shortest     memory"


def paper_step(
    common: argparse.Namespace, size: dict, rates: dict[str, float]
) -> tuple[list[str], dict | str]:
    names = ON_GPU if common.device == "cuda" else ["prism"]
    found = {name: in_own_process(name, common, **size) for name in names}
    ideal = limit(size, rates, common.device)
    rows = [f"Prism's training step: {described(size)}, {common.precision}", HEADER]
    first = next(iter(found.values()))
    for name, result in found.items():
        ratio = ""
        if isinstance(result, dict) and isinstance(first, dict):
            seconds = result["step"]
            share = f"{sum(ideal.values()) / seconds:6.1%} of the limit, {1 / seconds:.2f} steps/s"
            ratio = f"{seconds / first['step']:9.2f}x  {share}"
        rows.append(f"{name:38s}{cells(result)}{ratio}")
    return [*rows, f"limit: products {ideal['products']:.4f} s, scan {ideal['scan']:.4f} s"], first


def public_steps(common: argparse.Namespace, paper: dict, step: dict | str, quick: bool) -> list[str]:
    """Public implementations against our model of the same work, then scaled to the step of Prism."""
    rows = ["One branch, one direction (float32), at the same size, measured", HEADER]
    scaled = ["", "Scaled to Prism's step by the ratio of the work: estimates, not measured"]
    for name, size in PUBLIC.items():
        size = {**paper, **size, "n": 0} if not quick else {**paper, "n": 0, "length": 32}
        repeats = {"repeats": 1} if name == "transformers" else {}
        theirs = in_own_process(name, common, **size, **repeats)
        mine = in_own_process("our mamba", common, **size)
        rows += [f"{described(size, n=False)}"]
        rows += [f"  {who:36s}{cells(result)}" for who, result in ((name, theirs), ("our mamba", mine))]
        if isinstance(theirs, str) or isinstance(mine, str):
            continue
        rows.append(f"  ratio of the steps: {theirs['step'] / mine['step']:.1f}x")
        work = paper["batch"] * paper["length"] * (1 + paper["n"]) * 2 / (size["batch"] * size["length"])
        if isinstance(step, dict):
            estimate = theirs["step"] * work
            scaled.append(
                f"{name:38s}measured {theirs['step']:.3f} s x work {work:g} = scaled {estimate:.1f} s; "
                f"Prism's measured step {step['step']:.3f} s: {estimate / step['step']:.0f}x"
                + (" (a lower bound)" if name == "transformers" else "")
            )
    return rows + scaled


def growth(common: argparse.Namespace, paper: dict, quick: bool) -> list[str]:
    rows = [f"Growth of Prism's step, from {described(paper)}", HEADER]
    for name, values in (QUICK_GROWTH if quick else GROWTH).items():
        if name == "length":
            rows.append("length, with batch 1 and n 0")
        for value in values:
            base = {**paper, "batch": 1, "n": 0} if name == "length" else paper
            result = in_own_process("prism", common, **{**base, name: value, "repeats": 1, "together": 1})
            rows.append(f"  {name} {value:<{35 - len(name)}d}{cells(result)}")
    return rows


def described(size: dict, n: bool = True) -> str:
    names = [name for name in ("batch", "length", "d", "layers", "n") if n or name != "n"]
    return ", ".join(f"{name} {size[name]}" for name in names)


def report(options: argparse.Namespace) -> str:
    common = argparse.Namespace(
        **{k: getattr(options, k) for k in ("device", "threads", "precision", "repeats", "together")}
    )
    paper = QUICK if options.quick else PAPER
    rates = gpu_rates() if options.device == "cuda" else cpu_rates(options.threads)
    load = os.getloadavg()[0]
    step_rows, step = paper_step(common, paper, rates)
    blocks = [step_rows]
    if options.device == "cpu":
        blocks.append(public_steps(common, paper, step, options.quick))
    if not options.skip_growth:
        blocks.append(growth(common, paper, options.quick))
    products, operations = (rates[name] / 1e9 for name in ("products", "operations"))
    head = [
        f"training step of Prism on {device_name(options)}; torch {torch.__version__}; load before {load:.2f}",
        f"measured rates: products {products:.0f}, others {operations:.0f} G multiply-adds/s",
    ]
    if options.quick:
        head.append("--quick: tiny sizes that show only that everything runs")
    if options.device == "cpu" and load > 0.5:
        head.append("The machine was busy with other work: all times are rough.")
    return "\n".join("\n".join(block) + "\n" for block in [head, *blocks])


def device_name(options: argparse.Namespace) -> str:
    if options.device == "cuda":
        return torch.cuda.get_device_name()
    return f"{cpu_name()}, {os.cpu_count()} cores, {options.threads} threads"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does everything run?")
    parser.add_argument("--skip-growth", action="store_true")
    parser.add_argument("--precision", choices=["fp32", "bf16"], help="default: fp32 on a CPU, bf16 on a GPU")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--together", type=int, help="whole steps between two looks at the clock (GPU: 20)")
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    for name in PAPER:
        parser.add_argument(f"--{name}", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    on_gpu = options.device == "cuda"
    if on_gpu and not torch.cuda.is_available():
        parser.error("--device cuda: PyTorch finds no GPU here")
    options.precision = options.precision or ("bf16" if on_gpu else "fp32")
    options.together = options.together or (20 if on_gpu else 1)
    torch.set_num_threads(options.threads)
    if options.contender:
        print(json.dumps(measure(options)))
        return
    text = report(options)
    print(text)
    if options.quick:
        return
    slug = re.sub(r"[^a-z0-9]+", "-", device_name(options).lower().replace("(r)", "")).strip("-")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"train_step.{slug}.txt").write_text(text)


if __name__ == "__main__":
    main()
