"""Fixtures of the tests of operations: numbers of threads, and where Triton's kernels run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

HAS_GPU = torch.cuda.is_available()


@pytest.fixture
def with_threads() -> Callable[..., list[Any]]:
    """What `compute()` gives with each of some numbers of PyTorch's threads: `with_threads(compute, 1, 2)`."""
    before = torch.get_num_threads()

    def with_threads(compute: Callable[[], Any], *counts: int) -> list[Any]:
        answers = []
        for threads in counts:
            torch.set_num_threads(threads)
            answers.append(compute())
        return answers

    yield with_threads
    torch.set_num_threads(before)


@pytest.fixture(
    params=[
        pytest.param("cpu", id="interpreted", marks=pytest.mark.skipif(HAS_GPU, reason="interpreter is off")),
        pytest.param(
            "cuda", id="gpu", marks=[pytest.mark.gpu, pytest.mark.skipif(not HAS_GPU, reason="no GPU")]
        ),
    ]
)
def place(request) -> str:
    """Where Triton's kernels run: on the CPU by its interpreter, or on a GPU."""
    return request.param


@pytest.fixture
def through_triton(monkeypatch) -> None:
    """Let tensors on the CPU go to Triton's kernels too, and its interpreter waste no time.

    The interpreter replaces the whole language at every call of a function within a kernel: once will do.
    """
    if HAS_GPU:
        return
    from triton.runtime import interpreter

    replace, done = interpreter._patch_lang, set()

    def replace_once(function):
        modules = frozenset(name for name in ("tl", "core") if name in function.__globals__)
        if modules not in done:
            done.add(modules)
            replace(function)
        return interpreter._LangPatchScope()

    monkeypatch.setenv("PRISM_SCAN", "triton")
    monkeypatch.setattr(interpreter, "_patch_lang", replace_once)
