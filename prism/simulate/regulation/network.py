"""Who regulates whom in a simulated world of cells: factors, their targets, and genes that only look like targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FACTOR, DIRECT, REPRESSED, INDIRECT = "factor", "direct", "repressed", "indirect"
REDUNDANT, CO_EXPRESSED, OTHER = "redundant", "co-expressed", "other"
# What a factor's target can be, in the order of tables; the rest are no targets.
TARGETS = (DIRECT, REPRESSED, REDUNDANT, INDIRECT)
SOLO = 2  # factors 0 and 1 have targets of their own
PAIR = (2, 3)  # these two share their targets: either is enough
SILENT = 2  # the last two regulate nothing
N_FACTORS = SOLO + len(PAIR) + SILENT
SHARPNESS = 3.0  # of the maximum that stands for "either is enough"; infinity is the maximum itself


@dataclass(frozen=True)
class Sizes:
    """How many genes play each part; no gene plays two.

    direct: targets that each solo factor activates.
    repressed: targets that each solo factor represses.
    mediators: of the activated ones, how many activate others in turn.
    indirect: genes that each solo factor reaches through those alone.
    redundant: targets of the redundant pair.
    co_expressed: genes that share a programme with each factor, and that it does not touch.
    """

    direct: int = 12
    repressed: int = 8
    mediators: int = 4
    indirect: int = 12
    redundant: int = 12
    co_expressed: int = 16

    @property
    def total(self) -> int:
        """Genes that play a part."""
        of_solo = self.direct + self.repressed + self.indirect
        return N_FACTORS + SOLO * of_solo + self.redundant + N_FACTORS * self.co_expressed


@dataclass(frozen=True)
class Network:
    """Signed effects, in log expression for one unit of log activity.

    factors: (n_factors,) rows of genes; 0 and 1 work alone, 2 and 3 are redundant, the others regulate nothing.
    direct: (units, n_genes); units are factor 0, factor 1 and the pair.
    mediator: (n_genes,) row of the gene that activates an indirect target; -1 where there is none.
    programme: (n_factors, n_genes) loadings on the factors' programmes, of co-expressed genes only.
    roles: (n_factors, n_genes) what each gene is to each factor.
    """

    factors: np.ndarray
    direct: np.ndarray
    mediator: np.ndarray
    programme: np.ndarray
    roles: np.ndarray

    def silenced(self) -> Network:
        """The same roles, while no factor regulates anything."""
        return Network(
            self.factors,
            np.zeros_like(self.direct),
            np.full_like(self.mediator, -1),
            self.programme,
            self.roles,
        )


def draw_network(
    rng: np.random.Generator, n_genes: int, factors: np.ndarray, sizes: Sizes, effect: float, loading: float
) -> Network:
    """Deal out the roles at random, whatever the genes' expression.

    rng: source of chance.
    n_genes: of the world.
    factors: (N_FACTORS,) rows of the genes that are factors.
    sizes: how many genes play each part.
    effect: of a factor on a direct target; +-25 % from target to target.
    loading: of a co-expressed gene on the programme; +-25 % likewise.
    """
    deck = iter(rng.permutation(np.setdiff1d(np.arange(n_genes), factors)))

    def deal(n: int) -> np.ndarray:
        return np.array([next(deck) for _ in range(n)], dtype=np.int64)

    direct, programme = np.zeros((SOLO + 1, n_genes)), np.zeros((N_FACTORS, n_genes))
    mediator = np.full(n_genes, -1)
    roles = np.full((N_FACTORS, n_genes), OTHER, dtype="<U12")
    for unit in range(SOLO):
        activated, repressed, indirect = deal(sizes.direct), deal(sizes.repressed), deal(sizes.indirect)
        direct[unit, activated] = effect * _spread(rng, sizes.direct)
        direct[unit, repressed] = -effect * _spread(rng, sizes.repressed)
        mediator[indirect] = np.resize(activated[: sizes.mediators], sizes.indirect)
        for rows, role in ((activated, DIRECT), (repressed, REPRESSED), (indirect, INDIRECT)):
            roles[unit, rows] = role
    shared = deal(sizes.redundant)
    direct[SOLO, shared] = effect * _spread(rng, sizes.redundant)
    roles[np.ix_(PAIR, shared)] = REDUNDANT
    for factor in range(N_FACTORS):
        rows = deal(sizes.co_expressed)
        programme[factor, rows] = loading * _spread(rng, sizes.co_expressed)
        roles[factor, rows] = CO_EXPRESSED
        roles[factor, factors[factor]] = FACTOR
    return Network(np.asarray(factors), direct, mediator, programme, roles)


def _spread(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.uniform(0.75, 1.25, n)


def unit_activity(activity: np.ndarray) -> np.ndarray:
    """Activity of what regulates, (cells, units): each solo factor's, and the soft maximum of the pair's.

    activity: (cells, n_factors) log activity, 0 on average.
    """
    pair = SHARPNESS * activity[:, PAIR]
    either = (np.logaddexp(pair[:, 0], pair[:, 1]) - np.log(2)) / SHARPNESS
    return np.column_stack([activity[:, :SOLO], either])
