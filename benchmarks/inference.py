"""Genes a second that Prism predicts on this CPU: the observed branch, windows of 2,000 bp.

    python -m benchmarks.inference [--genes 512 --length 2000 --batch 16 --precisions fp32 bf16]

Random sequence, signals and weights (time does not depend on them), in memory. Every precision runs in a process of its
own: one batch to warm up, then `genes` genes. Memory is the highest resident size of the process, PyTorch included. The
table goes to the screen and to benchmarks/results/inference.<cpu>.txt.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import torch

from benchmarks.gradient_accuracy import a_batch
from benchmarks.scan import RESULTS, cpu_name, forget_peak, resident, slug
from prism.compute import malloc
from prism.models import build

WHOLE = 18_377  # genes of the paper's table


def measure(arguments: argparse.Namespace) -> dict:
    """Seconds of each batch, CPU seconds of all, and memory in GB, in this process."""
    malloc.keep()  # as `prism.inference.prediction` does
    torch.manual_seed(0)
    model = build("prism", {"length": arguments.length}).eval()
    genes = a_batch(arguments.batch, arguments.length, torch.float32)
    bf16 = torch.autocast("cpu", torch.bfloat16, enabled=arguments.precision == "bf16")
    seconds = []
    with torch.inference_mode(), bf16:
        model(genes)
        forget_peak()
        before = time.process_time()
        for _ in range(-(-arguments.genes // arguments.batch)):
            started = time.perf_counter()
            model(genes)
            seconds.append(time.perf_counter() - started)
    return {"seconds": seconds, "cpu": time.process_time() - before, "memory": resident("VmHWM")}


def in_own_process(arguments: argparse.Namespace, precision: str) -> dict:
    """`measure` in a fresh process."""
    numbers = [f"--{key}={getattr(arguments, key)}" for key in ("genes", "length", "batch", "threads")]
    command = [sys.executable, "-m", "benchmarks.inference", "--precision", precision, *numbers]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def report(arguments: argparse.Namespace) -> str:
    load = os.getloadavg()[0]
    rows = [
        f"predictions of Prism, {arguments.length} bp, 4 layers; {arguments.genes} genes, {arguments.batch} a batch",
        "",
        f"{'':6s}{'genes/s':>9s}{'fastest':>9s}{'CPU s/gene':>12s}{f'{WHOLE:,} genes':>16s}{'memory':>10s}",
    ]
    for precision in arguments.precisions:
        found = in_own_process(arguments, precision)
        batches = found["seconds"]
        rate, best = arguments.batch / statistics.mean(batches), arguments.batch / min(batches)
        cpu = found["cpu"] / (len(batches) * arguments.batch)
        rows.append(
            f"{precision:6s}{rate:9.1f}{best:9.1f}{cpu:12.4f}{WHOLE / rate / 60:12.1f} min{found['memory']:7.2f} GB"
        )
    rows[1:1] = [
        f"machine: {cpu_name()}, {os.cpu_count()} cores, {arguments.threads} threads; load before {load:.2f}, "
        f"after {os.getloadavg()[0]:.2f}; torch {torch.__version__}"
    ]
    if max(load, os.getloadavg()[0] - arguments.threads) > 0.5:
        rows += ["", "The machine was busy with other work: rates are too low; CPU time says more."]
    rows += ["", "genes/s: mean over all batches; fastest: that of the fastest batch."]
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("genes", 512), ("length", 2000), ("batch", 16)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--precisions", nargs="+", default=["fp32", "bf16"], choices=["fp32", "bf16"])
    parser.add_argument("--precision", choices=["fp32", "bf16"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.precision:
        print(json.dumps(measure(arguments)))
        return
    text = report(arguments)
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"inference.{slug()}.txt").write_text(text + "\n")


if __name__ == "__main__":
    main()
