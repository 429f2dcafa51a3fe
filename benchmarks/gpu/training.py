"""The paper's training of Prism on synthetic windows that stay on the device: steps a second, and does a seed repeat.

    python -m benchmarks.gpu.training --steps 3000 [--device cpu --quick]
    python -m benchmarks.gpu.training --repeat --steps 300 [--device cpu --quick]

The first trains as `benchmarks.whole_training` does: 18,377 genes of 2,000 bp, validated as the entry says. The second
trains twice from one seed, and says by how much losses and predictions differ.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import whole_training
from benchmarks.gpu.place import parsed
from prism.runs.paths import RunPaths
from prism.training.fit import train

QUICK_STEPS = 9


def main() -> None:
    """Print the table."""
    own = argparse.ArgumentParser(add_help=False)
    own.add_argument("--steps", type=int, default=3000)
    own.add_argument("--repeat", action="store_true")
    asked, sys.argv[1:] = own.parse_known_args()
    options = parsed(__doc__)
    asked.steps = QUICK_STEPS if options.quick else asked.steps
    sizes = {name: options.size[name] for name in ("length", "d", "layers")}
    run = argparse.Namespace(
        device=options.device,
        genes=options.genes,
        steps=asked.steps,
        repeats=2 if options.quick else 50,
        **sizes,
    )
    print(repeated(run) if asked.repeat else whole_training.report(run))


def repeated(options: argparse.Namespace) -> str:
    """How two trainings of one seed differ, in words."""
    histories, predictions = [], []
    with tempfile.TemporaryDirectory() as name:
        run = whole_training.the_run(Path(name), options)
        for attempt in ("first", "second"):
            folder = Path(name) / attempt
            folder.mkdir()
            train(run, RunPaths.within(folder), options.device)
            histories.append(pd.read_csv(folder / "history.csv")["train_loss"].to_numpy())
            predictions.append(pd.read_csv(folder / "predictions.tsv.gz", sep="\t")["prediction"].to_numpy())
    rows = [f"one seed, two trainings of {options.steps} steps on {options.device}:"]
    for what, (a, b) in (("train loss", histories), ("predictions", predictions)):
        apart = float(np.abs(a - b).max())
        rows.append(
            f"  {what}: {'the same to the last bit' if apart == 0 else f'largest difference {apart:.3g}'}"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    main()
