"""Genes a second that a trained Prism predicts, and how long all substitutions of one window take.

python -m benchmarks.gpu.inference [--device cpu --quick]
"""

from __future__ import annotations

import torch

from benchmarks.gpu.place import GENES, parsed, seconds_of, sized
from benchmarks.training_steps import our_model, random_batch
from prism.compute.precision import autocast

BATCHES = (64, 256, 512)
SUBSTITUTIONS = 3  # at each position


def main() -> None:
    """Print a row for each precision and batch."""
    options = parsed(__doc__)
    together = 5 if options.device == "cuda" else 1
    mutants = SUBSTITUTIONS * options.size["length"]
    for precision in ("fp32", "bf16"):
        for batch in BATCHES[: 1 if options.quick else None]:
            size = sized(options, precision=precision, batch=min(batch, 4) if options.quick else batch)
            module, windows = our_model("prism", size).eval(), random_batch(size)

            def predict(module=module, windows=windows, precision=precision):
                with torch.inference_mode(), autocast(windows.sequence.device, precision):
                    module(windows)

            rate = size.batch / seconds_of(predict, options.device, together)
            whole, one = (
                f"{GENES:,} genes {GENES / rate:8.1f} s",
                f"{mutants:,} mutants of a window {mutants / rate:.2f} s",
            )
            print(f"{precision}, {size.batch:4d} at once: {rate:10.1f} windows/s; {whole}; {one}", flush=True)


if __name__ == "__main__":
    main()
