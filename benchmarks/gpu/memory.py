"""Memory of training entries of 200 kb against what is worked out before a training starts.

python -m benchmarks.gpu.memory [--device cpu --quick]
"""

from __future__ import annotations

import gc

import torch

from benchmarks.entries import entry_of
from benchmarks.gpu.place import parsed
from benchmarks.model_costs import measure, synthetic_run
from prism.training.memory.estimate import needed_bytes

ENTRIES = (
    "mamba_200k",
    "caduceus_200k",
    "caduceus_signals_200k",
    "hyenadna_200k",
    "seq2exp_soft_200k",
    "seq2exp_hard_200k",
)
QUICK_LENGTH = 2000


def main() -> None:
    """Print a row for each entry."""
    options = parsed(__doc__)
    print(f"{'entry':24s}{'genes at once':>14s}{'GB measured':>13s}{'GB estimated':>14s}{'s a step':>10s}")
    for name in ENTRIES[: 1 if options.quick else None]:
        entry = entry_of(name)
        if options.quick:
            entry["length"] = QUICK_LENGTH
            entry["settings"] |= {"d_model": 16, "n_layer": 1}
            entry["training"] |= {"batch_size": 2}
        print(row(name, entry, options.device), flush=True)
        gc.collect()
        if options.device == "cuda":
            torch.cuda.empty_cache()


def row(name: str, entry: dict, device: str) -> str:
    """What two steps of an entry took, in one line; or what stopped them."""
    try:
        record = measure(entry, name, device)
    except (RuntimeError, ValueError, MemoryError) as error:
        return f"{name:24s} did not run: {' '.join(str(error).split())[:150]}"
    peak = (record["peak_memory_bytes"] - record["memory_before_bytes"]) / 1e9
    measured = synthetic_run(record["entry"], name, genes=1)
    estimated = (needed_bytes(measured, torch.device(device)) or 0.0) / 1e9
    cut = f"  cut: {'; '.join(record['reduced'])[:120]}" if record["reduced"] else ""
    genes, seconds = record["genes_at_once"], record["seconds_a_step"][-1]
    return f"{name:24s}{genes:14d}{peak:13.2f}{estimated:14.2f}{seconds:10.3f}{cut}"


if __name__ == "__main__":
    main()
