"""The tables of the causal test: means per genome, contrasts with t intervals, Holm over worlds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from benchmarks.causal_test.protocol import (
    DIRECT_EFFECT,
    FAMILIES,
    GENOMES,
    PRIMARY,
    SECONDARY,
    SMALLEST,
    inits_of,
)
from prism.evaluation.statistics import holm, paired_t, t_interval
from prism.simulate.worlds import WORLDS

LOSS = "mse_shifted - mse_same"  # what a model loses where the confounding is gone
QUANTITIES = (LOSS, "mse_same", "mse_shifted", "slope_background", "slope_mark")
CONTRASTS = (PRIMARY, SECONDARY, ("random", "none"))


def per_genome(runs: pd.DataFrame, family: str, world: str, output: str) -> dict[str, pd.DataFrame]:
    """Arm -> a row for each genome, the mean over its initialisations, and a column for each of QUANTITIES.

    runs: of `store.read_runs`.
    family: its name.
    world: its name.
    output: observed or intervened.

    A genome of which an initialisation is missing is left out.
    """
    chosen = runs[(runs["family"] == family) & (runs["world"] == world)]
    found = {}
    for arm, rows in chosen.groupby("arm"):
        values = pd.DataFrame({"genome": rows["genome"]})
        for name in QUANTITIES[1:]:
            values[name] = rows[f"{output}_{name}"]
        values[LOSS] = values["mse_shifted"] - values["mse_same"]
        values = values.dropna()
        inits = values.groupby("genome").size()
        whole = inits[inits == inits_of(str(arm))].index
        if len(whole):
            found[str(arm)] = values[values["genome"].isin(whole)].groupby("genome").mean()[list(QUANTITIES)]
    return found


def contrast(found: dict[str, pd.DataFrame], first: str, second: str, quantity: str) -> np.ndarray:
    """First arm minus second, (n_genomes,), over the genomes that both have.

    found: of `per_genome`.
    first: name of an arm.
    second: name of an arm.
    quantity: a name of QUANTITIES.
    """
    if first not in found or second not in found:
        return np.zeros(0)
    return (found[first][quantity] - found[second][quantity]).dropna().to_numpy()


def lines(runs: pd.DataFrame) -> Iterator[str]:
    """The whole report, the primary test last.

    runs: of `store.read_runs`.
    """
    for family, how in FAMILIES.items():
        if not (runs["family"] == family).any():
            continue
        yield f"{family}: {how.meaning}"
        for world in how.worlds:
            yield from _world(runs, family, world)
        yield ""
    yield from _primary(runs)


def _world(runs: pd.DataFrame, family: str, world: str) -> Iterator[str]:
    target = DIRECT_EFFECT if WORLDS[world].causes else 0.0
    yield f"  {world}: {WORLDS[world].meaning} (slope on background: {target:g}, on the true change: 1)"
    head = ("same", "shifted", "shifted-same", "background", "mark")
    yield f"    {'arm':17s}{'output':11s}{'genomes':>8s}" + "".join(f"{name:>14s}" for name in head)
    by_output = {output: per_genome(runs, family, world, output) for output in ("observed", "intervened")}
    for arm in FAMILIES[family].arms:
        for output, found in by_output.items():
            if arm in found:
                mean = found[arm].mean()
                cells = [mean["mse_same"], mean["mse_shifted"], mean[LOSS]]
                cells += [mean["slope_background"], mean["slope_mark"]]
                values = "".join(f"{value:14.4f}" for value in cells)
                yield f"    {arm:17s}{output:11s}{len(found[arm]):8d}{values}"
    for first, second in CONTRASTS:
        for output, found in by_output.items():
            for quantity in QUANTITIES:
                differences = contrast(found, first, second, quantity)
                if len(differences) > 1:
                    yield f"    {first} - {second}, {output}, {quantity}: {_interval(differences)}"


def _primary(runs: pd.DataFrame) -> Iterator[str]:
    first, second = PRIMARY
    yield f"primary: {first} minus {second} contexts, {LOSS}, observed; below 0 is what the claim predicts"
    differences = {}
    for world in FAMILIES["main"].worlds:
        differences[world] = contrast(per_genome(runs, "main", world, "observed"), first, second, LOSS)
    ps = [paired_t(values) for values in differences.values()]
    whole = all(len(values) == GENOMES for values in differences.values())
    corrected = holm(ps) if whole else [float("nan")] * len(ps)
    for (world, values), p, after in zip(differences.items(), ps, corrected, strict=True):
        told = (
            f"p {p:.3g}, Holm {after:.3g}; {_verdict(values, after)}"
            if whole
            else f"no test before all {GENOMES}"
        )
        yield f"  {world:14s}{_interval(values)}; {told}"


def _verdict(differences: np.ndarray, p: float) -> str:
    """In words: helps, harms, makes no difference that counts, or undecided."""
    low, high = t_interval(differences)
    if p < 0.05:
        return "helps" if differences.mean() < 0 else "harms"
    return f"no difference of {SMALLEST:g}" if low > -SMALLEST and high < SMALLEST else "undecided"


def _interval(differences: np.ndarray) -> str:
    if len(differences) < 2:
        return f"{len(differences)} of {GENOMES} genomes"
    low, high = t_interval(differences)
    return f"{differences.mean():+.4f} [{low:+.4f}, {high:+.4f}], {len(differences)} of {GENOMES} genomes"
