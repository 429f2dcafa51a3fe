"""Reads YAML (or JSON) in which every key of a mapping stands once; the usual readers keep the last and say nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml


class _Strict(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key, line = self.construct_object(key_node, deep=True), key_node.start_mark.line + 1
            if isinstance(key, list | dict):
                continue  # refused by the parent
            if key in seen:
                raise ValueError(_twice(key, f"lines {seen[key]} and {line}"))
            seen[key] = line
        return super().construct_mapping(node, deep)


# A mapping is otherwise made empty and filled later, by a merge of its keys that does not see doubles.
_Strict.add_constructor(
    "tag:yaml.org,2002:map", lambda loader, node: loader.construct_mapping(node, deep=True)
)


def load(path: str | Path) -> Any:
    """The content of a YAML or JSON file.

    path: the file; UTF-8, or UTF-16 with its mark.
    Raises ValueError, with the file and the lines, for a key that stands twice and for what is not YAML.
    """
    text = Path(path).read_bytes()
    try:
        try:
            return json.loads(text, object_pairs_hook=_pairs)
        except (json.JSONDecodeError, UnicodeDecodeError):
            return yaml.load(text, _Strict)
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not YAML: {' '.join(str(error).split())}; correct it") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict:
    keys = [key for key, _ in pairs]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise ValueError(_twice(twice, "one mapping"))
    return dict(pairs)


def _twice(key: Any, where: str) -> str:
    return f"the key {key!r} stands twice ({where}), and only the last would count; keep one"
