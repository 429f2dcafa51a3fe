"""A learned mask and the signals below it, averaged over genes in the direction of transcription."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from prism.drawing.tss_profile import bin_centres, bin_width, binned, mean_profile

MASK = "mask"


def binned_masks(
    stream: Iterable[tuple[Sequence[int], np.ndarray, np.ndarray]],
    names: Sequence[str],
    minus: np.ndarray,
    length: int,
) -> dict[str, np.ndarray]:
    """The mask and each signal by name: (genes, bins) float64, in the stream's order, turned around on '-'.

    stream: indices (genes,), mask (genes, length) and signals (genes, length, n) on the + strand.
    names: of the signals.
    minus: (all genes of the dataset,) bool, True on the minus strand.
    length: of the windows, bp.
    Raises ValueError for an empty stream.
    """
    width, parts = bin_width(length), {name: [] for name in (MASK, *names)}
    for indices, mask, signals in stream:
        turned = minus[np.asarray(indices)]
        parts[MASK].append(binned(mask, turned, width))
        for column, name in enumerate(names):
            parts[name].append(binned(signals[..., column], turned, width))
    if not parts[MASK]:
        raise ValueError("there is no gene to draw a mask of; choose a split that the dataset has")
    return {name: np.concatenate(blocks) for name, blocks in parts.items()}


def mask_table(profiles: dict[str, np.ndarray], length: int, center_len: int) -> pd.DataFrame:
    """position (bp downstream of the TSS), genes, promoter, then <name>_mean and <name>_sem of each array.

    profiles: of `binned_masks`.
    length: of the windows, bp.
    center_len: bp in the middle that the model always keeps; `promoter` marks the bins that lie in it whole.
    """
    width = bin_width(length)
    centres, half = bin_centres(length, width), min(center_len, length) // 2
    table = pd.DataFrame({"position": centres, "genes": len(profiles[MASK])})
    table["promoter"] = (
        np.abs(centres) + width // 2 < half
    )  # base -half is kept on '+' only: the centre is even
    for name, values in profiles.items():
        profile = mean_profile([(values, np.zeros(len(values), int))], 1)
        table[f"{name}_mean"], table[f"{name}_sem"] = profile.mean[0], profile.sem[0]
    return table


def gene_table(gene_id: Sequence[str], profiles: dict[str, np.ndarray], length: int) -> pd.DataFrame:
    """gene_id, kept (share of the window that the mask lets through, by bins) and the mask at each position
    (bp).

    gene_id: (genes,) in the order of the arrays.
    profiles: of `binned_masks`.
    length: of the windows, bp.
    """
    mask = profiles[MASK]
    columns = [str(position) for position in bin_centres(length, bin_width(length))]
    table = pd.DataFrame(mask, columns=columns)
    table.insert(0, "gene_id", list(gene_id))
    table.insert(1, "kept", mask.mean(axis=1))
    return table
