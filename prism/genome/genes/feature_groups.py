"""Groups of gene features that a model entry chooses: the mRNA features, and the promoter activity."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from prism.genome.genes.table import ACTIVITY, RNA_FEATURES

MRNA = "mrna"
# Name of a group in an entry's `gene_features` -> its columns of the genes table.
GROUPS: dict[str, tuple[str, ...]] = {MRNA: RNA_FEATURES, ACTIVITY: (ACTIVITY,)}
WORDS = {MRNA: "mRNA features", ACTIVITY: "promoter activity"}


def groups_of(chosen: bool | Sequence[str]) -> tuple[str, ...]:
    """The groups that are chosen, in the order of `GROUPS`.

    chosen: names of groups in any order; True for all of them, False for none.
    Raises ValueError naming an unknown group, the nearest known one and all of them.
    """
    if isinstance(chosen, bool):
        return tuple(GROUPS) if chosen else ()
    for name in chosen:
        if name not in GROUPS:
            close = difflib.get_close_matches(str(name).lower(), GROUPS, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise ValueError(f"unknown gene features {name!r}; {hint}There are: {', '.join(GROUPS)}")
    return tuple(name for name in GROUPS if name in chosen)


def columns_of(chosen: bool | Sequence[str]) -> list[str]:
    """The columns of the genes table that the chosen groups are made of, in the table's order.

    chosen: as for `groups_of`.
    Raises ValueError for an unknown group.
    """
    return [column for name in groups_of(chosen) for column in GROUPS[name]]


def recorded(chosen: bool | Sequence[str]) -> bool | tuple[str, ...]:
    """The choice as entries record it: True for all groups, False for none, else their names.

    All and none are written as they were before groups had names, so that finished trainings stand.

    chosen: as for `groups_of`.
    Raises ValueError for an unknown group.
    """
    groups = groups_of(chosen)
    return groups if 0 < len(groups) < len(GROUPS) else bool(groups)


def chosen_by(entry: Mapping[str, Any]) -> bool | tuple[str, ...]:
    """What a model entry chooses, as `recorded` gives it; all groups where it does not say.

    entry: of models.yaml, or as a run has recorded it. Its key `gene_features` has names of groups; `rna_features`
        is true for all, false for none (and has names in what runs record).
    Raises ValueError for an unknown group, and where both keys are there and contradict each other.
    """
    named, switch = entry.get("gene_features"), entry.get("rna_features")
    if named is None:
        return recorded(True if switch is None else switch)
    if switch is not None and recorded(switch) != recorded(named):
        told = ", ".join(groups_of(switch)) or "none"
        raise ValueError(
            f"gene_features is [{', '.join(named)}], but rna_features: {str(switch).lower()} means {told}; remove "
            "rna_features"
        )
    return recorded(named)


def in_words(chosen: bool | Sequence[str]) -> list[str]:
    """The chosen groups in words: mRNA features, promoter activity.

    chosen: as for `groups_of`.
    """
    return [WORDS[name] for name in groups_of(chosen)]
