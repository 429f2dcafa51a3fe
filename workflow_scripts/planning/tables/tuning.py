"""`tune` of an entry as its file has it: keys that are there, values of their kind, not too many combinations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prism.models.catalogue import traits
from prism.protocol.tuning import OF_TRAINING, check_count
from workflow_scripts.planning.tables.configuration import typed
from workflow_scripts.planning.tables.names import nearest
from workflow_scripts.planning.tables.validation import check, read_schema

KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", list: "a list"}


def read_tune(raw: Mapping[str, list], architecture: str, where: str) -> dict[str, list]:
    """The lists of values, numbers as numbers (YAML takes 1e-3 for a text).

    raw: `tune` of an entry; {} for none.
    architecture: the entry's, a name in `prism.models.catalogue`.
    where: the file and the entry, what an error begins with.
    Raises ValueError naming key, value and fix: for a key that is none of training or of the architecture's settings,
    a value of another kind, one that stands twice, and too many combinations.
    """
    known = traits(architecture)
    of_training = () if known.closed_form else OF_TRAINING  # which has no steps
    found = {}
    for name, values in raw.items():
        if name not in (*of_training, *known.own_settings):
            raise ValueError(
                f"{where}: tune: {_unknown(name, architecture, of_training, known.own_settings)}"
            )
        if name in of_training:
            found[name] = _of_training(name, values, where)
        else:
            kind = known.own_settings[name]
            found[name] = [_of_kind(name, value, kind, f"{where}: tune") for value in values]
        if twice := next((value for value in found[name] if found[name].count(value) > 1), None):
            raise ValueError(f"{where}: tune: {name} names {twice!r} twice; give it once")
    try:
        check_count(found)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    return found


def _unknown(name: str, architecture: str, of_training: tuple, settings: Mapping[str, Any]) -> str:
    if name in OF_TRAINING:
        return (
            f"{name} is of a training by steps, and {architecture} is solved; it takes {', '.join(settings)}"
        )
    if close := nearest(name, (*of_training, *settings)):
        return f"unknown key {name!r}; did you mean {close!r}?"
    trained = f"training ({', '.join(of_training)}) or of " if of_training else ""
    return f"unknown key {name!r}; it takes keys of {trained}settings ({', '.join(settings)})"


def _of_training(name: str, values: list, where: str) -> list:
    schema = read_schema("models")["$defs"]["training"]["properties"][name]
    values = typed(values, {"type": "array", "items": schema})
    check({"tune": {name: values}}, _nested("tune", _nested(name, {"items": schema})), where)
    return values


def _nested(key: str, schema: dict) -> dict:
    return {"properties": {key: schema}}


def _of_kind(name: str, value: Any, default: Any, where: str) -> Any:
    """The value, if it is of the default's kind."""
    kind = type(list(default) if isinstance(default, tuple) else default)
    if kind not in KINDS:  # a mapping, or a setting without a default
        return value
    if kind in (int, float) and isinstance(value, str):
        value = typed(value, {"type": "number"})
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    right = isinstance(value, int | float) if kind is float else isinstance(value, kind)
    if not right or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{where}: {name} must be {KINDS[kind]} (such as {default!r}), not {value!r}")
    return value
