"""One changed byte in what a run leaves: it is named with the file, or what is read is the same."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import torch

from prism.inference.pickled import read_foreign_checkpoint
from prism.runs.checkpoint import read_checkpoint, write_checkpoint
from prism.runs.predictions import read_predictions, write_predictions
from prism.training.loop.state import RunState
from tests.unit.damage import damaged, never_silent

MADE = Path(__file__).parent / "made_by_0_1_0"
CONTENT = {
    "settings": {"d_model": 4, "names": ["DNase", "H3K27ac"]},
    "state_dict": {
        f"layer{n}.weight": torch.randn(20, 20, generator=torch.Generator().manual_seed(n)) for n in (1, 2)
    },
}


def same(found: object, right: object) -> bool:
    """Equal to the last bit, keys and their order included."""
    if isinstance(right, torch.Tensor):
        return isinstance(found, torch.Tensor) and torch.equal(found, right)
    if isinstance(right, dict):
        return list(found) == list(right) and all(same(found[key], right[key]) for key in right)
    return type(found) is type(right) and found == right


def test_best_checkpoint(tmp_path):
    path = tmp_path / "best.ckpt"
    write_checkpoint(path, CONTENT)
    assert never_silent(path, lambda: read_checkpoint(path), same, 700) > 400


def test_checkpoint_of_version_0_1_0(tmp_path):
    path = Path(shutil.copy(next(MADE.rglob("best.ckpt")), tmp_path))
    assert never_silent(path, lambda: read_checkpoint(path), same, 200) > 100


def test_released_checkpoint(tmp_path):
    path = tmp_path / "theirs.ckpt"
    torch.save(CONTENT, path)
    assert never_silent(path, lambda: read_foreign_checkpoint(path), same, 300) > 150


def test_damaged_weights_name_the_fix(tmp_path):
    path = tmp_path / "best.ckpt"
    write_checkpoint(path, CONTENT)
    body = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        weights = max(archive.infolist(), key=lambda info: info.file_size)
    body[weights.header_offset + 800] ^= 1
    path.write_bytes(body)
    assert torch.load(path, weights_only=True)["format"] == 1, "torch alone does not notice"
    with pytest.raises(ValueError, match=r"best\.ckpt: .*Bad CRC-32.*; delete it and re-run the training"):
        read_checkpoint(path)


def test_state_falls_back_to_the_one_before(tmp_path):
    """Whatever byte is damaged: the newest state as it was, or the one before, and then the newest is named."""
    lines: list[str] = []
    states = RunState(tmp_path, "mine", lines.append)
    for step in (5, 10):
        states.save(CONTENT | {"step": step})
    newest, fallen = tmp_path / "mine" / "step-000000010.pt", 0
    for place in damaged(newest, 300):
        lines.clear()
        found = states.load()
        if found["step"] == 10:
            assert same(found, CONTENT | {"step": 10}), f"byte {place}"
            continue
        fallen += 1
        assert same(found, CONTENT | {"step": 5}), f"byte {place}"
        assert len(lines) == 1
        assert f"{newest}: cannot be read, it is damaged" in lines[0]
        assert newest.with_suffix(".damaged").exists()
        assert not newest.exists()
    assert fallen > 150


def test_damaged_state_is_not_one_of_the_two_that_are_kept(tmp_path):
    states = RunState(tmp_path, "mine", lambda _: None)
    for step in (5, 10):
        states.save({"step": step})
    newest = tmp_path / "mine" / "step-000000010.pt"
    newest.write_bytes(newest.read_bytes()[:-10])
    assert states.load() == {"step": 5}
    states.save({"step": 7})
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == [
        "step-000000005.pt",
        "step-000000007.pt",
        "step-000000010.damaged",
    ]


def test_both_states_damaged(tmp_path):
    lines: list[str] = []
    states = RunState(tmp_path, "mine", lines.append)
    for step in (5, 10):
        states.save({"step": step})
    for path in (tmp_path / "mine").glob("*.pt"):
        path.write_bytes(path.read_bytes()[:-10])
    assert states.load() is None
    assert len(lines) == 2


def test_predictions(tmp_path):
    path = tmp_path / "predictions.tsv.gz"
    genes = [f"G{n}" for n in range(300)]
    table = pd.DataFrame({"gene_id": genes, "chrom": "chr1", "prediction": [n * 0.37 for n in range(300)]})
    write_predictions(path, table)
    assert never_silent(path, lambda: read_predictions(path), pd.DataFrame.equals, 700) > 600
