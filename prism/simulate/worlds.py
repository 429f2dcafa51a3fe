"""The worlds that can be simulated: what the background of a gene has to do with its expression and its signals."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class World:
    """What the openness of a gene's domain (the background) does.

    meaning: in words.
    placed: whether genes are placed by expression, `confounding` strong, where training genes lie.
    causes: whether it adds `background_effect` to expression, there too.
    in_window: whether a promoter's window shows it apart from the mark; otherwise a peak's height holds both in one
    proportion in all assays, and only places far from every TSS tell them apart.

    Whatever the world, placement and effect are absent on shifted chromosomes: there background and expression are
    unrelated.
    """

    meaning: str
    placed: bool
    causes: bool
    in_window: bool


WORLDS = {
    "none": World(
        "background moves signals; it has nothing to do with expression", False, False, in_window=True
    ),
    "placement": World(
        "highly expressed genes lie in open domains; background does not cause expression",
        True,
        False,
        in_window=True,
    ),
    "common_cause": World("background causes signals and expression", False, True, in_window=True),
    "flanks": World("as common_cause, but readable only outside the window", False, True, in_window=False),
}

FLANK = 2_000  # bp; where the window does not show the background, nothing nearer to a TSS than this does
AS_MARK = 0.6  # there, a deviation of background raises a promoter's peaks as this much of a deviation of the mark does
