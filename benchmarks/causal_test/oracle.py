"""Ridge that knows the true background: what an adjustment could reach at best with these features."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.causal_test.genomes import FACTUAL, Genome
from benchmarks.causal_test.protocol import LENGTH
from prism.compute.batches import Batches
from prism.models import build
from prism.models.ridge import CONSTANT, ridge_path
from prism.simulate.floor import without_background
from prism.training.run import Run


def fit_oracle(run: Run, genome: Genome, windows: dict) -> Callable[[str, np.ndarray], dict[str, np.ndarray]]:
    """Fit ridge to its usual features without the true background's line, and return its predictor.

    run: of the factual windows; its valid split chooses the penalty.
    genome: the genome and its twins.
    windows: dataset name -> reader.

    What the background itself adds to expression is taken off the label before, and added to the prediction after: it
    too is known.
    """
    module = build(run.entry["architecture"], run.build_settings)
    size = run.settings.genes_at_once(LENGTH)
    train, valid = (run.splits == split for split in ("train", "valid"))
    own = {name: _own_effect(truth) for name, truth in genome.truth.items()}

    def features(name: str) -> np.ndarray:
        everything = range(len(windows[name]))
        return np.concatenate(
            [module.features(batch).numpy() for batch in Batches(windows[name], everything, size)]
        )

    factual = features(FACTUAL)
    background = {name: truth["background"].to_numpy() for name, truth in genome.truth.items()}
    adjusted = {FACTUAL: without_background(factual, background[FACTUAL], train)}
    for name in windows:
        if name != FACTUAL:
            # the line is the factual training genes'
            both = np.concatenate([factual, features(name)])
            known = np.concatenate([background[FACTUAL], background[name]])
            first = np.concatenate([train, np.zeros(len(train), dtype=bool)])
            adjusted[name] = without_background(both, known, first)[len(train) :]
    x = adjusted[FACTUAL]
    y = windows[FACTUAL].expression.double().numpy() - own[FACTUAL]
    mean, deviation = x[train].mean(axis=0), x[train].std(axis=0)
    kept = deviation > CONSTANT * np.abs(x[train]).max(axis=0)
    scaled = {name: (values - mean)[:, kept] / deviation[kept] for name, values in adjusted.items()}
    level = y[train].mean()
    paths = ridge_path(scaled[FACTUAL][train], y[train] - level, module.alphas)
    errors = scaled[FACTUAL][valid] @ paths + level - y[valid, None]
    coef = paths[:, int((errors**2).mean(axis=0).argmin())]
    return lambda name, rows: {"observed": (scaled[name] @ coef + level + own[name])[rows]}


def _own_effect(truth) -> np.ndarray:
    return truth["background_cause"].to_numpy() if "background_cause" in truth else np.zeros(len(truth))
