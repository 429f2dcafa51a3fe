"""Transforms of a signal's values: the one list that tables, datasets, quality rules and figures read.

A transform is added by one entry in `TRANSFORMS`. Nothing heavier than numpy is imported: the workflow reads the list
when it checks the table of cell types.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Transform:
    """What is done to every value of a signal when a dataset is cut, after replicates were averaged.

    name: in the table of cell types, in datasets and in records.
    function: of raw values, any shape, float32; returns the same shape, float32; it must leave 0 at 0.
    words: what a value has become, for axes ("log(x + 1)"); empty where it has not changed.
    is_log: whether transformed values are on a logarithmic scale, so that nobody takes their logarithm again.
    lowest: smallest raw value that the function is defined for.
    Raises ValueError for a function that moves 0: missing values and bases off the chromosome are 0 in a dataset.
    """

    name: str
    function: Callable[[np.ndarray], np.ndarray]
    words: str
    is_log: bool
    lowest: float = -math.inf

    def __post_init__(self) -> None:
        at_zero = self.function(np.zeros(1, np.float32))
        if at_zero[0] != 0:
            raise ValueError(
                f"transform {self.name}: 0 becomes {at_zero[0]:g}, but a missing value is 0 in a dataset; "
                "subtract that from the function"
            )

    def of(self, what: str) -> str:
        """A value after the transform, for an axis: "log(x + 1) of fold change".

        what: the raw value's name.
        """
        return f"{self.words} of {what}" if self.words else what

    @property
    def changes(self) -> bool:
        """Whether values are other than the file's."""
        return bool(self.words)


NONE = Transform("none", lambda values: values, words="", is_log=False)
TRANSFORMS: dict[str, Transform] = {
    transform.name: transform
    for transform in (
        NONE,
        Transform("log1p", np.log1p, words="log(x + 1)", is_log=True, lowest=0.0),
    )
}


def named(name: str, where: str) -> Transform:
    """The transform of a name.

    name: as a table or a file has it; empty for none.
    where: what an error begins with.
    Raises ValueError for an unknown name, with the known ones.
    """
    if (name or NONE.name) not in TRANSFORMS:
        raise ValueError(f"{where} {name!r} is not one of {', '.join(TRANSFORMS)}")
    return TRANSFORMS[name or NONE.name]


def of_source(source: Mapping[str, Any] | None) -> Transform:
    """The transform that a dataset's record of a signal names; none if it names none.

    source: the record; default none.
    """
    return named((source or {}).get("transform") or "", "transform")
