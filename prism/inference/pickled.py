"""Checkpoints from elsewhere, read without running anything that they hold."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from prism.files.zipped import check_zip
from prism.runs.checkpoint import UNREADABLE

CURE = (
    "where you trust the file and have its authors' packages, keep the weights alone: "
    'torch.save({"state_dict": torch.load(FILE, weights_only=False)["state_dict"]}, NEW), and import NEW'
)


class Unread:
    """Takes the place of any object in a checkpoint that is neither tensor nor plain value.

    Whatever class or function the file names, this is made in its place: nothing is imported, called or kept.

    *args, **kwargs: forgotten.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Unread:
        """Forget the arguments."""
        return super().__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Forget them again: a call of a class comes through here too."""

    def __setstate__(self, state: Any) -> None:
        """Forget the state."""


class UnreadMapping:
    """The same for what is a kind of dict by its name: torch fills nothing but plain ones."""

    def __new__(cls, *args: Any, **kwargs: Any) -> OrderedDict:
        """An empty dict, whatever the arguments."""
        return OrderedDict()


def read_foreign_checkpoint(path: str | Path) -> Mapping[str, Any]:
    """Read a file of torch.save as a mapping, on the CPU, without running anything that it holds.

    Published Lightning checkpoints hold more than weights: hyperparameters as argparse.Namespace or
    OmegaConf, numpy scalars, paths, optimiser and callback states. They are read with weights_only=True, each
    global that torch does not know to be harmless replaced by `Unread`.

    path: a state dict or a Lightning checkpoint.
    Raises ValueError, naming the file and the fix, for any other file.
    """
    try:
        if _begins_as_zip(path):  # torch's format before 1.6 is none
            check_zip(path)
        strangers = [
            (UnreadMapping if name.lower().endswith("dict") else Unread, name)
            for name in _unknown_globals(path)
        ]
        with safe_globals(strangers):
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        raise ValueError(
            f"{path}: cannot be read without running its content ({_reason(error)}); get the file again, or, {CURE}"
        ) from None
    if not isinstance(checkpoint, Mapping):
        raise ValueError(
            f"{path}: holds {type(checkpoint).__name__}, not a state dict or a Lightning checkpoint; {CURE}"
        )
    return checkpoint


def _reason(error: Exception) -> str:
    told = str(error.__context__ or error).strip()  # torch wraps what went wrong in advice
    return told.partition("\n")[0] or type(error).__name__


def _unknown_globals(path: str | Path) -> list[str]:
    try:
        return get_unsafe_globals_in_checkpoint(path)
    except ValueError:  # torch's format before 1.6 has no list of its globals; none is allowed
        return []


def _begins_as_zip(path: str | Path) -> bool:
    with open(path, "rb") as file:
        return file.read(2) == b"PK"
