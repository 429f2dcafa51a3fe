"""The models: one file per architecture, one catalogue of them, shared blocks.

`import prism.models` does not load torch; a name of `_HOMES` is imported when it is first asked for.
"""

from importlib import import_module
from typing import Any

# Public name -> "module:name" that defines it.
_HOMES = {
    "Output": "prism.models.contract:Output",
    "build": "prism.models.registry:build",
    "from_authors": "prism.models.registry:from_authors",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    """The public name `name`; AttributeError where there is no such name."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(module), attribute)
