"""A shortage of memory explained in one line: what was asked for, and what to change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from prism.jobs.attempts import GpuMemoryError, HostMemoryError
from prism.jobs.memory_watch import peak_mb
from prism.models import build
from prism.models.catalogue import known_settings
from prism.training.loop.micro_batches import coupling
from prism.training.run import Run

# torch's CPU allocator, CUDA outside of torch's allocator, and CUDA's libraries
SIGNS = re.compile(
    r"can't allocate memory|not enough memory|CUDA error: out of memory|CU(BLAS|DNN|SOLVER)\w*_STATUS_ALLOC_FAILED"
)

ASKED = re.compile(r"(tried|unable) to allocate [\d.]+ (\w?iB|bytes)", re.IGNORECASE)


@contextmanager
def explained(run: Run, device: torch.device, mem_mb: int | None) -> Iterator[None]:
    """Turn a shortage of memory into a HostMemoryError or GpuMemoryError that says what to change.

    run: what is trained.
    device: where it computes.
    mem_mb: the job's limit of host memory, MiB; None for no limit.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_shortage(error):
            raise
        on_gpu = device.type == "cuda" and not _of_the_host(error)
        kind = GpuMemoryError if on_gpu else HostMemoryError
        raise kind(explanation(error, run, device if on_gpu else torch.device("cpu"), mem_mb)) from error


def is_shortage(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on the CPU or on a GPU.

    error: of Python, torch or a library beneath them.
    """
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or SIGNS.search(str(error)) is not None


def explanation(error: BaseException, run: Run, device: torch.device, mem_mb: int | None) -> str:
    """One line: device, batch, length, what was asked for, what is used, what to change.

    error: of the shortage.
    run: what was trained.
    device: whose memory ran out.
    mem_mb: the job's limit of host memory, MiB; None for no limit.
    """
    settings = run.settings
    batch = f"batch {settings.batch_size}" + (
        f" ({settings.at_once} at once)" if settings.micro_batch else ""
    )
    asked = ASKED.search(str(error))
    said = asked[0] if asked else " ".join(f"{type(error).__name__} {error}".split())[:200]
    fix = advice(run)
    if device.type == "cuda":
        used = _gpu_use(device)
    else:
        limit = f" of {mem_mb:,} MB allowed" if mem_mb else ""
        used = f"the process used up to {peak_mb():,} MB{limit}"
        fix += ", or give the job more mem_mb"
    return f"out of memory on {device}: {run.model}, {batch}, length {run.windows.length:,} bp: {said}; {used}; {fix}"


def advice(run: Run) -> str:
    """What would make a training smaller, as far as its architecture allows; what changes no number comes first.

    run: what is trained.
    """
    at_once, architecture, fixes = run.settings.at_once, run.entry["architecture"], []
    with torch.device("meta"):
        layer = coupling(build(architecture, run.build_settings))
    if at_once > 1 and layer is None:
        fixes.append(f"set training.micro_batch below {at_once}")
    known = known_settings(architecture) | (run.entry.get("settings") or {})
    if known.get("checkpoint_layers") is False:
        fixes.append("set settings.checkpoint_layers: true")
    if at_once > 1 and layer is not None:
        fixes.append(f"set training.batch_size below {at_once} (another training: {layer} is a BatchNorm)")
    return " or ".join(fixes) or "take a shorter window or a smaller model"


def _of_the_host(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or "CPUAllocator" in str(error)


def _gpu_use(device: torch.device) -> str:
    total = torch.cuda.get_device_properties(device).total_memory / 2**30
    return f"training used up to {torch.cuda.max_memory_allocated(device) / 2**30:.1f} of {total:.1f} GiB"
