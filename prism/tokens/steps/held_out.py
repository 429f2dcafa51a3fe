"""What tokens made of DNA are worth for genes that were held out by chromosome: heldout.tsv."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from prism.genome.dataset.folds import read as read_folds
from prism.genome.dataset.folds import splits_of
from prism.jobs.log import say
from prism.tokens.dictionary import check_size
from prism.tokens.encoder_kinds import ENCODERS
from prism.tokens.encoders import KmerCounts
from prism.tokens.foundation import Foundation
from prism.tokens.gene_embeddings import embed
from prism.tokens.masked_genes import OUTPUT_TOKENS
from prism.tokens.perturb.controls import shuffled
from prism.tokens.scoring.held_out import (
    MEAN_TOKEN,
    PRETRAINED,
    GeneDna,
    adapter_without,
    guesses,
    held_out_rows,
    table_of,
)
from prism.tokens.steps.adapters import RESIDUAL
from prism.tokens.steps.inputs import CellFiles, DnaFiles, Inputs, Settings, dna_of, encoder_of
from prism.tokens.training import MaskedTraining

COLUMNS = ("output_tokens", "encoder", "fold", "metric", "value", "low", "high", "n")
SHUFFLED, FLOOR = "shuffled", "kmers"
JUDGED = 5  # one of so many donors (or cells, where there are no donors) teaches no adapter, and is judged


def held_out_table(
    files: CellFiles,
    dna: DnaFiles,
    settings: Settings,
    foundation: str | Path,
    folds: tuple[str | Path, str] | None,
) -> pd.DataFrame:
    """A row for each way of output, encoder and metric; none without a fold.

    files: of the cells.
    dna: of the windows.
    settings: of the entry.
    foundation: folder of the single-cell model.
    folds: table of folds, and name of the one whose test genes are held out; None for none.

    Beside the entry's encoder: k-mer counts of the same windows, exchanged embeddings, the mean token, and, as a
    ceiling, the token of the pretrained model, which has seen all genes.
    """
    if folds is None or not settings["held_out_steps"]:
        return pd.DataFrame(columns=list(COLUMNS))
    inputs, model = Inputs.read(files, settings), Foundation.load(foundation)
    check_size(inputs.dictionary, model.size, str(foundation))
    with inputs.cells:
        shown, judged = _cells(inputs, model.context)
    genes = _embedded(inputs, dna, settings, folds)
    kind = "mlp" if settings["adapter"]["kind"] == RESIDUAL else settings["adapter"]["kind"]
    asked = settings["adapter"]
    training = MaskedTraining(
        settings["held_out_steps"], asked["cells_at_once"], asked["learning_rate"], seed=settings["seed"]
    )
    mask, parts = inputs.dictionary.mask, []
    for output in OUTPUT_TOKENS:
        for encoder, own in genes.items():
            say(f"held-out genes: {encoder}, output tokens {output}")
            adapter = adapter_without(model, own, shown, mask, training, output, kind, asked["hidden"])
            tables = {encoder: table_of(model, own, adapter.eval())}
            if encoder == next(iter(genes)):
                tables[MEAN_TOKEN] = table_of(model, own, None)
                tables[PRETRAINED] = model.token_table.detach()
            for name, table in tables.items():
                found = guesses(model, table, judged, mask, own, output, settings["seed"])
                parts.append(held_out_rows(found, output, name, folds[1], settings["seed"]))
    return pd.concat(parts, ignore_index=True)


def _cells(inputs: Inputs, context: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Cells that adapters learn from, and those of other donors that are judged."""
    cells = inputs.cells
    if cells.donor is None:
        which = np.arange(cells.n) % JUDGED == 0
    else:
        names = np.unique(cells.donor)
        which = np.isin(cells.donor, names[::JUDGED] if len(names) > 1 else names[:0])
        which = which if which.any() else np.arange(cells.n) % JUDGED == 0
    return inputs.encoded(np.flatnonzero(~which), context), inputs.encoded(np.flatnonzero(which), context)


def _embedded(
    inputs: Inputs, files: DnaFiles, settings: Settings, folds: tuple[str | Path, str]
) -> dict[str, GeneDna]:
    """Encoder -> embeddings; the entry's own comes first."""
    encoder = encoder_of(settings["encoder"], files.checkpoint)
    signals = list(encoder.facts["signals"]) if files.checkpoint else []
    dna = dna_of(inputs, files, signals)
    windows = dna.windows()
    own = next(kind for kind in ENCODERS if kind in settings["encoder"])
    values = {own: embed(encoder, windows, files.cache)}
    if own != FLOOR:
        values[FLOOR] = embed(KmerCounts(), windows, files.cache)
    order = shuffled(len(dna), np.random.default_rng([settings["seed"], 2]))
    values[SHUFFLED] = values[own][order]
    tokens = np.array([inputs.dictionary.token_of[gene] for gene in dna.gene_ids], dtype=np.int64)
    chrom = [locus.chrom for locus in dna.loci]
    splits = splits_of(read_folds(folds[0]), folds[1], dna.gene_ids, chrom)
    return {name: GeneDna(tokens, each, splits) for name, each in values.items()}
