"""A simulated world of cells whose regulation is known: many donors, with variants in the factors' promoters.

A factor's activity in a cell is what its promoter's motifs give in that donor, plus a programme of the cell that also
moves genes which the factor does not touch, plus noise. Its targets follow the activity. Depth and batch move counts.
The genes, promoters and expression levels are those of a simulated genome, so a model trained on that genome reads
these promoters too. Roles are dealt whatever a gene's level, and rates are scaled so that a gene's mean share of a cell
is that of its level whatever its role: levels tell nothing about targets. A donor has one promoter in both copies.
"""

from __future__ import annotations

from prism.simulate.regulation.settings import Regulation
from prism.simulate.regulation.world import World, draw_world

__all__ = ["Regulation", "World", "draw_world"]
