"""Prism's training step on our kernels and on those of others, same model, same size, one process after the other.

    python -m benchmarks.gpu.peers [--device cpu --quick]

mamba-ssm where it is installed, mambapy plain and compiled, and the plain twin. Each has 60 seconds. The last line is
the ratio to the fastest peer that ran.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from benchmarks.gpu.place import parsed

OURS = {"cuda": "prism, CUDA graph", "cpu": "prism"}
PEERS = {
    "cuda": ("prism on mamba-ssm", "prism on compiled mambapy", "prism on mambapy"),
    "cpu": ("prism on mambapy", "transformers + mambapy"),
}
SECONDS = 60


def main() -> None:
    """Print a row for each and the ratio."""
    options = parsed(__doc__)
    precision = "bf16" if options.device == "cuda" else "fp32"
    found = {}
    for name in (OURS[options.device], *PEERS[options.device]):
        found[name] = measured(name, options, precision)
        said = f"{found[name]:.5f} s" if isinstance(found[name], float) else f"did not run: {found[name]}"
        print(f"{name:28s}{precision}  {said}", flush=True)
    ours, *theirs = found.values()
    theirs = [seconds for seconds in theirs if isinstance(seconds, float)]
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
