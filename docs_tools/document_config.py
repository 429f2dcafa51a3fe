"""Writes config/README.md from the schemas: python -m docs_tools.document_config > config/README.md."""

from __future__ import annotations

from collections.abc import Iterator

from prism.genome.tracks.transforms import TRANSFORMS
from workflow_scripts.planning.tables.validation import read_schema

INTRODUCTION = """\
# Configuration
Made from `config/schemas/` by `python -m docs_tools.document_config`; do not edit.

`config.yaml` holds the defaults; a file of your own (`--configfile mine.yaml`) is laid over it,
mapping by mapping, and needs only what differs. Paths are looked up in the working directory first, then in the clone.

| file | what it holds |
|---|---|
| `config.yaml` | a first real run: K562, windows of 2 kb, four models |
| `paper.yaml` | the benchmark, every model and five seeds; H1 is predicted (its contacts need a key of 4DN) |
| `demo.yaml`, `demo/` | the simulated genome |
| `cell_types.tsv` | cell types: accessions, addresses or paths of signals and labels |
| `folds.tsv` | the published folds, by chromosome |
| `models.yaml` | model entries and training protocols |
| `published_results.tsv` | published numbers, with their source |
"""


def type_of(schema: dict) -> str:
    """The kind of value in words."""
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    kinds = schema.get("type", "")
    words = kinds if isinstance(kinds, list) else [kinds]
    if "array" in words and "items" in schema:
        words = [f"list of {type_of(schema['items'])}" if word == "array" else word for word in words]
    return " or ".join(word for word in words if word)


def rows(schema: dict, definitions: dict, prefix: str = "") -> Iterator[str]:
    """A table row for each key, keys of mappings below their mapping."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[-1]] | {
            k: v for k, v in schema.items() if k != "$ref"
        }
    named = dict(schema.get("properties", {}))
    for each in schema.get("patternProperties", {}).values():
        named["*"] = each
    if isinstance(schema.get("additionalProperties"), dict):
        named["*"] = schema["additionalProperties"]
    for key, each in named.items():
        whole = each
        if "$ref" in each:
            whole = definitions[each["$ref"].rsplit("/", 1)[-1]] | each
        name = f"{prefix}{key}"
        needed = "yes" if key in schema.get("required", []) else ""
        yield f"| `{name}` | {type_of(whole)} | {needed} | {' '.join(str(whole.get('description', '')).split())} |"
        yield from rows(each, definitions, f"{name}.")


def section(title: str, name: str) -> str:
    """One schema as a table."""
    schema = read_schema(name)
    head = f"\n## {title}\n{' '.join(schema['description'].split())}\n\n"
    return (
        head
        + "| key | value | needed | meaning |\n|---|---|---|---|\n"
        + "\n".join(rows(schema, schema.get("$defs", {})))
        + "\n"
    )


def transforms() -> str:
    """The transforms of a signal as a table."""
    rows = [f"| `{each.name}` | {each.words or 'x'} |" for each in TRANSFORMS.values()]
    return (
        "\nTransforms of a signal (`<signal>_transform`):\n\n| name | a value x becomes |\n|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


def document() -> str:
    """The whole page."""
    return (
        INTRODUCTION
        + section("Configuration", "config")
        + section("Table of cell types", "cell_types")
        + transforms()
        + section("Model entries", "models")
    )


if __name__ == "__main__":
    print(document(), end="")
