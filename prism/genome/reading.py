"""How a model entry wants its data read: the direction of the windows, the scale of the gene features. Without torch.

The stored windows are on the + strand, with the TSS at length / 2. With `orientation: gene`, the genes on the - strand
are turned when a batch is made: the bases are reverse-complemented, every other array of positions is reversed. The
bases are those that are stored, so that the TSS of a turned window stands at length / 2 - 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

PLUS, GENE = "plus", "gene"
UNSCALED, ZSCORE = "none", "zscore"
# Key of an entry -> its values, the default first. An entry at the default is recorded without the key, as before there
# was one, so that finished trainings stand.
CHOICES: dict[str, tuple[str, ...]] = {"orientation": (PLUS, GENE), "scale_features": (UNSCALED, ZSCORE)}
SHOWN = 5  # genes that an error names


def reading_of(entry: Mapping[str, Any]) -> dict[str, str]:
    """How an entry reads its data: a value for every key of `CHOICES`.

    entry: of models.yaml, or as a run has recorded it; a key that it lacks takes its default.
    Raises ValueError naming a value that there is not, and those that there are.
    """
    found = {key: entry.get(key, values[0]) for key, values in CHOICES.items()}
    for key, value in found.items():
        if value not in CHOICES[key]:
            raise ValueError(f"{key} is {value!r}; it is one of {', '.join(CHOICES[key])}")
    return found


def recorded(entry: Mapping[str, Any]) -> dict[str, str]:
    """The keys of `CHOICES` that an entry sets to something else than the default.

    entry: of models.yaml, or as a run has recorded it.
    Raises ValueError as `reading_of` does.
    """
    return {key: value for key, value in reading_of(entry).items() if value != CHOICES[key][0]}


def refuse_other_orientation(windows: Any, entry: Mapping[str, Any], who: str) -> None:
    """Refuse windows that were opened with another orientation than a model's.

    windows: a `Windows` reader; one without the attribute `orientation` reads the + strand.
    entry: the model's, as it is or as a checkpoint has recorded it.
    who: the model, for the error.
    Raises ValueError that names both orientations and the fix.
    """
    wanted, found = reading_of(entry)["orientation"], getattr(windows, "orientation", PLUS)
    if wanted != found:
        raise ValueError(
            f"{who} reads windows with orientation {wanted}, and these were opened with orientation {found}; open them "
            f"with orientation={wanted!r}"
        )


def turned_genes(
    orientation: str, gene_id: Sequence[str], strand: Sequence[str], where: str | Path
) -> np.ndarray:
    """(n,) bool, which genes are turned: with orientation gene those on the - strand, else none.

    orientation: plus or gene.
    gene_id: (n,) ids.
    strand: (n,) '+', '-' or '.' (unknown).
    where: what the error begins with: the file.
    Raises ValueError, naming genes and the fix, for a gene of unknown strand with orientation gene.
    """
    reading_of({"orientation": orientation})
    if orientation == PLUS:
        return np.zeros(len(gene_id), bool)
    strand = np.asarray(strand)
    unknown = np.flatnonzero(~np.isin(strand, ["+", "-"]))
    if len(unknown):
        names = ", ".join(gene_id[i] for i in unknown[:SHOWN]) + (", ..." if len(unknown) > SHOWN else "")
        raise ValueError(
            f"{where}: {len(unknown)} gene(s) have no strand ({names}), so that orientation: gene cannot turn them; "
            "give their strand in the table of genes (gene_table.columns.strand, an annotation, or strand_table) and "
            "make genes and windows again, or read them with orientation: plus"
        )
    return strand == "-"
