"""A training short of memory: told in one line, kept on record, and answered by what its architecture can do."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from prism.jobs.attempts import GpuMemoryError, HostMemoryError, TemporaryError
from prism.jobs.job import job
from prism.jobs.limits import Limits
from prism.jobs.memory_watch import memory_for, shortage
from prism.protocol.settings import TrainingSettings
from prism.training.fit import train
from prism.training.memory import shortage as out_of_memory
from prism.training.memory.shortage import advice
from prism.training.run import Conditions
from tests.unit.training.tiny_training import die_at, paths_in, run_of

ALLOCATIONS = {
    "torch": (lambda: torch.empty(2**45), r"tried to allocate 140737488355328 bytes"),
    "numpy": (lambda: np.empty(2**45), r"Unable to allocate 256\. TiB"),
}


@pytest.mark.parametrize(
    ("architecture", "training", "settings", "said"),
    [
        ("prism", {}, {}, r"set training.batch_size below 8 \(another training: \S*norms.0 is a BatchNorm\)"),
        ("prism", {}, {"n_context": 0}, "set training.micro_batch below 8"),
        (
            "mamba",
            {"micro_batch": 2},
            {},
            "set training.micro_batch below 2 or set settings.checkpoint_layers: true",
        ),
        (
            "mamba",
            {"micro_batch": 1},
            {"checkpoint_layers": True},
            "take a shorter window or a smaller model",
        ),
    ],
)
def test_advice_is_what_the_architecture_can_do(architecture, training, settings, said):
    data = {"n_signals": 1, "n_rna_features": 0} if architecture == "prism" else {"n_rna_features": 0}
    run = SimpleNamespace(
        settings=TrainingSettings(steps=1, **training),
        entry={"architecture": architecture, "settings": settings},
        build_settings=settings | data,
    )
    assert re.fullmatch(said, advice(run))


@pytest.mark.parametrize("library", ALLOCATIONS)
def test_out_of_memory_is_one_line_and_a_record(library, trained, dataset, tmp_path):
    allocate, said = ALLOCATIONS[library]
    paths, limits = paths_in(tmp_path), Limits(mem_mb=4000)
    expected = rf"out of memory on cpu: small, batch 4, length 32 bp: .*{said}; the process used up to "
    expected += r"[\d,]+ MB of 4,000 MB allowed; set training.micro_batch below 4 or .*checkpoint_layers.*more mem_mb$"
    with pytest.raises(HostMemoryError, match=expected) as told, job(paths.state, limits, 1, print):
        train(die_at(run_of(dataset), 8, allocate), paths, "cpu", Conditions(limits=limits))
    assert "\n" not in str(told.value)
    record = json.loads((paths.state / "out_of_memory.json").read_text())
    assert record["mem_mb"] == 4000
    assert memory_for(4000, paths.state) == 6000
    assert memory_for(8000, paths.state) == 8000  # has been given more since
    with job(paths.state, limits, 2, print):
        assert train(run_of(dataset), paths, "cpu", Conditions(limits=limits)) == trained[0]
    assert not paths.state.exists()
    assert memory_for(4000, paths.state) == 4000


def test_a_gpus_memory_is_not_the_hosts(dataset, tmp_path, monkeypatch):
    """No GPU here: torch's own error, and a device that is only named."""
    monkeypatch.setattr(out_of_memory, "_gpu_use", lambda _: "training used up to 1.0 of 2.0 GiB")
    error = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has ...")
    expected = r"on cuda:0: small, batch 4, .*: Tried to allocate 20.00 GiB; .*2.0 GiB; set"
    with (
        pytest.raises(GpuMemoryError, match=expected),
        job(tmp_path, Limits(mem_mb=4000), 1, print),
        out_of_memory.explained(run_of(dataset), torch.device("cuda:0"), 4000),
    ):
        raise error
    assert shortage(tmp_path)["message"].startswith("out of memory on cuda:0")
    assert memory_for(4000, tmp_path) == 4000
    with pytest.raises(TemporaryError, match="attempt 2 not started"), job(tmp_path, Limits(), 2, print):
        pytest.fail("begun")
    assert not out_of_memory.is_shortage(RuntimeError("shape mismatch"))
    assert out_of_memory.is_shortage(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling"))
