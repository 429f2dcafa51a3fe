"""The precision of matrix products: which one a device can compute in, and the context that uses it."""

from __future__ import annotations

from pathlib import Path

import torch

from prism.compute.device import cpu_name

torch.backends.cudnn.allow_tf32 = (
    False  # a convolution in fp32 is one, not rounded to 10 bits as a GPU would by default
)

CPU_PRECISIONS = ("fp32", "bf16")
# processor flags of products in bfloat16: x86, then Arm
BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}


def usable_precision(wanted: str, device: torch.device, on_cpu: str = "fp32") -> str:
    """The precision that products are computed in: as wanted on a GPU that is fast in it, as chosen on a CPU.

    wanted: by the entry: fp32, bf16 or fp16. An entry that wants fp32 has it on every device.
    device: where the model computes.
    on_cpu: what a CPU computes in instead of bf16 or fp16: fp32 (the default) or bf16.

    Returns fp32, bf16 or fp16.
    Raises ValueError for another `on_cpu`, and for bf16 where the CPU has no such products.
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
            f"cpu_precision bf16: {cpu_name()} has no bfloat16 products (none of {', '.join(sorted(BF16_FLAGS))} "
            "in /proc/cpuinfo); use cpu_precision: fp32"
        )
    return on_cpu


def autocast(device: torch.device, precision: str, cached: bool = True) -> torch.autocast:
    """A context in which matrix products, and only they, are computed in a precision.

    device: where the model computes.
    precision: fp32, bf16 or fp16.
    cached: whether a weight is converted once, however often it is used; the default.
    """
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)
    return torch.autocast(device.type, dtype=dtype, enabled=dtype is not None, cache_enabled=cached)


def _cpu_flags() -> set[str]:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = ("flags", "Features")  # x86, Arm
    return {flag for line in lines if line.startswith(names) for flag in line.partition(":")[2].split()}
