"""Small models, and their states under the authors' names."""

from __future__ import annotations

import torch

from prism import models
from prism.models.authors import authors_names

SIZES = {"length": 64, "d_model": 8, "n_layer": 2, "n_signals": 2, "n_rna_features": 5}
META = {"model": "x", "interact": "concat", "loss": "described in words", "length": 64, "center_len": 32}


def as_authors(model) -> dict[str, torch.Tensor]:
    """The state of one of our models under the authors' names, convolutions with their middle axis."""
    state = {}
    for ours, value in model.state_dict().items():
        for name in authors_names(ours, model.AUTHORS_NAMES):
            state[name] = value.unsqueeze(1).clone() if name.endswith("conv1d.weight") else value.clone()
    return state


def a_model(name: str, **settings):
    torch.manual_seed(2)
    sizes = {key: value for key, value in SIZES.items() if name != "caduceus" or key != "n_signals"}
    model = models.build(name, {**sizes, **settings})
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    return model
