"""The memory that a training is estimated to need, and the memory that there is."""

from __future__ import annotations

import torch

from prism.compute import malloc
from prism.compute.precision import usable_precision
from prism.jobs.machine_memory import left_bytes
from prism.models import build, memory
from prism.models.catalogue import known_settings, traits
from prism.training.run import Run


def needed_bytes(run: Run, device: torch.device) -> float | None:
    """Estimated peak of a training's memory, bytes (`prism.models.memory`); None for a closed form.

    run: the training.
    device: where it would compute.
    """
    architecture, settings = run.entry["architecture"], run.build_settings
    if traits(architecture).closed_form:
        return None
    with torch.device("meta"):
        parameters = sum(each.numel() for each in build(architecture, settings).parameters())
    genes = run.settings.at_once
    at_most = {**known_settings(architecture), **settings}.get("n_enhancers")
    if at_most is not None:
        # genes have as many elements as lie near them, and one row represents all padding
        settings = settings | {"n_enhancers": run.windows.elements_per_gene(genes, at_most) + 1}
    half = device.type == "cuda" and usable_precision(run.settings.precision, device) != "fp32"
    sizes = (run.windows.length, genes, parameters, device.type, 2 if half else memory.FLOAT32)
    return memory.training_bytes(architecture, settings, *sizes)


def keep_freed_memory(run: Run, device: torch.device, mem_mb: int | None = None) -> bool:
    """Let a training on a CPU keep the memory that it frees, where there is room for it (`prism.compute.malloc`).

    run: the training.
    device: where it computes; on a GPU nothing is done.
    mem_mb: the job's limit of host memory in MiB, None where it has none.

    Returns whether freed memory is kept from here on.
    """
    if device.type != "cpu":
        return False
    return malloc.keep_where_it_fits(needed_bytes(run, device) or 0, available_bytes(device, mem_mb))


def available_bytes(device: torch.device, mem_mb: int | None = None) -> int:
    """Bytes that a training may still take: of the GPU's memory, or of the machine's within the job's limit.

    device: where it would compute.
    mem_mb: the job's limit of host memory, MiB; None for no limit.
    """
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return min([left_bytes()] + ([] if mem_mb is None else [mem_mb * 2**20]))
