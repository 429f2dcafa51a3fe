"""Settings of entries, checked before any job: their names, and what can be told of values without building a model.

What an architecture takes is read from its source: to import it is to import torch, which costs every plan seconds.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import prism
from prism.protocol.settings import TrainingSettings
from workflow_scripts.planning.models import CLOSED_FORM, LEARNS_A_MASK, Entry
from workflow_scripts.planning.released import Released

PACKAGE = Path(prism.__file__).parent


def check_entry(entry: Entry) -> None:
    """ValueError, with the entry's name, for settings that its architecture or its training would refuse."""
    where = f"config: model {entry.name}"
    _check_names(where, entry.architecture, entry.settings)
    crop = {**known_settings(entry.architecture), **entry.settings}.get("crop_length")
    if isinstance(crop, int) and crop > entry.length:
        raise ValueError(
            f"{where}: settings: crop_length = {crop} is more than the window of {entry.length} bp; give the entry a "
            "longer window or a smaller crop_length"
        )
    try:
        settings = TrainingSettings.from_entry(entry.training)
        if entry.architecture not in CLOSED_FORM:
            settings.check_end()
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def check_priors(entry: Entry, signals: Sequence[str]) -> None:
    """ValueError for a signal that a learned mask has no prior for, and for a prior of a signal that is not read."""
    if entry.architecture not in LEARNS_A_MASK:
        return
    given = entry.settings.get("signal_priors") or {}
    where = f"config: model {entry.name} ({entry.architecture})"
    if missing := [name for name in signals if name not in given and name not in _published_priors()]:
        raise ValueError(
            f"{where}: no prior for signal {', '.join(missing)}; give settings.signal_priors {{name: [weight, beta]}} "
            f"for each (published are those of {', '.join(_published_priors())})"
        )
    if unused := [name for name in given if name not in signals]:
        raise ValueError(
            f"{where}: settings.signal_priors names {', '.join(unused)}, and the model reads {', '.join(signals)}; "
            "remove or rename it"
        )


def check_released(released: Released) -> None:
    """ValueError, with its name, for settings of a released checkpoint that its architecture does not have."""
    _check_names(f"config: released.{released.name}", released.architecture, released.settings)


def _check_names(where: str, architecture: str, settings: Mapping[str, Any]) -> None:
    own = [name for name in known_settings(architecture) if name not in _registry()["DATA_SETTINGS"]]
    for name in settings:
        if name not in own:
            close = difflib.get_close_matches(name, own, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"{architecture} takes {', '.join(own)}"
            raise ValueError(f"{where}: settings: unknown key {name!r}; {hint}")


@cache
def known_settings(architecture: str) -> dict[str, Any]:
    """Settings of an architecture, data's included, with their defaults, as `prism.models.registry` tells them."""
    module, _, name = _registry()["ARCHITECTURES"][architecture].partition(":")
    tree = ast.parse((PACKAGE.parent / f"{module.replace('.', '/')}.py").read_text())
    kind = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    made = next(node for node in kind.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    pairs = zip(made.args.kwonlyargs, made.args.kw_defaults, strict=True)
    return {argument.arg: ast.literal_eval(default) for argument, default in pairs}


@cache
def _registry() -> dict[str, Any]:
    """The tables of `prism.models.registry`."""
    return {name: _table("registry.py", name) for name in ("ARCHITECTURES", "DATA_SETTINGS")}


@cache
def _published_priors() -> dict[str, tuple[float, float]]:
    """Those of Seq2Exp's mask, by signal, as `prism.models.blocks.beta_mask` has them."""
    return _table("blocks/beta_mask.py", "PUBLISHED_PRIORS")


def _table(file: str, name: str) -> Any:
    """The literal that a file of `prism.models` gives to `name`."""
    tree = ast.parse((PACKAGE / "models" / file).read_text())
    assigned = (node for node in tree.body if isinstance(node, ast.Assign))
    return next(
        ast.literal_eval(node.value) for node in assigned if getattr(node.targets[0], "id", "") == name
    )
