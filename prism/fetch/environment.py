"""Words of an address that only the environment knows: `{env:NAME}`, for a secret that shall stand in no file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from prism.fetch.errors import RefusedError

_NAMED = re.compile(r"\{env:([A-Za-z_][A-Za-z0-9_]*)\}")


def unset(address: str, environ: Mapping[str, str] | None = None) -> str | None:
    """The error for an address that names variables which are not set; None where all are.

    address: as the table has it.
    environ: where they are looked up; default: this process's environment.
    """
    environ = os.environ if environ is None else environ
    missing = [name for name in dict.fromkeys(_NAMED.findall(address)) if not environ.get(name)]
    return (
        f"the address names {', '.join(missing)}, which the environment lacks; export it" if missing else None
    )


def filled(address: str, environ: Mapping[str, str] | None = None) -> str:
    """The address that is asked for, with the values of its variables; nothing that is written or shown has them.

    address: as the table has it.
    environ: where they are looked up; default: this process's environment.
    Raises RefusedError that names a variable which is not set.
    """
    if problem := unset(address, environ):
        raise RefusedError(problem)
    environ = os.environ if environ is None else environ
    return _NAMED.sub(lambda found: environ[found[1]], address)
