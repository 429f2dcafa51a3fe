"""An AdamW changed so that it can be captured, and changed back."""

from __future__ import annotations

import torch
from torch.optim import Optimizer


def make_capturable(optimiser: Optimizer) -> None:
    """Change an AdamW in place so that it can be captured: its learning rate and counts of steps go to its device.

    optimiser: an AdamW.
    """
    device = optimiser.param_groups[0]["params"][0].device
    # torch has no capturable AdamW for a CPU; its plain one takes a tensor too and computes with it as with the number
    capturable = device.type == "cuda"
    dtype = torch.float32 if capturable else torch.float64
    rate = torch.tensor(optimiser.param_groups[0]["lr"], dtype=dtype, device=device)
    for group in optimiser.param_groups:
        group.update(lr=rate, capturable=capturable)
    for state in optimiser.state.values():
        state["step"] = state["step"].to(device)


def make_plain(optimiser: Optimizer) -> None:
    """Undo `make_capturable`.

    optimiser: an AdamW.
    """
    for group in optimiser.param_groups:
        group.update(lr=float(group["lr"]), capturable=False)
    for state in optimiser.state.values():
        state["step"] = state["step"].cpu()


def plain(state: dict) -> dict:
    """The state dict of an AdamW as it is where nothing is captured: a training of either kind goes on from it.

    state: of an AdamW after `make_capturable`.
    """
    groups = [group | {"lr": float(group["lr"]), "capturable": False} for group in state["param_groups"]]
    states = {key: value | {"step": value["step"].cpu()} for key, value in state["state"].items()}
    return {"state": states, "param_groups": groups}
