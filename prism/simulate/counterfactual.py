"""The same genome with one of its hidden states drawn anew, and everything that does not follow from it as it was.

Each state has a random stream of its own, so a redrawn one moves no other draw. Counts are the exception, because how
many numbers a Poisson variable takes from its stream depends on its mean: so `changed_counts` keeps the counts that
were drawn, takes away a share where the mean falls, and adds to them where it rises. A count whose mean stays is the
same, and every count has the distribution that it would have had.
"""

from __future__ import annotations

from prism.simulate.cells import Cell, cell_of, draw_mark
from prism.simulate.landscape import Landscape

STATES = ("background", "mark")


def redrawn(landscape: Landscape, cell: Cell, state: str, draw: int = 1) -> Cell:
    """The cell type as it would be with another draw of one state, all else equal.

    landscape: the genome; genes and domains stay where they are.
    cell: the cell type as it is.
    state: background (openness of all domains) or mark (state of all promoters).
    draw: a number for each set of states; default 1.
    Raises ValueError for another state, and for a cell type that is counterfactual itself.

    What follows: coverage, contacts, peaks and, where the state is a cause, expression and CAGE.
    """
    if state not in STATES:
        raise ValueError(f"simulation: no state {state!r} to redraw; there are {', '.join(STATES)}")
    if cell.factual is not None:
        raise ValueError(
            f"simulation: {cell.name} is counterfactual; redraw the cell type that it departs from"
        )
    mark, background = cell.truth["mark_state"].to_numpy(), cell.background
    if state == "mark":
        mark = draw_mark(landscape, cell.name, f"redrawn {draw}")
    else:
        background = landscape.redrawn_background(cell.name, draw)
    return cell_of(landscape, cell.name, mark, background, factual=cell)
