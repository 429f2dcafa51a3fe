"""The device that a run computes on: chosen, described, filled with data."""

from __future__ import annotations

import platform
from pathlib import Path

import torch

from prism.jobs.machine_memory import total_bytes
from prism.jobs.memory_watch import peak_mb

# the part of a GPU's free memory that windows may take; the rest is the model's
SHARE_OF_GPU_MEMORY = 0.4


def candidates(wanted: str) -> list[torch.device]:
    """The devices that a choice allows, best first.

    wanted: auto, cpu, cuda or cuda:<number>.
    Raises ValueError for another word, and for a GPU that is not there.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    gpus = [torch.device("cuda", index) for index in range(count)]
    if wanted == "cpu" or (wanted == "auto" and not gpus):
        return [torch.device("cpu")]
    if wanted in ("auto", "cuda") and gpus:
        return gpus
    kind, _, index = wanted.partition(":")
    if kind == "cuda" and (not index or index.isdigit()):
        if index and int(index) < count:
            return [gpus[int(index)]]
        there = f"{count} GPU(s) here" if count else "PyTorch sees no GPU here"
        raise ValueError(
            f"device {wanted} was asked for, but {there}; use device auto or cpu, or repair the driver"
        )
    raise ValueError(f"device '{wanted}' is not one of auto, cpu, cuda, cuda:<number>")


def describe(device: torch.device) -> str:
    """Name and memory of a device, for the first line of a log.

    device: cpu or cuda.
    """
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        return f"{device} ({properties.name}, {properties.total_memory / 2**30:.0f} GiB)"
    return f"cpu ({cpu_name()}, {torch.get_num_threads()} thread(s), {total_bytes() / 2**30:.0f} GiB)"


def peak_memory_gb(device: torch.device) -> float:
    """The most memory used at a time so far, GB.

    device: cuda counts the tensors on that GPU, cpu the whole process.
    """
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e9
    return peak_mb() * 2**20 / 1e9


def place_on(windows, device: torch.device) -> str:
    """Put the windows on a GPU where they fit.

    windows: a `Windows` reader.
    device: where the model computes.

    Returns where the windows are, in words.
    """
    if device.type == "cuda" and windows.in_memory:
        free, _ = torch.cuda.mem_get_info(device)
        if windows.nbytes < SHARE_OF_GPU_MEMORY * free:
            windows.to(device)
            return "on the GPU"
    return "in memory" if windows.in_memory else "streamed from file"


def cpu_name() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
