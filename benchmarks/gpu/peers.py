"""Prism's training step on our kernels and on those of others, same model, same size, one process after the other.

    python -m benchmarks.gpu.peers [--device cpu --quick]

mamba-ssm's kernels where they are installed, launched one by one and as one CUDA graph; else mambapy, plain and
compiled. Each has 60 seconds. The last line is the ratio to the fastest peer that ran.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from benchmarks.gpu.place import parsed

OURS = {"cuda": "prism, CUDA graph", "cpu": "prism"}
KERNELS = ("prism on mamba-ssm", "prism on mamba-ssm, CUDA graph")
PLAIN = {
    "cuda": ("prism on compiled mambapy", "prism on mambapy"),
    "cpu": ("prism on mambapy", "transformers + mambapy"),
}
SECONDS = 60


def main() -> None:
    """Print a row for each and the ratio."""
    options = parsed(__doc__)
    precision = "bf16" if options.device == "cuda" else "fp32"
    found = {}

    def told(*names: str) -> list[float]:
        for name in names:
            found[name] = measured(name, options, precision)
            said = f"{found[name]:.5f} s" if isinstance(found[name], float) else f"did not run: {found[name]}"
            print(f"{name:32s}{precision}  {said}", flush=True)
        return [found[name] for name in names if isinstance(found[name], float)]

    told(OURS[options.device])
    theirs = told(*KERNELS) if options.device == "cuda" else []
    theirs = theirs or told(*PLAIN[options.device])
    ours = found[OURS[options.device]]
    if isinstance(ours, float) and theirs:
        print(f"ratio to the fastest of the others: {min(theirs) / ours:.2f}x")
    else:
        print("ratio: none, for ours or all the others did not run")


def measured(name: str, options, precision: str) -> float | str:
    """Seconds of a step in a process of its own, or why there are none."""
    command = [sys.executable, "-m", "benchmarks.train_step", "--contender", name, "--device", options.device]
    command += ["--precision", precision, "--threads", str(os.cpu_count())]
    command += [f"--{key}={value}" for key, value in options.size.items()]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"more than {SECONDS} s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1][:100]
    return float(json.loads(done.stdout.splitlines()[-1])["step"])


if __name__ == "__main__":
    main()
