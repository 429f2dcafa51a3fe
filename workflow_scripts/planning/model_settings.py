"""Settings of entries, checked before any job: their names, and what can be told of values without building a model."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from prism.models.catalogue import traits
from prism.protocol.settings import TrainingSettings
from workflow_scripts.planning.models import Entry
from workflow_scripts.planning.released import Released


def check_entry(entry: Entry) -> None:
    """Refuse settings that an entry's architecture or its training would refuse.

    entry: of config/models.yaml.
    Raises ValueError naming the entry, the setting and the fix.
    """
    where = f"config: model {entry.name}"
    _check_names(where, entry.architecture, entry.settings)
    crop = {**entry.traits.own_settings, **entry.settings}.get("crop_length")
    if isinstance(crop, int) and crop > entry.length:
        raise ValueError(
            f"{where}: settings: crop_length = {crop} is more than the window of {entry.length} bp; give the entry a "
            "longer window or a smaller crop_length"
        )
    try:
        settings = TrainingSettings.from_entry(entry.training)
        if not entry.traits.closed_form:
            settings.check_end()
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def check_priors(entry: Entry, signals: Sequence[str]) -> None:
    """Refuse a signal that a learned mask has no prior for, and a prior of a signal that is not read.

    entry: of config/models.yaml.
    signals: those that the entry reads of a cell type.
    Raises ValueError naming the entry, the signals and the fix.
    """
    published = entry.traits.priors
    if not published:
        return
    given = entry.settings.get("signal_priors") or {}
    where = f"config: model {entry.name} ({entry.architecture})"
    if missing := [name for name in signals if name not in given and name not in published]:
        raise ValueError(
            f"{where}: no prior for signal {', '.join(missing)}; give settings.signal_priors {{name: [weight, beta]}} "
            f"for each (published are those of {', '.join(published)})"
        )
    if unused := [name for name in given if name not in signals]:
        raise ValueError(
            f"{where}: settings.signal_priors names {', '.join(unused)}, and the model reads {', '.join(signals)}; "
            "remove or rename it"
        )


def check_released(released: Released) -> None:
    """Refuse settings of a released checkpoint that its architecture does not have.

    released: its entry in the configuration.
    Raises ValueError naming the entry, the setting and the fix.
    """
    _check_names(f"config: released.{released.name}", released.architecture, released.settings)


def _check_names(where: str, architecture: str, settings: Mapping[str, Any]) -> None:
    own = list(traits(architecture).own_settings)
    for name in settings:
        if name not in own:
            close = difflib.get_close_matches(name, own, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"{architecture} takes {', '.join(own)}"
            raise ValueError(f"{where}: settings: unknown key {name!r}; {hint}")
