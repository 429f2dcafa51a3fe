"""The device that a run computes on: chosen, described and, where it is a GPU, locked."""

from __future__ import annotations

import fcntl
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from prism.jobs.limits import Limits, OutOfTimeError
from prism.jobs.memory_watch import peak_mb

CPU_PRECISIONS = ("fp32", "bf16")
# processor flags of products in bfloat16: x86, then Arm
BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
# the part of a GPU's free memory that windows may take; the rest is the model's
SHARE_OF_GPU_MEMORY = 0.4


def candidates(wanted: str) -> list[torch.device]:
    """The devices that 'auto', 'cpu', 'cuda' or 'cuda:<i>' allows, best first.

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
            f"device {wanted} was asked for, but {there}; use device auto or cpu, or mend the driver"
        )
    raise ValueError(f"device '{wanted}' is not one of auto, cpu, cuda, cuda:<number>")


def describe(device: torch.device) -> str:
    """Name and memory, for the first line of a log."""
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        return f"{device} ({properties.name}, {properties.total_memory / 2**30:.0f} GiB)"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"cpu ({_cpu_name()}, {torch.get_num_threads()} thread(s), {memory:.0f} GiB)"


def usable_precision(wanted: str, device: torch.device, on_cpu: str = "fp32") -> str:
    """`wanted` ('fp32', 'bf16', 'fp16') on a GPU that has fast products in it, `on_cpu` on a CPU, else 'fp32'.

    on_cpu: 'fp32', or 'bf16' for everything but what wants fp32. Raises ValueError where the CPU has no such products.
    """
    if device.type == "cuda":
        emulated = wanted == "bf16" and not torch.cuda.is_bf16_supported(including_emulation=False)
        return "fp32" if emulated else wanted
    if on_cpu not in CPU_PRECISIONS:
        raise ValueError(f"cpu_precision '{on_cpu}' is not one of {', '.join(CPU_PRECISIONS)}")
    if on_cpu == "fp32" or wanted == "fp32":
        return "fp32"
    if not BF16_FLAGS & _cpu_flags():
        raise ValueError(
            f"cpu_precision bf16: {_cpu_name()} has no bfloat16 products (none of {', '.join(sorted(BF16_FLAGS))} "
            "in /proc/cpuinfo); use cpu_precision: fp32"
        )
    return on_cpu


def peak_memory_gb(device: torch.device) -> float:
    """The most memory used at a time so far, GB: of the GPU by tensors, on a CPU of the host by the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e9
    return peak_mb() * 2**20 / 1e9


def autocast(device: torch.device, precision: str, cached: bool = True) -> torch.autocast:
    """A context in which matrix products, and only they, are computed in `precision`.

    cached: a weight is converted once, however often it is used.
    """
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)
    return torch.autocast(device.type, dtype=dtype, enabled=dtype is not None, cache_enabled=cached)


def place_on(windows, device: torch.device) -> str:
    """Put the packed windows on a GPU where they fit; returns where they are, in words."""
    if device.type == "cuda" and windows.in_memory:
        free, _ = torch.cuda.mem_get_info(device)
        if windows.nbytes < SHARE_OF_GPU_MEMORY * free:
            windows.to(device)
            return "on the GPU"
    return "in memory" if windows.in_memory else "streamed from file"


@contextmanager
def reserved(
    wanted: str, say: Callable[[str], None], poll_seconds: float = 5.0, limits: Limits | None = None
) -> Iterator[torch.device]:
    """Yield a device of `wanted` that no other run of this workflow holds; wait for one if need be.

    A resource limit given on a scheduler's command line replaces the profile's, so two trainings can be
    started on one GPU; the lock (of the operating system, so a killed run leaves none behind) makes the
    second take another GPU, or wait. Raises OutOfTimeError when the job's time is up before one is free.
    """
    devices = candidates(wanted)
    if devices[0].type == "cpu":
        yield devices[0]
        return
    waiting = False
    while True:
        for device in devices:
            lock = _try_lock(device)
            if lock is not None:
                try:
                    yield device
                finally:
                    os.close(lock)
                return
        if not waiting:
            say(f"waiting: another run holds {', '.join(map(str, devices))}")
            waiting = True
        if limits and limits.reached():
            raise OutOfTimeError(f"the time limit came while another run held {', '.join(map(str, devices))}")
        time.sleep(poll_seconds)


def _try_lock(device: torch.device) -> int | None:
    """An open, locked file descriptor, or None where another process has the lock."""
    # by the card's own id: cuda:0 names different cards under different CUDA_VISIBLE_DEVICES
    card = getattr(torch.cuda.get_device_properties(device), "uuid", device.index)
    path = _lock_folder() / f"prism-gpu-{card}.lock"
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:  # made by another user in a sticky folder; a lock needs no right to write
        lock = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _lock_folder() -> Path:
    # one for the machine: TMPDIR may be another for every job
    shared = Path("/dev/shm")
    return shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir())


def _cpu_flags() -> set[str]:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = ("flags", "Features")  # x86, Arm
    return {flag for line in lines if line.startswith(names) for flag in line.partition(":")[2].split()}


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
