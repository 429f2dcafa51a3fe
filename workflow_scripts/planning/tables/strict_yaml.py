"""Reads YAML (or JSON) strictly, where the usual readers choose and say nothing.

Every key of a mapping stands once, and a number is the one that a person reads: not 010, which is 8, or 1:30, which is
90.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import yaml

_SURPRISING = re.compile(r"[-+]?(0_*[0-9][0-9_]*|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)")


class _Strict(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping, and a number to the base of 8 or 60."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            merges, line = key_node.tag == "tag:yaml.org,2002:merge", key_node.start_mark.line + 1
            key = key_node.value if merges else self.construct_object(key_node, deep=True)
            if isinstance(key, list | dict):
                continue  # refused by the parent
            if key in seen:
                raise ValueError(_twice(key, f"lines {seen[key]} and {line}"))
            seen[key] = line
        return super().construct_mapping(node, deep)


def _number(loader: _Strict, node: yaml.ScalarNode, usual: Callable) -> int | float:
    value = usual(loader, node)
    if _SURPRISING.fullmatch(node.value):
        raise ValueError(
            f"line {node.start_mark.line + 1}: YAML reads {node.value} as {value}; write {value} if that is meant, "
            f"'{node.value}' with quotation marks for a name"
        )
    return value


for kind, usual in (
    ("int", yaml.SafeLoader.construct_yaml_int),
    ("float", yaml.SafeLoader.construct_yaml_float),
):
    _Strict.add_constructor(f"tag:yaml.org,2002:{kind}", partial(_number, usual=usual))
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
