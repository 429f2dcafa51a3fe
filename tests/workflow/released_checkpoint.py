"""A checkpoint of ours as other authors would publish it."""

from __future__ import annotations

import hashlib

import torch

from prism.models import build
from prism.models.authors import authors_names


def release(checkpoint, path) -> dict:
    """Publish a checkpoint of ours as its authors would, under their names; returns the entry of `released`."""
    ours = torch.load(checkpoint, weights_only=True)
    kind = type(build(ours["architecture"], ours["settings"]))
    state = {}
    for name, value in ours["state_dict"].items():
        for theirs in authors_names(name, kind.AUTHORS_NAMES):
            state[f"model.{theirs}"] = value.unsqueeze(1) if theirs.endswith("conv1d.weight") else value
    torch.save({"state_dict": state, "epoch": 3, "optimizer_states": [{"state": {}}], "loops": {}}, path)
    return {
        "checkpoint": {"address": path.name, "md5": hashlib.md5(path.read_bytes()).hexdigest()},
        "architecture": ours["architecture"],
        "settings": {"center_len": ours["settings"]["center_len"]},
        "signals": ours["signals"],
        "rna_features": ours["rna_feature_names"],
        "length": ours["length"],
    }
