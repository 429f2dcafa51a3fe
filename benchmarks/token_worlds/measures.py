"""The numbers of a world: one row of the table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.token_worlds import disturbed
from benchmarks.token_worlds.adapters import OURS, Mapped, adapters, pretrained
from benchmarks.token_worlds.protocol import Task
from benchmarks.token_worlds.worlds import Made
from prism.simulate.regulation.network import DIRECT, INDIRECT, PAIR, REDUNDANT, REPRESSED, SILENT, SOLO
from prism.tokens.encoders import Encoder, KmerCounts, TrainedRun
from prism.tokens.foundation import Foundation
from prism.tokens.gene_embeddings import embed
from prism.tokens.masked_genes import OUTPUT_TOKENS
from prism.tokens.perturb.controls import shuffled
from prism.tokens.perturb.expression import fold_change
from prism.tokens.perturb.shift import no_op_floor
from prism.tokens.scoring.contrasts import TARGETS, score_table
from prism.tokens.scoring.donors import each_donor, mean_of, over_donors
from prism.tokens.scoring.held_out import (
    MEAN_TOKEN,
    METRICS,
    PRETRAINED,
    GeneDna,
    adapter_without,
    guesses,
    table_of,
)
from prism.tokens.scoring.ranking_scores import MEASURES, auroc
from prism.tokens.scoring.statistics import exceedance, matched_sets, strata

KEPT = ("average_precision", "auroc")
SUM, BOTH_FACTORS = "sum", "both_factors"
N_TARGETS = 24  # of a list of would-be targets


class Ready:
    """A world with a foundation model, a DNA encoder, and the embeddings of all its windows.

    task: of the world.
    made: the world.
    encoder: of its windows.
    cache: file of embeddings.
    """

    def __init__(self, task: Task, made: Made, encoder: Encoder, cache: Path) -> None:
        self.task, self.made, self.encoder, self.cache = task, made, encoder, cache
        self.expression = made.expression
        self.values, self.genomes = made.embedded(encoder, cache)
        variants = made.world.variants
        self.factors = made.world.network.factors
        rows = self.factors[variants["factor"]]
        windows = made.windows(rows, [[each] for each in variants.index])
        self.of_variant = embed(encoder, windows, cache)
        self.fold = np.ones(len(variants))
        if isinstance(encoder, TrainedRun):
            reference = encoder.predicted(made.windows(self.factors, [[]] * len(self.factors)))
            before = reference[variants["factor"]]
            self.fold = np.array(
                [fold_change(*pair) for pair in zip(before, encoder.predicted(windows), strict=True)]
            )

    def mutation(self, factor: int, seen: bool = False) -> int:
        """The variant that takes most of a factor's activity: its row.

        factor: number of the factor.
        seen: whether donors carry it; default False, none does.
        """
        table = self.made.world.variants
        among = table[(table["factor"] == factor) & (table["seen"] == seen) & table["changing"]]
        return int(among["activity_change"].abs().idxmax())

    def judged(self, by_donor: np.ndarray, cells: np.ndarray, without: list[int]) -> np.ndarray:
        """Genes that are judged: (genes,) bool.

        by_donor: (donors, genes) shifts.
        cells: that were disturbed.
        without: rows of the factors.
        """
        found = np.asarray((self.made.counts[cells] > 0).sum(axis=0)).ravel() >= self.task.sizing.detections
        found &= np.isfinite(by_donor).any(0)
        found[without] = False
        return found


def skill(ready: Ready, foundation: Foundation) -> dict[str, float]:
    """All scores of a world with regulation, the mean of its two factors that work alone.

    ready: the world.
    foundation: pretrained on its cells.
    """
    made, task = ready.made, ready.task
    mapped = adapters(task, made, foundation, ready.values, ready.genomes)
    found = [_factor(ready, foundation, mapped, factor) for factor in range(SOLO)]
    row = {name: float(np.nanmean([each[name] for each in found])) for name in found[0]}
    row |= _variants(ready, mapped[OURS])
    for pair, kinds in (((0, 1), (DIRECT, REPRESSED, INDIRECT)), (PAIR, (REDUNDANT,))):
        row |= _double(ready, foundation, mapped[OURS], pair, kinds)
    return row


def _factor(
    ready: Ready, foundation: Foundation, mapped: Mapping[str, Mapped], factor: int
) -> dict[str, float]:
    made, network = ready.made, ready.made.world.network
    row, variant = int(ready.factors[factor]), ready.mutation(factor)
    quiet = len(ready.factors) - SILENT + factor % SILENT
    role, change = network.roles[factor], made.world.variants["activity_change"][variant]
    matchable = np.flatnonzero(
        (role != DIRECT) & (role != REPRESSED) & (role != INDIRECT) & (made.token >= 0)
    )
    scores = disturbed.all_controls(
        ready.task, made, foundation, mapped, row, ready.of_variant[variant], float(ready.fold[variant]),
        (int(ready.factors[quiet]), ready.of_variant[ready.mutation(quiet)]),
        np.setdiff1d(matchable, ready.factors), ready.expression,
        (ready.of_variant[ready.mutation(factor, seen=True)], float(np.exp(change))),
    )  # fmt: skip
    kept = ready.judged(scores[OURS], disturbed.chosen_cells(ready.task, made, [row]), [row])
    floor = no_op_floor(scores.pop(disturbed.NO_OP)[:, kept])
    scores = {name: each[:, kept] for name, each in scores.items() if not name[-1].isdigit()}
    kinds = {kind: (role == kind)[kept] for kind in (DIRECT, INDIRECT, REPRESSED)}
    targets, direct, indirect = np.any(list(kinds.values()), axis=0), kinds[DIRECT], kinds[INDIRECT]
    table = _table(scores, targets, REPRESSED, kinds[REPRESSED], direct, indirect)
    found = {
        f"{line.metric}|{line.contrast}|{line.method}": line.value
        for line in table.itertuples()
        if line.metric in KEPT
    }
    ours = table[(table["method"] == OURS) & (table["contrast"] == "targets") & (table["metric"] == KEPT[0])]
    effect = np.abs(made.world.change({factor: change}))[kept]
    for name, each in scores.items():
        mean = over_donors(each)
        varies = np.nanmax(mean) > np.nanmin(mean)  # an expression route that moves no rank gives zeros alone
        rank = stats.spearmanr(mean, effect, nan_policy="omit").statistic if varies else 0.0
        found[f"effect_rank|{TARGETS}|{name}"] = float(rank)
    mean = over_donors(scores[OURS])
    return found | {
        "low_in_world": float(ours["low"].iloc[0]), "high_in_world": float(ours["high"].iloc[0]),
        "share_of_targets": float(targets.mean()), "n_universe": int(kept.sum()),
        "resolved": float((mean > floor).mean()), "median_shift": float(np.median(mean)), "floor": floor,
    }  # fmt: skip


def _table(
    scores: Mapping[str, np.ndarray], targets: np.ndarray, third: str, of_third: np.ndarray, direct: np.ndarray,
    indirect: np.ndarray,
) -> pd.DataFrame:  # fmt: skip
    """The table of scores; each kind of target is found among the genes that are no target of another kind."""
    parts = [score_table(scores, targets, draws=200)]
    others = ~of_third
    both = {name: each[:, others] for name, each in scores.items()}
    parts.append(score_table(both, (direct | indirect)[others], direct[others], indirect[others], draws=200))
    parts[-1] = parts[-1][parts[-1]["contrast"] != TARGETS]
    alone = ~(direct | indirect)
    last = score_table({name: each[:, alone] for name, each in scores.items()}, of_third[alone], draws=200)
    parts.append(last.assign(contrast=third))
    return pd.concat(parts)


def _variants(ready: Ready, ours: Mapped) -> dict[str, float]:
    """How far each variant moves its token, and what the run predicts of it: changing ones against neutral ones."""
    table, found = ready.made.world.variants, {}
    rows = ready.factors[table["factor"]]
    distance = np.array(
        [
            float((ours.of(row, value) - ours.of(row)).norm())
            for row, value in zip(rows, ready.of_variant, strict=True)
        ]
    )
    changing = table["changing"].to_numpy()
    for name, which in (("seen", table["seen"].to_numpy()), ("unseen", ~table["seen"].to_numpy())):
        found[f"displacement_auroc_{name}"] = auroc(distance[which], changing[which])
    if np.ptp(ready.fold) > 0:
        found["predicted_change_r"] = float(np.corrcoef(np.log(ready.fold), table["activity_change"])[0, 1])
        found["predicted_change_slope"] = float(
            np.log(ready.fold) @ table["activity_change"] / np.square(table["activity_change"]).sum()
        )
    return found


def _double(
    ready: Ready, foundation: Foundation, ours: Mapped, pair: tuple[int, int], kinds: tuple[str, ...]
) -> dict[str, float]:
    """Both factors at once, against the sum of the shifts under each alone, in the same cells."""
    made, network = ready.made, ready.made.world.network
    rows = [int(ready.factors[each]) for each in pair]
    to = {row: ready.of_variant[ready.mutation(each)] for row, each in zip(rows, pair, strict=True)}
    cells = disturbed.chosen_cells(ready.task, made, rows)
    if not len(cells):
        return {}
    together = disturbed.routes(ready.task, made, foundation, ours, to, {}, cells)[OURS]
    alone = [
        disturbed.routes(ready.task, made, foundation, ours, {row: to[row]}, {}, cells)[OURS] for row in rows
    ]
    kept = ready.judged(together, cells, rows)
    target = np.isin(network.roles[list(pair)], kinds).any(0)[kept]
    label, found = f"{pair[0]}+{pair[1]}", {}
    for name, by_donor in ((BOTH_FACTORS, together), (SUM, alone[0] + alone[1])):
        for metric in KEPT:
            values = each_donor(MEASURES[metric], target, by_donor[:, kept])
            found[f"{metric}|{label}|{name}"] = mean_of(values)
    return found


def held_out(ready: Ready, foundation: Foundation) -> dict[str, float]:
    """Accuracy and loss on genes of the run's own test chromosomes, by encoder and by output tokens.

    ready: the world.
    foundation: pretrained on its cells.
    """
    made, task, found = ready.made, ready.task, {}
    rows = np.flatnonzero(made.token >= 0)
    kmers = embed(KmerCounts(4), made.windows(rows, [[]] * len(rows)), ready.cache)
    given = shuffled(len(rows), np.random.default_rng([task.seed, 8]))
    run = ready.values[rows]
    for output in OUTPUT_TOKENS:
        tables = {PRETRAINED: foundation.token_table.detach()}
        for name, values in (("run", run), ("shuffled", run[given]), ("kmers", kmers)):
            genes = GeneDna(made.token[rows], values, made.split[rows])
            adapter = adapter_without(
                foundation, genes, made.cells, made.dictionary.mask, task.sizing.held_out, output
            )
            tables[name] = table_of(foundation, genes, adapter)
        tables[MEAN_TOKEN] = table_of(foundation, genes, None)
        cells = made.cells[:: max(1, len(made.cells) // 400)]
        for name, table in tables.items():
            said = guesses(foundation, table, cells, made.dictionary.mask, genes, output, task.seed)
            found |= {f"{metric}|{output}|{name}": float(getattr(said, metric).mean()) for metric in METRICS}
    return found | {"n_held_out": float(len(genes.held_out))}


def no_regulation(task: Task, made: Made, cache: Path) -> dict[str, float]:
    """One p of one factor where nothing regulates: a list of would-be targets against sets of genes like them.

    task: of the world.
    made: the world.
    cache: file of embeddings.

    The list is drawn among all genes but the factors, whatever their part: the world deals its would-be targets among
    genes that share no programme with a factor, and sets of all genes would be no fair match for those. The statistic
    is the average precision of the mean shift over donors. p_sets counts ties by a random part, so it is uniform
    whatever the number of sets; p_directions holds the mutation against random directions of equal norm, which are like
    it without being exchangeable with it.
    """
    ready, foundation = Ready(task, made, KmerCounts(4), cache), pretrained(task, made)
    ours = adapters(task, made, foundation, ready.values, ready.genomes, (OURS,))
    row, rng = int(ready.factors[0]), np.random.default_rng([task.seed, 9])
    others = np.setdiff1d(np.flatnonzero(made.token >= 0), ready.factors)
    scores = disturbed.all_controls(
        task, made, foundation, ours, row, ready.of_variant[ready.mutation(0)], None,
        (int(ready.factors[-1]), ready.of_variant[ready.mutation(len(ready.factors) - 1)]), others, ready.expression,
    )  # fmt: skip
    kept = ready.judged(scores[OURS], disturbed.chosen_cells(task, made, [row]), ready.factors.tolist())
    target = np.isin(np.arange(len(kept)), rng.choice(others, N_TARGETS, replace=False))[kept]
    level, detection = (
        ready.expression.mean(0)[kept],
        np.asarray((made.counts > 0).mean(axis=0)).ravel()[kept],
    )
    metric = MEASURES[KEPT[0]].function

    def value(name: str) -> float:
        return metric(over_donors(scores[name])[kept], target)

    null = matched_sets(
        over_donors(scores[OURS])[kept], target, strata(level, detection, 3), metric, rng, task.sizing.sets
    )
    drawn = np.array([value(f"{disturbed.RANDOM} {n}") for n in range(task.sizing.directions)])
    return {
        "p_sets": exceedance(value(OURS), null, rng), "p_directions": exceedance(value(OURS), drawn, rng),
        f"{KEPT[0]}|targets|{OURS}": value(OURS), "share_of_targets": float(target.mean()),
        "n_universe": int(kept.sum()), "median_shift": float(np.median(over_donors(scores[OURS])[kept])),
    }  # fmt: skip
