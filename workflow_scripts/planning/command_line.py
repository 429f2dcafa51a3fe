"""Values given by `snakemake --config`: inside a mapping or a list Snakemake leaves every number a string."""

from __future__ import annotations

from typing import Any

CONVERSIONS = {
    "integer": int,
    "number": float,
    "boolean": {"true": True, "false": False}.__getitem__,
    "null": {"null": None, "~": None, "": None}.__getitem__,
}


def typed(value: Any, schema: dict) -> Any:
    """`value` with the strings that `schema` wants otherwise turned into that; a string that fits nothing stays."""
    if isinstance(value, dict):
        return {key: typed(part, _schema_of(key, schema)) for key, part in value.items()}
    if isinstance(value, list):
        return [typed(part, schema.get("items") or {}) for part in value]
    return _converted(value, schema) if isinstance(value, str) else value


def _schema_of(key: str, schema: dict) -> dict:
    further = schema.get("additionalProperties")
    return schema.get("properties", {}).get(key) or (further if isinstance(further, dict) else {})


def _converted(value: str, schema: dict) -> Any:
    wanted = schema.get("type", [])
    wanted = [wanted] if isinstance(wanted, str) else wanted
    if "string" in wanted:
        return value
    for kind in wanted:
        try:
            return CONVERSIONS[kind](value)
        except (KeyError, ValueError):
            continue
    return value
