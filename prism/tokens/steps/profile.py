"""The mutation profile of a factor: how far every single-base change moves its token, and some of them the genes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch

from prism.genome.coordinates import window_bounds
from prism.genome.tracks.sequence import LETTERS
from prism.jobs.log import Countdown, say
from prism.tokens.gene_embeddings import embed
from prism.tokens.perturb.effects import as_is, measured, moved
from prism.tokens.perturb.mutation import every_change
from prism.tokens.perturb.profile import agreement, chosen
from prism.tokens.scoring.donors import over_donors
from prism.tokens.steps.adapters import OURS
from prism.tokens.steps.chosen import choose
from prism.tokens.steps.door import ALL
from prism.tokens.steps.measuring import Measuring

COLUMNS = ("factor", "position", "reference", "alternative", "displacement", "shift", "chosen")
TOP, SOME = "top", "random"


def profile_of(own: Measuring) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The profile in the first of the factor's cell types, and what is to be said of it.

    own: of the factor, whose settings have a `profile`.

    Positions and bases are along the gene. `shift` is the mean over the genes of the cells, NaN where it was not
    measured.
    """
    asked, token = own.factor["profile"], own.token
    row = own.dna.gene_ids.index(own.gene)
    locus = own.dna.loci[row]
    codes = own.dna.bases(locus.chrom, *window_bounds(locus.tss, own.dna.length))
    places, new = every_change(codes, *locus.in_window(tuple(asked["interval"]), own.dna.length))
    countdown = Countdown(len(places), "windows", say)
    values = embed(own.encoder, own.dna.substituted(row, places, new), own.cache, countdown.reached)
    table = own.table()
    to = torch.stack([own.trained.token(OURS, own.static(), token, value) for value in values])
    displacement = (to - table[token]).double().norm(dim=1).numpy()
    top, some = chosen(displacement, asked["top"], asked["random"], own.stream(20))
    shift = np.full(len(places), np.nan)
    with own.inputs.cells:
        shift[np.concatenate([top, some])] = _mean_shifts(own, to, np.concatenate([top, some]))
    offset = places - own.dna.length // 2
    plus = locus.strand == "+"
    letters = np.array(list(LETTERS if plus else LETTERS[::-1]))  # the complement of code c is 3 - c
    how = np.full(len(places), "", dtype=object)
    how[top], how[some] = TOP, SOME
    found = pd.DataFrame(
        {
            "factor": own.key, "position": offset if plus else -offset, "reference": letters[codes[places]],
            "alternative": letters[new], "displacement": displacement, "shift": shift, "chosen": how,
        }
    ).sort_values(["position", "alternative"], ignore_index=True)  # fmt: skip
    told = {
        "interval": list(asked["interval"]),
        "changes": len(places),
        "measured": len(top) + len(some),
        # among the random ones too: those at the top were chosen for their displacement
        "rank_agreement": agreement(displacement[~np.isnan(shift)], shift[~np.isnan(shift)]),
        "rank_agreement_of_random": agreement(displacement[some], shift[some]),
    }
    return found[list(COLUMNS)], told


def _mean_shifts(own: Measuring, to: torch.Tensor, numbers: np.ndarray) -> np.ndarray:
    model, token, table = own.models[OURS], own.token, own.table()
    cell_type = (own.factor["cell_types"] or [ALL])[0]
    cells = choose(own.inputs, own.settings, own.gene, own.key, cell_type, model.context, own.stream(11))
    ways = {str(number): moved(table, {token: to[number]}) for number in numbers}
    progress = Countdown(len(cells.rows), "cells", say)
    found = measured(
        model, cells.tokens, cells.donor, as_is(table), ways, own.settings["layer"], progress.reached
    )
    genes = own.inputs.gene_tokens[own.inputs.gene_tokens != token]
    return np.array([np.nanmean(over_donors(found[str(number)].by_donor()[:, genes])) for number in numbers])
