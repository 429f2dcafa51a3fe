"""Prism: gene expression from short DNA windows and epigenomic signals.

`NUMBERS_VERSION` is raised by hand whenever a change moves the numbers that a run
produces; it is part of every run's identity, so older runs are re-made and older
training state is never continued (CHANGELOG.md says which numbers moved, and by how much).

`import prism` loads none of its rooms; a name of `_HOMES` is imported when it is first asked for.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
NUMBERS_VERSION = 3

# Public name -> "module:name" that defines it.
_HOMES: dict[str, str] = {
    "load_run": "prism.api:load_run",
    "open_windows": "prism.api:open_windows",
}

__all__ = ["NUMBERS_VERSION", "__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    """The public name `name`; AttributeError where there is no such name."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(module), attribute)
