"""The configuration: the bundled config/config.yaml with the user's own laid over it."""

from __future__ import annotations

import re
from typing import Any

import yaml

from workflow_scripts.planning.tables.checksums import BUNDLED, Layers, belonging, layers_of
from workflow_scripts.planning.tables.paths import BASE
from workflow_scripts.planning.tables.validation import check, read_schema

_CONVERSIONS = {
    "integer": int,
    "number": float,
    "boolean": {"true": True, "false": False}.__getitem__,
    "null": {"null": None, "~": None, "": None}.__getitem__,
}


def read_configuration(given: dict, layers: Layers | None = None) -> tuple[dict, dict[str, str]]:
    """The whole configuration, checked against its schema, and the file in which each checksum stands.

    given: what the user gave, in files and on the command line; keys that are not there keep the bundled value.
    layers: the same file by file, as `checksums.layers_of` gives it; default: all in one.
    Raises ValueError naming the key, the value and the fix.
    """
    schema = read_schema("config")
    bundled = yaml.safe_load((BASE / "config" / "config.yaml").read_text())
    layers = [(BUNDLED, bundled), *(layers_of(given) if layers is None else layers)]
    config, places = belonging(merged(bundled, typed(given, schema)), layers)
    check(config, schema, "config")
    return config, places


def merged(base: dict, over: dict) -> dict:
    """`base` with the keys of `over` laid over it.

    base, over: mappings inside mappings are merged in the same way; lists and scalars of `over` replace those of
    `base`.
    """
    out = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = merged(out[key], value) if both else value
    return out


def typed(value: Any, schema: dict, whole: dict | None = None) -> Any:
    """A value with its scalars converted to the types that the schema wants.

    A whole number that is written 3.0 becomes 3: rules find a file by the digits. What cannot be converted
    stays, and the schema check refuses it.

    value: as YAML or `snakemake --config` gives it; inside a mapping or a list of the latter every number is
        a string.
    schema: the JSON schema of `value`.
    whole: the schema that `$ref` in it refers to; default: `schema` itself.
    """
    whole = schema if whole is None else whole
    if "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].rsplit("/", 1)[-1]] | schema
    if isinstance(value, dict):
        return {key: typed(part, _schema_of(str(key), schema), whole) for key, part in value.items()}
    if isinstance(value, list):
        return [typed(part, schema.get("items") or {}, whole) for part in value]
    if isinstance(value, float) and value.is_integer() and _allows(schema, "integer"):
        return int(value)
    return _converted(value, schema) if isinstance(value, str) else value


def _schema_of(key: str, schema: dict) -> dict:
    further = schema.get("additionalProperties")
    by_pattern = schema.get("patternProperties", {}).items()
    patterns = [each for pattern, each in by_pattern if re.search(pattern, key)]
    known = schema.get("properties", {}).get(key)
    return known or (patterns[0] if patterns else further if isinstance(further, dict) else {})


def _allows(schema: dict, kind: str) -> bool:
    return kind in ([schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", []))


def _converted(value: str, schema: dict) -> Any:
    wanted = schema.get("type", [])
    wanted = [wanted] if isinstance(wanted, str) else wanted
    if "string" in wanted:
        return value
    for kind in wanted:
        try:
            return _CONVERSIONS[kind](value)
        except (KeyError, ValueError):
            continue
    return value
