"""Settings of entries, checked before any job: their names, and what can be told of values without building a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prism.models.catalogue import traits
from prism.models.catalogue.tokens import check_tokens
from prism.protocol.settings import TrainingSettings
from workflow_scripts.planning.tables.models import Entry
from workflow_scripts.planning.tables.names import nearest
from workflow_scripts.planning.tables.released import Released


def check_entry(entry: Entry) -> None:
    """Refuse settings that an entry's architecture or its training would refuse.

    entry: of config/models.yaml.
    Raises ValueError naming the entry, the setting and the fix.
    """
    for place, each in enumerate(entry.as_trained, start=1):
        _check_one(
            f"config: model {entry.name}" + (f", candidate {place} of tune" if entry.tune else ""), each
        )


def _check_one(where: str, entry: Entry) -> None:
    _check_names(where, entry.architecture, entry.settings)
    crop = {**entry.traits.own_settings, **entry.settings}.get("crop_length")
    if isinstance(crop, int) and crop > entry.length:
        raise ValueError(
            f"{where}: settings: crop_length = {crop} is more than the window of {entry.length} bp; give the entry a "
            "longer window or a smaller crop_length"
        )
    _check_centre(where, entry.settings, entry.length)
    _check_values(where, entry)
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
    where = f"config: released.{released.name}"
    _check_names(where, released.architecture, released.settings)
    _check_centre(where, released.settings, released.length)


def _check_centre(where: str, settings: Mapping[str, Any], length: int) -> None:
    centre = settings.get("center_len")
    if isinstance(centre, int) and centre > length:
        raise ValueError(
            f"{where}: settings: center_len = {centre} is more than the window of {length} bp; give a longer window, "
            f"or at most {length}"
        )


def _check_values(where: str, entry: Entry) -> None:
    """Values that are one of a few, and the stem and bins of the window."""
    for each in entry.traits.settings:
        value = entry.settings.get(each.name, each.default)
        if each.choices and value not in each.choices:
            told = ", ".join("null" if choice is None else str(choice) for choice in each.choices)
            raise ValueError(f"{where}: settings: {each.name} = {value!r} is not one of {told}")
    try:
        check_tokens({**entry.traits.own_settings, **entry.settings}, entry.length)
    except ValueError as error:
        raise ValueError(f"{where}: settings: {error}") from None


def _check_names(where: str, architecture: str, settings: Mapping[str, Any]) -> None:
    own = list(traits(architecture).own_settings)
    for name in settings:
        if name not in own:
            close = nearest(name, own)
            hint = f"did you mean {close!r}?" if close else f"{architecture} takes {', '.join(own)}"
            raise ValueError(f"{where}: settings: unknown key {name!r}; {hint}")
