"""Where files of the configuration lie: beside the user, else bundled with the workflow."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from prism.fetch.addresses import classify

BASE = Path(__file__).resolve().parents[3]
COST_TABLE = BASE / "benchmarks" / "results" / "model_costs.tsv"  # by benchmarks.model_costs


def find(path: str, key: str) -> Path:
    """The file of a table that the configuration names.

    path: absolute, or relative to the working directory or, where it is not there, to this workflow.
    key: the configuration key, for the error. Raises ValueError where there is no such file.
    """
    candidates = [Path(path)] if os.path.isabs(path) else [Path.cwd() / path, BASE / path]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    looked = " and ".join(str(candidate) for candidate in candidates)
    raise ValueError(f"config: {key} = {path!r}: no such file (looked at {looked}); give a path that exists")


def expand(address: str, prefix: str = "") -> str:
    """The same address with the folder that the workflow writes to in place of `{workdir}`.

    address: of a file, in a table or the configuration.
    prefix: the plan's; the folder that the workflow writes to is `prefix` in the working directory.
    """
    return address.replace("{workdir}", str(Path.cwd() / prefix))


def local_input(address: str) -> str | None:
    """The file on this machine that an address names, as Snakemake should name it.

    address: a `file://` address or a plain path; None for any other.
    """
    if classify(address) not in ("file", "path"):
        return None
    text = unquote(urlsplit(address).path) if classify(address) == "file" else os.path.expanduser(address)
    path = Path(text)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return str(path)
