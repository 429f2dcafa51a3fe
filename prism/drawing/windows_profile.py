"""Profiles of all signals of an open windows file, streamed gene by gene."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from prism import NUMBERS_VERSION
from prism.drawing.footer import output_type, signal_line
from prism.drawing.tss_profile import (
    Profile,
    bin_centres,
    bin_width,
    binned,
    blocks,
    expand_contacts,
    mean_profile,
    tertiles,
)
from prism.genome.tracks.transforms import of_source


def known_expression(gene_ids: list[str], genes: pd.DataFrame) -> np.ndarray | None:
    """Expression (genes,) of the windows' genes, nan where unknown; None if the genes table has none.

    gene_ids: of the windows.
    genes: the genes table.
    Raises ValueError for genes that the table lacks.
    """
    missing = sorted(set(gene_ids) - set(genes["gene_id"]))
    if missing:
        raise ValueError(
            f"{len(missing)} genes of the windows are not in the genes table (first: {missing[0]}); re-make both"
        )
    if "expression" not in genes:
        return None
    column = pd.to_numeric(genes["expression"])
    return pd.Series(column.to_numpy(float), index=genes["gene_id"]).reindex(gene_ids).to_numpy()


def profiles(windows: Mapping[str, Any], genes: pd.DataFrame) -> dict[str, Any]:
    """What `signal_profile_figure` draws, as its keyword arguments without the assay.

    windows: the open dataset file (h5py.File).
    genes: the genes table (gene_id, and expression where known).
    Raises ValueError for genes that the table lacks.
    """
    attrs = windows.attrs
    length, names = int(attrs["length"]), json.loads(attrs["signals"])
    gene_ids = [str(gene) for gene in windows["genes/gene_id"].asstr()[:]]
    minus = windows["genes/strand"].asstr()[:] == "-"
    group, groups = tertiles(known_expression(gene_ids, genes), len(gene_ids))
    width = bin_width(length)
    sources = json.loads(attrs.get("sources", "{}"))
    drawn: dict[str, Profile] = {
        name: mean_profile(
            (
                (binned(values, minus[part], width), group[part])
                for part, values in _values(windows, name, length)
            ),
            len(groups),
        )
        for name in names
    }
    cell_type = str(attrs["cell_type"])
    return {
        "cell_type": cell_type,
        "centres": bin_centres(length, width),
        "profiles": drawn,
        "groups": groups,
        "units": {name: _unit(windows, name, sources.get(name) or {}) for name in names},
        "footer": [
            f"windows {str(attrs['content_hash'])[:8]} · numbers version {NUMBERS_VERSION} · assembly "
            f"{attrs['assembly']} · {length:,} bp, bins of {width} bp · {int(minus.sum()):,} of {len(minus):,} genes "
            "on the minus strand, turned around",
            signal_line(cell_type, sources),
        ],
    }


def _values(windows: Mapping[str, Any], name: str, length: int):
    """(slice of genes, (genes, length) values) of one signal."""
    signal = windows[f"signals/{name}"]
    tss, ends = windows["genes/tss"][:], windows["genes/chrom_length"][:]
    for part in blocks(len(signal), length):
        values = signal[part]
        if signal.attrs.get("kind") == "contacts":
            values = expand_contacts(values, tss[part], ends[part], length, int(signal.attrs["bin_size"]))
        yield part, values


def _unit(windows: Mapping[str, Any], name: str, source: dict) -> str:
    """What one value of a signal is, for its axis."""
    kind = output_type(source) or "signal"
    if windows[f"signals/{name}"].attrs.get("kind") == "contacts":
        normalised = f", normalisation {source['normalisation']}" if "normalisation" in source else ""
        return f"log₁₀(x + 1) of contacts with the TSS{normalised}"
    return of_source(source).of(kind)
