"""A training step of Prism, published and fast: step by step and as one graph, in fp32 and bf16, and how exact it is.

    python -m benchmarks.gpu.steps [--device cpu --quick]

Gradients are compared with those in float64 on the same device, on the same numbers.
"""

from __future__ import annotations

import torch

from benchmarks.gpu.place import parsed, seconds_of, sized
from benchmarks.gradient_accuracy import errors
from benchmarks.training_steps import GraphStep, our_loss, our_model, ours, random_batch
from prism.compute.precision import autocast

PRECISIONS = ("fp32", "bf16")
KINDS = {"published": {}, "fast": {"stem": {"kind": "conv", "size": 20}, "pool_bins": 10}}
QUICK_FAST = {"stem": {"kind": "conv", "size": 4}, "pool_bins": 4}
BOUND = {"fp32": 1e-4, "bf16": 5e-2}  # of a gradient's norm


def main() -> None:
    """Print the table."""
    options = parsed(__doc__)
    print(f"{'':28s}{'step s':>12s}{'steps/s':>10s}{'worst gradient, by norm':>26s}")
    for kind, settings in KINDS.items():
        rows(options, kind, QUICK_FAST if settings and options.quick else settings)


def rows(options, kind: str, settings: dict[str, object]) -> None:
    """Print the rows of one kind of Prism.

    options: of the command line.
    kind: its name.
    settings: that make it so.
    """
    together = 1 if options.device == "cpu" else 20
    exact = gradients(sized(options, precision="fp32", settings=settings), torch.float64)
    for precision in PRECISIONS:
        size = sized(options, precision=precision, settings=settings)
        compared = errors(gradients(size, torch.float32), exact)
        worst = max(compared, key=lambda name: compared[name][0])
        off = compared[worst][0]
        eager = seconds_of(ours(size).whole, options.device, together)
        above = off > BOUND[precision] and not options.quick  # a BatchNorm over two genes blows rounding up
        kept = f" ABOVE {BOUND[precision]:g}" if above else ""
        name = f"{kind}, eager, {precision}"
        print(f"{name:28s}{eager:12.5f}{1 / eager:10.1f}{off:12.1e} ({worst}){kept}", flush=True)
        if options.device == "cuda":
            graph = seconds_of(GraphStep(size).whole, options.device, together)
            name = f"{kind}, one graph, {precision}"
            print(f"{name:28s}{graph:12.5f}{1 / graph:10.1f}  {eager / graph:.1f}x eager", flush=True)


def gradients(size, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Every gradient of one pass, by the parameter's name, brought to the CPU as float64.

    size: of the model and the batch; its `precision` counts where `dtype` is float32.
    dtype: of the parameters and the batch.
    """
    torch.manual_seed(0)
    module, batch = our_model("prism", size).to(dtype), random_batch(size)
    batch = type(batch)(**{name: value.to(dtype) for name, value in vars(batch).items() if value is not None})
    # the layers are made again in the backward pass: the float64 twin keeps too much of 2,000 positions
    module.backbone.checkpoint_layers = dtype == torch.float64
    with autocast(batch.sequence.device, size.precision if dtype == torch.float32 else "fp32"):
        our_loss(module, batch).backward()
    return {name: each.grad.double().cpu() for name, each in module.named_parameters()}


if __name__ == "__main__":
    main()
