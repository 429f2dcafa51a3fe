"""Checks configuration and tables against their JSON schemas; errors name the thing, the value and the fix."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from prism.fetch.redaction import redacted
from prism.genome.reading import CHOICES
from prism.models.catalogue import names
from workflow_scripts.planning.tables.names import nearest
from workflow_scripts.planning.tables.patterns import ASSEMBLY, NAME

SCHEMAS = Path(__file__).resolve().parents[3] / "config" / "schemas"
# What `enum_of` in a schema means: values that have a table of their own, and are not written again.
ENUMS: dict[str, Callable[[], list[str]]] = {
    "architectures": names,
    "released architectures": lambda: names(lambda entry: entry.has_released),
    **{key: partial(list, values) for key, values in CHOICES.items()},
}
# The same for patterns: what `pattern_of` stands for.
PATTERNS = {"name": f"^{NAME}$", "assembly": f"^{ASSEMBLY}$"}
# No text of a configuration or a table needs these: a line break or another control character, which would begin a new
# line of a command or a log, and what ends the script of an HTML page.
UNWANTED = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]|</|<!")


@cache
def read_schema(name: str) -> dict:
    """Read a schema and fill in each `enum_of` and `pattern_of` in it.

    name: of `config/schemas/<name>.schema.yaml`.
    """
    return _filled(yaml.safe_load((SCHEMAS / f"{name}.schema.yaml").read_text()))


def check(instance: Any, schema: dict, where: str) -> None:
    """Refuse what does not follow a schema.

    instance: the content.
    schema: as `read_schema` gives it.
    where: the file or the table's row, for the error.
    Raises ValueError with one line for each problem.
    """
    if other := next(_keys_that_are_no_text(instance), None):
        place, key = other
        raise ValueError(f"{where}: {place}the key {key!r} is not a text; write it with quotation marks")
    validator = jsonschema.Draft202012Validator(schema)
    problems = [_sentence(error, where) for error in validator.iter_errors(instance)]
    problems += [
        f"{where}: {place} = {value}: not a number to compute with; correct it"
        for place, value in _not_finite(instance)
    ]
    problems += [
        f"{where}: {place}{text!r} holds {found!r}, {_why_unwanted(found)}; remove it"
        for place, text, found in _unwanted(instance)
    ]
    if problems:
        raise ValueError(redacted("\n".join(problems)))


def _keys_that_are_no_text(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """(place, key) of every key that YAML took for a number, a truth value, a date or nothing."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        if isinstance(value, dict) and not isinstance(key, str):
            yield f"{place}: " if place else "", key
        yield from _keys_that_are_no_text(part, f"{place}.{key}" if place else str(key))


def _not_finite(value: Any, place: str = "") -> Iterator[tuple[str, float]]:
    """Where `.nan` or `.inf` stands: every bound of a schema lets nan pass."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from _not_finite(part, f"{place}.{key}" if place else str(key))
    if isinstance(value, float) and not math.isfinite(value):
        yield place, value


def _unwanted(value: Any, place: str = "") -> Iterator[tuple[str, str, str]]:
    """(place, text, what it holds) of every string, keys too, that holds what no text needs."""
    if isinstance(value, str) and (found := UNWANTED.search(value)):
        yield f"{place} = " if place else "", value, found[0]
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        if isinstance(key, str):
            yield from (("key ", text, found) for _, text, found in _unwanted(key))
        yield from _unwanted(part, f"{place}.{key}" if place else str(key))


def _why_unwanted(found: str) -> str:
    return "which ends the script of a page" if found[0] == "<" else "a line break or control character"


def _filled(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_filled(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    filled = {key: _filled(value) for key, value in schema.items() if key not in ("enum_of", "pattern_of")}
    filled |= {"enum": ENUMS[schema["enum_of"]]()} if "enum_of" in schema else {}
    return filled | ({"pattern": PATTERNS[schema["pattern_of"]]} if "pattern_of" in schema else {})


def _unknown_keys(error: jsonschema.ValidationError, where: str) -> str:
    known = sorted(error.schema.get("properties", {}))
    patterns = list(error.schema.get("patternProperties", {}))
    unknown = [
        key
        for key in error.instance
        if key not in known and not any(re.search(each, key) for each in patterns)
    ]
    close = nearest(str(unknown[0]), known)
    hint = (
        f"did you mean {close!r}?"
        if close
        else f"known keys: {', '.join(known + [f'/{each}/' for each in patterns])}"
    )
    return f"{where}: unknown key {unknown[0]!r}; {hint}"


def _sentence(error: jsonschema.ValidationError, where: str) -> str:
    place = ".".join(str(part) for part in error.absolute_path)
    where = f"{where}: {place}" if place else where
    if error.validator == "additionalProperties":
        return _unknown_keys(error, where)
    if error.validator == "required":
        return f"{where}: {error.message}; add it (see config/README.md)"
    meaning = str(error.schema.get("description", "")).strip().rstrip(".")
    sentence = f"{where} = {error.instance!r}: {error.message}" + (f"; it is: {meaning}" if meaning else "")
    wants_text = error.validator == "type" and "string" in error.validator_value
    if wants_text and not isinstance(error.instance, dict | list):
        sentence += "; write a text that YAML takes for something else with quotation marks"
    return sentence
