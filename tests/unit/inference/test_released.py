"""Published checkpoints read safely and turned into this workflow's own."""

from __future__ import annotations

import argparse
import collections
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import torch

from prism.inference.pickled import Unread, read_foreign_checkpoint
from prism.inference.prediction import predict
from prism.inference.released import import_released
from prism.inference.trained import Trained
from prism.models import from_authors
from prism.models.registry import recognise
from tests.unit.models.authors_state import META, a_model, as_authors
from tests.unit.training import tiny_dataset

FEATURES = ["UTR5GC", "CDSGC", "UTR3GC", "ORFEXONDENSITY", "promoter_activity"]
STATED = {
    "name": "prism",
    "settings": {"center_len": 32},
    "signals": ["DNase", "H3K27ac"],
    "rna_features": FEATURES,
}
PRIORS = {"H3K27ac": [2.0, 1.5], "DNase": [1.0, 0.2]}


class AttributeDict(dict):
    """As Lightning keeps hyperparameters."""

    def __getattr__(self, key):
        return self[key]


class Booby:
    """Leaves a mark where it is unpickled by anything that runs what a file names."""

    sprung = pathlib.Path("sprung")

    def __reduce__(self):
        return (spring, (str(self.sprung),))


def spring(path):
    pathlib.Path(path).touch()


def lightning(model, **more) -> dict:
    """A checkpoint as Lightning writes it, around a model of ours under the authors' names."""
    state = collections.OrderedDict((f"model.{name}", value) for name, value in as_authors(model).items())
    parameter = torch.nn.Parameter(torch.zeros(3))
    optimiser = torch.optim.AdamW([parameter])
    parameter.sum().backward()
    optimiser.step()
    return {
        "epoch": 3,
        "global_step": 50_000,
        "pytorch-lightning_version": "2.1.0",
        "state_dict": state,
        "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": {"ModelCheckpoint{'monitor': 'val_loss'}": {"best_model_score": torch.tensor(0.2)}},
        "optimizer_states": [optimiser.state_dict()],
        "lr_schedulers": [{"last_epoch": 7, "_last_lr": [np.float64(1e-4)]}],
        **more,
    }


def test_weights_of_a_lightning_checkpoint_and_nothing_else():
    model = a_model("prism", n_context=2, cnn_dim=4)
    model.confounder.norms[0].running_var += 2
    model.confounder.norms[1].num_batches_tracked += 5
    loaded = from_authors("prism", lightning(model), META)
    assert loaded.state_dict().keys() == model.state_dict().keys()
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name


def test_what_lightning_keeps_beside_the_model_is_named():
    checkpoint = lightning(a_model("prism"))
    checkpoint["state_dict"]["loss_scale.weight"] = torch.ones(1)
    del checkpoint["state_dict"]["model.weight_generator.cnn_encoder.1.num_batches_tracked"]
    with pytest.raises(ValueError, match="does not fit Prism") as error:
        from_authors("prism", checkpoint, META)
    assert (
        "missing: weight_generator.cnn_encoder.1.num_batches_tracked; unexpected: loss_scale.weight"
        in str(error.value)
    )


def test_mambas_own_prefix_is_kept_and_lightnings_taken_off():
    model = a_model("mamba")
    assert recognise(as_authors(model)) == recognise(lightning(model)) == ["mamba"]


def test_architectures_are_told_by_names_and_shapes():
    assert recognise(as_authors(a_model("prism"))) == ["prism"]
    assert recognise(as_authors(a_model("seq2exp_hard", signal_priors=PRIORS))) == ["seq2exp_hard"]
    assert recognise({"weight": torch.zeros(2)}) == []


HYPERPARAMETERS = [
    {"hyper_parameters": argparse.Namespace(d_model=8, out=pathlib.Path("runs"))},
    {"hyper_parameters": AttributeDict(d_model=8, nested=AttributeDict(n=2))},
    {"hyper_parameters": collections.defaultdict(list, a=[1])},
    {"hyper_parameters": {"rng": np.random.default_rng(1), "array": np.arange(3), "scalar": np.float32(2)}},
    {"hparams_type": argparse.Namespace, "rng": np.random.RandomState(1).get_state()},
    {"hyper_parameters": Booby()},
]


@pytest.mark.parametrize("more", HYPERPARAMETERS)
def test_other_objects_of_a_checkpoint_are_neither_run_nor_needed(more, tmp_path, monkeypatch):
    allowed = set(torch.serialization.get_safe_globals())
    monkeypatch.setattr(Booby, "sprung", tmp_path / "sprung")
    model = a_model("prism")
    torch.save(lightning(model, **more), tmp_path / "released.ckpt")
    checkpoint = read_foreign_checkpoint(tmp_path / "released.ckpt")
    assert not (tmp_path / "sprung").exists()
    assert torch.equal(from_authors("prism", checkpoint, META).head.last.weight, model.head.last.weight)
    assert set(torch.serialization.get_safe_globals()) == allowed


def test_an_object_in_place_of_a_weight_is_named(tmp_path):
    checkpoint = lightning(a_model("prism"))
    checkpoint["state_dict"]["model.pToExpr.0.bias"] = argparse.Namespace()
    torch.save(checkpoint, tmp_path / "released.ckpt")
    read = read_foreign_checkpoint(tmp_path / "released.ckpt")
    assert isinstance(read["state_dict"]["model.pToExpr.0.bias"], Unread)
    with pytest.raises(ValueError, match=r"model\.pToExpr\.0\.bias is no tensor but Unread"):
        from_authors("prism", read, META)


def test_files_that_cannot_be_read_are_refused_with_a_way_out(tmp_path):
    (tmp_path / "page.ckpt").write_text("<html>moved</html>")
    torch.save({"run": os.system}, tmp_path / "blocked.ckpt")
    (tmp_path / "short.ckpt").write_bytes((tmp_path / "blocked.ckpt").read_bytes()[:200])
    torch.save([torch.zeros(2)], tmp_path / "list.ckpt")
    with pytest.raises(ValueError, match=r"Trying to load unsupported GLOBAL posix\.system"):
        read_foreign_checkpoint(tmp_path / "blocked.ckpt")
    for name in ("page", "blocked", "short", "list"):
        with pytest.raises(ValueError, match=rf"{name}\.ckpt: .*weights_only=False.*\[.state_dict.\]"):
            read_foreign_checkpoint(tmp_path / f"{name}.ckpt")


def imported(folder, checkpoint, **changes):
    torch.save(checkpoint, folder / "released.ckpt")
    stated = {**STATED, "length": 64, **changes}
    import_released(folder / "released.ckpt", folder / "best.ckpt", **stated)
    return Trained.load(folder / "best.ckpt")


def test_an_imported_checkpoint_is_one_of_ours(tmp_path):
    model = a_model("prism")
    trained = imported(tmp_path, lightning(model), description={"name": "published"})
    assert trained.checkpoint["signals"] == ["DNase", "H3K27ac"]
    assert trained.checkpoint["signal_scale"] is None
    assert trained.checkpoint["feature_scale"] is None
    assert trained.checkpoint["provenance"]["released"]["name"] == "published"
    assert not trained.module.training
    for name, value in model.state_dict().items():
        assert torch.equal(trained.module.state_dict()[name], value), name


BAD = [
    ({"signals": ["DNase"]}, r"n_signals is 1 as stated \(signals: DNase\) and 2 by the weights"),
    (
        {"rna_features": FEATURES[:3]},
        r"n_rna_features is 3 as stated \(rna_features: UTR5GC.*\) and 5 by the weights",
    ),
    ({"settings": {"d_model": 16}}, r"d_model is 16 as stated and 8 by the weights"),
    ({"settings": {"depth": 2}}, r"prism: unknown settings depth; known: d_model, "),
    ({"settings": {"length": 64}}, r"prism: unknown settings length"),
    ({"name": "caduceus"}, r"caduceus reads no signals, and DNase, H3K27ac are stated"),
    (
        {"name": "caduceus", "signals": []},
        r"does not fit Caduceus.*missing: input_layer\.weight.* those of prism",
    ),
    ({"name": "seq2exp_soft"}, r"does not fit Seq2ExpSoft.*missing: .*mask_output.*those of prism"),
    ({"name": "ridge"}, r"ridge has no checkpoint of other authors"),
    ({"name": "transformer"}, r"unknown architecture 'transformer'; known: caduceus"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_what_does_not_fit_the_weights_is_refused(changes, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        imported(tmp_path, lightning(a_model("prism")), **changes)
    assert not (tmp_path / "best.ckpt").exists()


def test_another_order_of_signals_shows_in_the_priors_of_seq2exp(tmp_path):
    checkpoint = lightning(a_model("seq2exp_soft", signals=["H3K27ac", "DNase"], signal_priors=PRIORS))
    stated = {"name": "seq2exp_soft", "settings": {"center_len": 32, "signal_priors": PRIORS}}
    imported(tmp_path, checkpoint, **stated, signals=["H3K27ac", "DNase"])
    with pytest.raises(
        ValueError,
        match=r"signals DNase, H3K27ac in this order .* DNase 0\.333, 0\.2 \(the weights have 0\.667, 1\.5\)",
    ):
        imported(tmp_path, checkpoint, **stated, signals=["DNase", "H3K27ac"])


def test_signals_of_other_names_take_the_priors_of_the_file(tmp_path):
    checkpoint = lightning(a_model("seq2exp_soft", signals=["H3K27ac", "DNase"], signal_priors=PRIORS))
    trained = imported(tmp_path, checkpoint, name="seq2exp_soft", signals=["k27", "dnase"])
    found = trained.checkpoint["settings"]["signal_priors"]
    assert list(found) == ["k27", "dnase"]
    np.testing.assert_allclose(list(found.values()), [[2 / 3, 1.5], [1 / 3, 0.2]], rtol=1e-6)


def test_the_window_of_learned_positions_is_checked(tmp_path):
    checkpoint = lightning(a_model("seq2exp_hard", signals=["H3K27ac", "DNase"], signal_priors=PRIORS))
    stated = {"name": "seq2exp_hard", "signals": ["H3K27ac", "DNase"], "settings": {"signal_priors": PRIORS}}
    with pytest.raises(ValueError, match=r"length is 100 as stated and 64 by the weights"):
        imported(tmp_path, checkpoint, **stated, length=100)


def test_script_then_prediction_without_a_comparison_of_scales(tmp_path, root, capsys):
    model = a_model("prism", length=64, n_rna_features=1)
    torch.save(lightning(model, hyper_parameters=argparse.Namespace(lr=1)), tmp_path / "released.ckpt")
    command = [
        sys.executable,
        "-m",
        "workflow_scripts.training.import_checkpoint",
        "--architecture",
        "prism",
        "--length",
        "64",
    ]
    command += ["--checkpoint", tmp_path / "released.ckpt", "--out", tmp_path / "best.ckpt"]
    command += ["--settings", '{"center_len": 32}', "--signals", '["ATAC", "H3K27ac"]']
    command += ["--rna-features", '["promoter_activity"]']
    done = subprocess.run(list(map(str, command)), cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "all keys accounted for" in done.stdout
    predict(tmp_path / "best.ckpt", *tiny_dataset.write(tmp_path, length=64), tmp_path / "out.tsv.gz", "cpu")
    said = capsys.readouterr().err
    assert (
        "warning: the scale of the signals in training is unknown and cannot be compared (here: ATAC mean"
        in said
    )
    assert "in training;" not in said
    bad = [*map(str, command), "--signals", '{"ATAC": 1}']
    done = subprocess.run(bad, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: give a JSON list")
