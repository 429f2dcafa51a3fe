"""How exact Prism's numbers are: outputs, losses and every gradient against the plain twin in float64.

    python -m benchmarks.gradient_accuracy [--batch 8 --length 2000 --skip-twin]

One training step's forward and backward pass of Prism (d 128, 4 layers, n 2; random weights, sequence and signals) by
  float64 twin    plain PyTorch, one position after the other; layers run again in the backward pass, to fit in memory
  float64 kernel  the CPU kernel
  float32 kernel  the same as training uses
  bfloat16        float32 with matrix products in bfloat16 (autocast)
on the same numbers. Errors are relative to the first that was run: for each tensor by the norm, and by its largest
number.
A bias before a BatchNorm has no gradient: what is found there is rounding, compared with nothing and listed apart.
The table goes to the screen and to benchmarks/results/gradient_accuracy.<cpu>.txt.
"""

from __future__ import annotations

import argparse
import copy
import os
import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.scan import RESULTS, cpu_name, slug
from prism.genome.batch import Batch
from prism.models import build

CONTENDERS = ("float64 twin", "float64 kernel", "float32 kernel", "bfloat16")
GOAL = 1e-4  # relative, for float32
NO_GRADIENT = 1e-12  # norm in float64 below which a gradient is rounding


def a_batch(batch: int, length: int, dtype: torch.dtype) -> Batch:
    """Random genes; the same numbers, rounded once to float32, in every dtype."""
    draw = torch.Generator().manual_seed(1)
    codes = torch.randint(0, 4, (batch, length), generator=draw)
    return Batch(
        sequence=F.one_hot(codes, 4).to(dtype),
        signals=torch.rand(batch, length, 3, generator=draw).to(dtype),
        rna_features=torch.randn(batch, 9, generator=draw).to(dtype),
        expression=torch.rand(batch, generator=draw).to(dtype),
    )


def numbers(model: nn.Module, name: str, batch: int, length: int) -> dict[str, Tensor]:
    """Prediction, losses and gradients, by name, of one contender."""
    dtype = torch.float64 if name.startswith("float64") else torch.float32
    model = copy.deepcopy(model).to(dtype).train()
    genes = a_batch(batch, length, dtype)
    os.environ["PRISM_SCAN"] = "reference" if name == "float64 twin" else ""
    model.backbone.checkpoint_layers = name == "float64 twin"
    threads = torch.get_num_threads()
    if name == "float64 twin":
        torch.set_num_threads(1)  # its operations are too small to share
    with torch.autocast("cpu", torch.bfloat16, enabled=name == "bfloat16"):
        output = model(genes)
    losses = {"expression": F.smooth_l1_loss(output.expression, genes.expression), **output.losses}
    sum(losses.values()).backward()
    torch.set_num_threads(threads)
    found = {"prediction": output.expression.detach()}
    found |= {f"loss {term}": value.detach() for term, value in losses.items()}
    return found | {f"d {key}": parameter.grad for key, parameter in model.named_parameters()}


def errors(found: dict[str, Tensor], exact: dict[str, Tensor]) -> dict[str, tuple[float, float]]:
    """For each tensor that is not zero: relative by the norm, relative by the largest number."""
    answer = {}
    for name, truth in exact.items():
        difference = found[name].double() - truth
        if truth.norm() > NO_GRADIENT:
            by_norm = difference.norm() / truth.norm()
            answer[name] = (by_norm.item(), (difference.abs().max() / truth.abs().max()).item())
    return answer


def table(found: dict[str, dict[str, Tensor]]) -> list[str]:
    """Rows: the worst of each contender, then every tensor."""
    first, *others = found
    compared = {name: errors(found[name], found[first]) for name in others}
    rows = [f"relative to the {first}:", ""]
    for kind, picked in (
        ("prediction and losses", lambda key: not key.startswith("d ")),
        ("gradients", lambda key: key.startswith("d ")),
    ):
        for name in others:
            values = {key: pair for key, pair in compared[name].items() if picked(key)}
            worst = [max(values, key=lambda key, i=i: values[key][i]) for i in (0, 1)]
            rows.append(
                f"{name:15s} {kind:22s} worst of {len(values):3d}: by norm {values[worst[0]][0]:.1e} ({worst[0]}), "
                f"by largest {values[worst[1]][1]:.1e} ({worst[1]})"
            )
    if "float32 kernel" in compared:
        reached = max(max(pair) for pair in compared["float32 kernel"].values())
        rows += ["", f"float32: {reached:.1e}, to reach {GOAL:.0e}: {'yes' if reached <= GOAL else 'NO'}"]
    rows += ["", f"{'by norm / by largest number':58s}" + "".join(f"{name:>20s}" for name in others)]
    for key in compared[others[0]]:
        cells = (f"{compared[name][key][0]:.1e} / {compared[name][key][1]:.1e}" for name in others)
        rows.append(f"{key:58s}" + "".join(f"{cell:>20s}" for cell in cells))
    silent = [key for key, value in found[first].items() if value.norm() <= NO_GRADIENT]
    for key in silent:
        norms = ", ".join(f"{found[name][key].norm():.0e}" for name in others)
        rows.append(f"{key}: no gradient (norms found: {norms})")
    return rows


def report(arguments: argparse.Namespace) -> str:
    torch.manual_seed(0)
    model = build("prism", {"length": arguments.length})
    found, seconds = {}, []
    for name in CONTENDERS[arguments.skip_twin :]:
        started = time.perf_counter()
        found[name] = numbers(model, name, arguments.batch, arguments.length)
        seconds.append(f"{name} {time.perf_counter() - started:.0f} s")
    rows = [
        f"one training pass of Prism: batch {arguments.batch}, length {arguments.length}, d 128, 4 layers, n 2",
        f"machine: {cpu_name()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads; torch {torch.__version__}",
        f"took (compiling included): {', '.join(seconds)}",
        "",
        *table(found),
    ]
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--length", type=int, default=2000)
    parser.add_argument("--skip-twin", action="store_true", help="measure from the float64 kernel on")
    text = report(parser.parse_args())
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"gradient_accuracy.{slug()}.txt").write_text(text + "\n")


if __name__ == "__main__":
    main()
