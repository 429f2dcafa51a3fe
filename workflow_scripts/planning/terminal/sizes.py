"""Bytes of what a run will fetch and of the datasets that it will write."""

from __future__ import annotations

import os

import requests

from prism.fetch.environment import filled
from prism.fetch.errors import FetchError
from workflow_scripts.planning.downloads import Download
from workflow_scripts.planning.plan import Plan
from workflow_scripts.planning.tables.models import BYTES_PER_POSITION, BYTES_PER_SIGNAL, GENES

GB = 1e9


def size_of(download: Download, timeout: float = 5.0) -> int | None:
    """Bytes of a file from outside; None where its server does not state them.

    download: the file.
    timeout: seconds to wait for the server's answer; default 5.
    """
    if download.local:
        return os.path.getsize(download.local) if os.path.exists(download.local) else None
    if "://" not in download.address:
        return None
    headers = {"Accept-Encoding": "identity"}
    try:
        with requests.head(
            filled(download.address), headers=headers, timeout=timeout, allow_redirects=True
        ) as answer:
            length = answer.headers.get("Content-Length", "")
            return int(length) if answer.ok and length.isdigit() else None
    except (requests.RequestException, FetchError):
        return None


def _genes_of(cell_type: str) -> int:
    table = f"results/genes/{cell_type}.tsv"
    if not os.path.exists(table):
        return GENES
    with open(table) as lines:
        return sum(1 for _ in lines) - 1


def dataset_bytes(plan: Plan, cell_type: str, length: int) -> int:
    """Upper estimate of a dataset's size on disk, in bytes: as held in memory, before compression.

    plan: of this run of the workflow.
    cell_type: the name of a row of the table of cell types.
    length: of its windows, bp.
    """
    row = plan.cell_types[cell_type]
    tracks = sum(row.signals[name].kind == "bigwig" for name in plan.signal_names(cell_type))
    return _genes_of(cell_type) * length * (BYTES_PER_POSITION + tracks * BYTES_PER_SIGNAL)
