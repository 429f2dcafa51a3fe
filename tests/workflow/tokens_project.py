"""Dynamic tokens in a small simulated project: every rule of theirs, at sizes that show that it runs and no more."""

from __future__ import annotations

GENOME = {
    "seed": 3,
    "cell_types": ["simA", "simB"],
    "n_chromosomes": 3,
    "genes_per_chromosome": 40,
    "chromosome_length": 400_000,
}
CELLS = {
    "n_genes": 100,
    "n_donors": 12,
    "cells_per_donor": 6,
    "depth": 800,
    "sizes": {"direct": 4, "repressed": 2, "mediators": 2, "indirect": 4, "redundant": 2, "co_expressed": 2},
}
FACTOR = "SIMG00000000092"  # of the small world: it has known targets
FACTORS = {
    FACTOR: {
        "mutation": {"scramble": [-60, -40]},
        "profile": {"interval": [-60, -50], "top": 3, "random": 3},
    },
}


def tokens(encoder: dict) -> dict:
    """An entry of `tokens` with the small world's cells.

    encoder: what embeds the DNA.
    """
    return {
        "cells": "resources/simulated/cells/cells.h5ad",
        "targets": "resources/simulated/cells/targets.tsv",
        "encoder": encoder,
        "foundation": {"width": 16, "steps": 5, "context": 64},
        "adapter": {"steps": 3},
        "held_out_steps": 2,
        "n_cells": 16,
        "directions": 3,
        "statistics": {"cells": 10, "detections": 2, "draws": 100},
        "factors": FACTORS,
    }
