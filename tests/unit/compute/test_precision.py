"""The precision of products: chosen, and refused where the CPU has none of it."""

from __future__ import annotations

import pytest
import torch

from prism.compute import precision
from prism.compute.precision import usable_precision

CPU = torch.device("cpu")


def test_a_cpu_computes_in_what_is_chosen(monkeypatch):
    monkeypatch.setattr(precision, "_cpu_flags", lambda: {"avx512f", "avx512_bf16"})
    assert usable_precision("bf16", CPU) == "fp32"
    assert usable_precision("bf16", CPU, "bf16") == "bf16"
    assert usable_precision("fp16", CPU, "bf16") == "bf16"
    assert usable_precision("fp32", CPU, "bf16") == "fp32"
    with pytest.raises(ValueError, match="cpu_precision 'fp16' is not one of fp32, bf16"):
        usable_precision("bf16", CPU, "fp16")
    monkeypatch.setattr(precision, "_cpu_flags", lambda: {"avx512f"})
    with pytest.raises(ValueError, match=r"has no bfloat16 products .*use cpu_precision: fp32"):
        usable_precision("bf16", CPU, "bf16")
    assert usable_precision("bf16", CPU, "fp32") == "fp32"


def test_a_cpu_computes_in_fp32():
    assert usable_precision("bf16", torch.device("cpu")) == "fp32"


def test_a_convolution_in_fp32_is_not_rounded_to_tf32():
    assert torch.backends.cudnn.allow_tf32 is False
    assert torch.backends.cuda.matmul.allow_tf32 is False
