"""The Triton kernels become machine code of real GPUs, at the sizes of the paper, and fit into their registers."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("triton", reason="no Triton for this system")

# Triton compiles for a GPU that is not there, but not in a process that interprets. The ops are called as ever, on
# tensors of the CPU; each launch compiles its kernel, as for a GPU, and runs nothing.
PROGRAM = """
import re, subprocess, sys, tempfile
import torch, triton
from triton.backends.compiler import GPUTarget
from triton.runtime import driver
from triton.runtime.jit import JITFunction
from prism.ops.triton_conv import causal_conv_triton
from prism.ops.triton_scan import selective_scan_triton

arch, reverse = int(sys.argv[1]), sys.argv[2] == "reverse"

class AbsentGPU:
    def get_current_target(self):
        return GPUTarget("cuda", arch, 32)
    def get_current_device(self):
        return 0
    def get_current_stream(self, device):
        return 0

def compile_only(kernel, *arguments, grid, warmup, **constants):
    made = launch(kernel, *arguments, grid=grid, warmup=True, **constants)
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(made.asm["cubin"])
        file.flush()
        command = [triton.knobs.nvidia.cuobjdump.path, "--dump-resource-usage", file.name]
        usage = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    registers, stack = (re.search(key + r":(\\d+)", usage)[1] for key in ("REG", "STACK"))
    print(kernel.fn.__name__, registers, stack)

driver.set_active(AbsentGPU())
launch, JITFunction.run = JITFunction.run, compile_only
batch, length, d, n = 2, 130, 256, 16
xz = torch.randn(batch, length, 2 * d, dtype=torch.bfloat16)
low_B_C = torch.randn(batch, length, 8 + 2 * n, dtype=torch.bfloat16)
weight, A, D = torch.rand(d, 4, requires_grad=True), -torch.rand(d, n), torch.ones(d)
u = causal_conv_triton(xz[..., :d], weight, D, reverse)
B, C = low_B_C[..., 8 : 8 + n], low_B_C[..., 8 + n :]
selective_scan_triton(u, u, A, B, C, D, xz[..., d:], D, True, reverse).sum().backward()
"""
KERNELS = {
    "conv_forward": 1,
    "conv_backward": 1,
    "chunk_ends": 2,
    "carry_over": 3,
    "chunk_outputs": 1,
    "turned": 1,
    "chunk_gradients": 1,
}


@pytest.mark.parametrize(
    ("arch", "direction"), [("80", "reverse"), ("90", "forward")], ids=["A100, reverse", "H100"]
)
def test_kernels_compile_without_spilling(arch, direction, tmp_path, root):
    environment = {
        **os.environ,
        "TRITON_INTERPRET": "0",
        "TRITON_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": str(root),
    }
    command = [sys.executable, "-c", PROGRAM, arch, direction]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    usage = [line.split() for line in done.stdout.splitlines()]
    names = [kernel for kernel, _, _ in usage]
    assert {kernel: names.count(kernel) for kernel in names} == KERNELS
    for kernel, registers, stack in usage:
        assert int(registers) <= 255, kernel
        assert int(stack) == 0, f"{kernel} keeps {stack} bytes of each lane in memory"
