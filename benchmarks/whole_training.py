"""A training as the workflow runs it, on data of the paper's size: where its time goes, and how long 50,000 steps are.

    python -m benchmarks.whole_training [--device cuda] [--steps 1000] [--genes 18377]

A dataset file of random windows (2,000 bp; two signals for each base, contacts for each 5 kb) is written, opened by the
trainer's reader and trained on by `prism.training.fit.train` with the entry prism_2k, `steps` steps long and validated
as that entry says. Then, in the same process, validation alone and a bare step on one batch that stays on the device
are timed. The bare step is what the hardware needs; what a step of the training takes beyond it is reading the batch,
Lightning and the journal. On a GPU both are CUDA graphs. The first steps (compiling) are not counted: the clock runs
from the first validation to the last. The table goes to the screen and benchmarks/results/whole_training.<device>.txt.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import torch

from benchmarks.entries import entry_of
from benchmarks.scan import RESULTS, slug
from benchmarks.train_step import PAPER
from benchmarks.training_steps import step_of
from prism.compute.device import candidates, describe
from prism.compute.precision import usable_precision
from prism.genome.dataset.windows import Windows
from prism.genome.genes.table import ACTIVITY, RNA_FEATURES
from prism.inference.prediction import predicted
from prism.runs.history import read_history
from prism.runs.paths import RunPaths
from prism.training import fit
from prism.training.run import Run

SIGNALS = ("H3K27ac", "DNase", "contacts")
SHARES = {"valid": 1225 / 18377, "test": 1167 / 18377}  # of the genes, as in fold 11
WHOLE = 50_000  # steps


def write_dataset(folder: Path, genes: int, length: int) -> tuple[Path, Path]:
    """A dataset file and its genes table, of unrelated numbers: the work does not depend on what they are."""
    draw, names = np.random.default_rng(0), [f"gene{i}" for i in range(genes)]
    tss = 10_000 * np.arange(1, genes + 1)
    with h5py.File(folder / "windows.h5", "w") as file:
        for key, values in (("gene_id", names), ("chrom", ["chr1"] * genes), ("strand", ["+"] * genes)):
            file.create_dataset(f"genes/{key}", data=values, dtype=h5py.string_dtype())
        file["genes/tss"], file["genes/chrom_length"] = tss, np.full(genes, 10_000 * (genes + 2))
        file["sequence"] = draw.integers(0, 4, (genes, length), dtype=np.uint8)
        for name in SIGNALS[:2]:
            file[f"signals/{name}"] = draw.random((genes, length), dtype=np.float32)
        file["signals/contacts"] = draw.random((genes, length // 5000 + 2), dtype=np.float32)
        file["signals/contacts"].attrs.update(kind="contacts", bin_size=5000)
        file.attrs.update(
            schema_version=1, assembly="random", cell_type="random", length=length, signals=json.dumps(SIGNALS),
            sources="{}", content_hash=f"random {genes} {length}",
        )  # fmt: skip
    table = {"gene_id": names, "symbol": names, "chrom": "chr1", "tss": tss, "strand": "+"}
    table |= {name: draw.standard_normal(genes) for name in (*RNA_FEATURES, ACTIVITY)}
    pd.DataFrame(table | {"expression": draw.random(genes), "dropped": ""}).to_csv(
        folder / "genes.tsv", sep="\t", index=False
    )
    return folder / "windows.h5", folder / "genes.tsv"


def folds_of(genes: int) -> pd.DataFrame:
    """Splits of the paper's proportions, gene by gene."""
    split = np.full(genes, "train", dtype=object)
    n_valid, n_test = (max(1, round(share * genes)) for share in SHARES.values())
    split[:n_valid], split[n_valid : n_valid + n_test] = "valid", "test"
    return pd.DataFrame({"fold": "1", "gene_id": [f"gene{i}" for i in range(genes)], "split": split})


def the_run(folder: Path, options: argparse.Namespace) -> Run:
    """Entry prism_2k on such a dataset, with the sizes asked for."""
    entry = entry_of("prism_2k")
    entry["length"] = options.length
    entry["settings"] |= {"d_model": options.d, "n_layer": options.layers, "center_len": options.length}
    entry["training"]["steps"] = options.steps
    windows = Windows(*write_dataset(folder, options.genes, options.length), options.length)
    return Run(windows, folds_of(options.genes), entry, "random", "prism_2k", 1, 2)


def seconds_of(work, repeats: int, device: torch.device) -> float:
    """Of one of `repeats` calls, the first left out."""
    work()
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    wait()
    started = time.perf_counter()
    for _ in range(repeats):
        work()
    wait()
    return (time.perf_counter() - started) / repeats


def measure(options: argparse.Namespace) -> dict[str, float]:
    """Seconds of a step in the training, of a bare step, and of a validation; bytes of the dataset."""
    device = candidates(options.device)[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = the_run(folder, options)
        fit.train(run, RunPaths.within(folder), options.device)
        history = read_history(folder / "history.csv")
        trained = torch.load(folder / "best.ckpt", weights_only=True)
    precision = usable_precision(run.settings.precision, device)
    module = fit.build("prism", run.build_settings)
    module.load_state_dict(trained["state_dict"])
    size, valid = run.settings.genes_at_once(run.windows.length), run.indices("valid")
    module.to(device)
    validation = seconds_of(lambda: predicted(module, run.windows, valid, device, precision, size), 1, device)
    if len(history) < 2:
        raise ValueError(
            f"--steps {options.steps}: fewer than two validations; ask for more steps or fewer genes"
        )
    first, last = history.iloc[0], history.iloc[-1]
    steps, passed = last["step"] - first["step"], last["seconds"] - first["seconds"]
    bare = argparse.Namespace(
        **{**PAPER, "length": options.length, "d": options.d, "layers": options.layers},
        device=device.type,
        precision=precision,
    )
    step = step_of("prism, CUDA graph" if device.type == "cuda" else "prism", bare)
    return {
        "with validations": passed / steps,
        "in training": (passed - validation * (len(history) - 1)) / steps,
        "bare": seconds_of(step.whole, options.repeats, device),
        "validation": validation,
        "interval": steps / (len(history) - 1),
        "dataset": run.windows.nbytes / 1e9,
    }


def report(options: argparse.Namespace) -> str:
    """The table."""
    load, device = os.getloadavg()[0], candidates(options.device)[0]
    found = measure(options)
    beyond = (found["in training"] - found["bare"]) / found["in training"]
    whole = WHOLE * found["with validations"] / 60
    size = f"{options.genes:,} genes, {options.length:,} bp, d {options.d}, {options.layers} layers"
    interval = f"validation, each {found['interval']:.0f} steps"
    return "\n".join(
        [
            f"a training of prism_2k: {size}, batch {PAPER['batch']}, {options.steps:,} steps",
            f"device: {describe(device)}; torch {torch.__version__}; load before {load:.2f}",
            f"dataset: {found['dataset']:.2f} GB",
            "",
            f"{'bare step':36s}{found['bare']:10.5f} s",
            f"{'step in the training':36s}{found['in training']:10.5f} s  ({beyond:.1%} of it beyond the bare step)",
            f"{interval:36s}{found['validation']:10.5f} s",
            f"{'step with its share of validations':36s}{found['with validations']:10.5f} s",
            f"{WHOLE:,} steps, validations included: {whole:,.1f} min (worked out from the line above)",
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:<i>")
    for name, default in (("steps", 4000), ("genes", 18_377), ("repeats", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    for name in ("length", "d", "layers"):
        parser.add_argument(f"--{name}", type=int, default=PAPER[name])
    parser.add_argument("--no-file", action="store_true", help="to the screen only")
    options = parser.parse_args()
    text = report(options)
    print(text)
    if not options.no_file:
        machine = (
            torch.cuda.get_device_name().lower().replace(" ", "-") if "cuda" in options.device else slug()
        )
        (RESULTS / f"whole_training.{machine}.txt").write_text(text)


if __name__ == "__main__":
    main()
