"""A checksum belongs to the address that it was given for, and is named with the file in which it stands."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

BUNDLED = "config/config.yaml"
_OF_ADDRESS = ("md5", "member")
Layers = Sequence[tuple[str, dict]]


def layers_of(given: dict, files: Sequence[str | Path] = (), command_line: Mapping | None = None) -> Layers:
    """What the user gave, file by file, in the order in which it was laid over one another.

    given: all of it together, as Snakemake merged it.
    files: the configuration files of the command line; default: none.
    command_line: what `--config` gave; default: nothing.

    A host that uses the workflow as a module gives a mapping of its own; that is one layer.
    """
    layers = [(str(file), yaml.safe_load(Path(file).read_text()) or {}) for file in files]
    layers += [("--config", dict(command_line))] if command_line else []
    together: dict = {}
    for _, layer in layers:
        _lay(together, layer)
    return layers if layers and together == given else [("the configuration", given)]


def belonging(config: dict, layers: Layers) -> tuple[dict, dict[str, str]]:
    """The configuration without checksums and members of other addresses, and where each checksum stands.

    config: the whole configuration.
    layers: name and content of what it was merged from, the bundled one first.

    A file that gets another address in a later layer keeps neither md5 nor member of the address before. The places
    are by the key of the file, such as `assemblies.hg38.genome`.
    """
    config, places = copy.deepcopy(config), {}
    for key, spec in _files(config):
        address, owner = None, dict.fromkeys(_OF_ADDRESS)
        for name, layer in layers:
            said = _at(layer, key)
            before, address = address, said.get("address", address)
            if before not in (None, address):
                owner = dict.fromkeys(_OF_ADDRESS)
            owner |= {what: name for what in _OF_ADDRESS if what in said}
        if address is None:
            continue
        for what in _OF_ADDRESS:
            if owner[what] is None:
                spec.pop(what, None)
        if spec.get("md5"):
            places[".".join(key)] = owner["md5"]
    return config, places


def _files(config: dict) -> Iterator[tuple[tuple[str, ...], dict]]:
    """Every file from outside that the configuration names, with its keys."""
    for name, assembly in (config.get("assemblies") or {}).items():
        for part, spec in assembly.items() if isinstance(assembly, dict) else ():
            if isinstance(spec, dict) and "address" in spec:
                yield ("assemblies", name, part), spec
    for name, entry in (config.get("released") or {}).items():
        if isinstance(entry, dict) and isinstance(entry.get("checkpoint"), dict):
            yield ("released", name, "checkpoint"), entry["checkpoint"]


def _at(layer: Any, key: Sequence[str]) -> dict:
    for part in key:
        layer = layer.get(part) if isinstance(layer, dict) else None
    return layer if isinstance(layer, dict) else {}


def _lay(base: dict, over: Mapping) -> None:
    """Lay one mapping over another in place, as Snakemake merges configuration files."""
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            _lay(base[key], value)
        else:
            base[key] = copy.deepcopy(dict(value) if isinstance(value, Mapping) else value)
