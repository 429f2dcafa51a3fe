"""Checkpoints as the authors publish them, made from the golden state dicts, imported and used as our own."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

import pytest
import torch

from prism.genome.batch import Batch
from prism.inference.released import import_released
from prism.inference.trained import Trained
from tests.parity.golden_file import assert_outputs_equal

SIGNALS = ["H3K27ac", "DNase", "contacts"]
FEATURES = ["UTR5LEN_log10zscore", "CDSLEN_log10zscore", "INTRONLEN_log10zscore", "UTR3LEN_log10zscore"]
FEATURES += ["UTR5GC", "CDSGC", "UTR3GC", "ORFEXONDENSITY", "promoter_activity"]
NAMES = ["prism", "seq2exp_soft", "seq2exp_hard", "caduceus_signals"]


def published(file, folder):
    """A Lightning checkpoint with the golden's weights, and what Lightning keeps beside them."""
    state = {f"model.{name}": torch.tensor(value) for name, value in file.state.items()}
    checkpoint = {
        "epoch": 12,
        "global_step": 50_000,
        "pytorch-lightning_version": "2.1.0",
        "state_dict": state,
        "loops": {"fit_loop": {"epoch_progress": {"total": {"ready": 13}}}},
        "callbacks": {},
        "optimizer_states": [
            {"state": {0: {"step": torch.tensor(5.0), "exp_avg": torch.zeros(3)}}, "param_groups": []}
        ],
        "lr_schedulers": [],
        "hyper_parameters": {"config": argparse.Namespace(d_model=32)},
    }
    torch.save(checkpoint, folder / "published.ckpt")
    return folder / "published.ckpt"


def batch_of(file) -> Batch:
    regions = file.input.get("mask_regions")
    return Batch(
        sequence=torch.tensor(file.input["seqs"]),
        signals=torch.tensor(file.input["signals"]),
        rna_features=torch.tensor(file.input["rna_feat"]),
        blacklist=torch.tensor(regions[..., 1]) if regions is not None else None,
    )


@pytest.mark.parametrize("name", NAMES)
def test_published_checkpoint_predicts_the_same_after_import(name, golden, tmp_path):
    file = golden(name)
    import_released(
        published(file, tmp_path), tmp_path / "best.ckpt", name=name, settings={"center_len": file.meta["center_len"]},
        signals=SIGNALS, rna_features=FEATURES, length=file.meta["length"],
    )  # fmt: skip
    trained = Trained.load(tmp_path / "best.ckpt")
    assert trained.checkpoint["rna_feature_names"] == FEATURES
    with torch.inference_mode():
        answer = trained.module(batch_of(file), with_details=True)
    assert_outputs_equal(answer.expression, file.output["prediction"])
    if "mask" in file.output:
        assert_outputs_equal(answer.details["mask"], file.output["mask"])


def test_a_tied_weight_that_differs_is_named(golden, tmp_path):
    file = golden("prism")
    name = "caduceus.backbone.layers.1.mixer.mamba_rev.out_proj.weight"
    file.state[name] = file.state[name] + 1e-3
    with pytest.raises(
        ValueError, match=rf"tied weights that differ: .*mamba_fwd\.out_proj\.weight and {name}"
    ):
        import_released(
            published(file, tmp_path), tmp_path / "best.ckpt", name="prism", settings={}, signals=SIGNALS,
            rna_features=FEATURES, length=256,
        )  # fmt: skip


@pytest.mark.parametrize("name", ["seq2exp_soft", "seq2exp_hard"])
def test_another_order_of_the_published_signals_is_refused(name, golden, tmp_path):
    with pytest.raises(
        ValueError, match=r"DNase, H3K27ac, contacts in this order .* They fit H3K27ac, DNase, contacts"
    ):
        import_released(
            published(golden(name), tmp_path), tmp_path / "best.ckpt", name=name, settings={"center_len": 64},
            signals=["DNase", "H3K27ac", "contacts"], rna_features=FEATURES, length=256,
        )  # fmt: skip


def test_the_script_says_what_does_not_fit(golden, tmp_path, root):
    command = [sys.executable, "-m", "workflow_scripts.training.import_checkpoint", "--length", "256"]
    command += [
        "--checkpoint",
        str(published(golden("prism"), tmp_path)),
        "--out",
        str(tmp_path / "best.ckpt"),
    ]
    command += ["--signals", json.dumps(SIGNALS), "--rna-features", json.dumps(FEATURES)]
    run = {"cwd": root, "capture_output": True, "text": True, "check": False}
    done = subprocess.run([*command, "--architecture", "seq2exp_soft"], **run)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.rstrip().endswith("Its names and shapes are those of prism")
    done = subprocess.run([*command, "--architecture", "prism", "--settings", '{"center_len": 64}'], **run)
    assert (done.returncode, (tmp_path / "best.ckpt").exists()) == (0, True)
