"""What a training has seen so far: one row a validation, and the best weights."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from prism import scores
from prism.runs.history import valid_column


@dataclass(frozen=True)
class Fitted:
    """What is left of fitting a model, by gradients or in closed form.

    state_dict: the weights of the best validation MSE.
    step: the step after which they were best; None for a closed form.
    rows: the history, one row a validation.
    report: what a fit in closed form says of itself; empty for one by gradients.
    """

    state_dict: dict[str, Tensor]
    step: int | None
    rows: list[dict[str, float]]
    report: dict[str, Any] = field(default_factory=dict)


class Journal:
    """History rows, running means since the last row, and the weights of the best validation MSE.

    `state_dict` and `load_state_dict` carry all of it through a restart.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self.best: dict[str, Any] | None = None  # step, the score chosen by, state_dict
        self._names: list[str] = []
        self._sums: Tensor | None = None  # float64, by name
        self._count = 0
        self._seconds_before, self._started = 0.0, time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds of training, those before a restart included."""
        return self._seconds_before + time.monotonic() - self._started

    def add(self, values: dict[str, Tensor]) -> None:
        """Note the values of one training step. They stay on their device, so that nothing waits.

        values: detached scalars by name.
        """
        # all at once: on a GPU a launch for each would cost more than the sums
        if self._sums is None:
            self._names = list(values)
        added = torch.stack([values[name] for name in self._names]).double()
        self._sums = added if self._sums is None else self._sums.to(added.device) + added
        self._count += 1

    def close_row(
        self,
        module: nn.Module,
        at: dict[str, float],
        prediction: np.ndarray,
        target: np.ndarray,
        parts: Mapping[str, np.ndarray] | None = None,
    ) -> dict[str, float]:
        """Score a validation, keep the weights if it is the best, and return the finished row.

        The row holds `at`, the seconds so far and the scores; its other columns are means over the steps since the row
        before. Weights are chosen by the score of all genes.

        module: the model, whose weights are copied where they are the best so far.
        at: values of this moment: step, epoch, peak_memory_gb and, where there is one, learning_rate.
        prediction: (n,) of the whole valid split, log10(x + 1).
        target: (n,) labels of the same genes.
        parts: rows of the genes of each cell type, whose scores by which weights are chosen get columns of their own;
            None (the default) for a training on one.
        """
        totals = [] if self._sums is None else self._sums.tolist()
        means = {name: total / self._count for name, total in zip(self._names, totals, strict=True)}
        scored = scores.scores(prediction, target)
        seconds, before = self.seconds, self.rows[-1] if self.rows else {"step": 0, "seconds": 0.0}
        steps_per_s = (at["step"] - before["step"]) / max(seconds - before["seconds"], 1e-9)
        row = at | {"seconds": round(seconds, 3), "steps_per_s": round(steps_per_s, 4)} | means
        row |= {valid_column(metric.name): scored[metric.name] for metric in scores.headlines()}
        chosen_by = scores.METRICS[scores.SELECTED_BY]
        for name, rows in (parts or {}).items():
            row[valid_column(chosen_by.name, name)] = chosen_by.function(prediction[rows], target[rows])
        self.rows.append(row)
        self._names, self._sums, self._count = [], None, 0
        if self.best is None or chosen_by.better(scored[chosen_by.name], self.best[chosen_by.name]):
            weights = {name: value.detach().cpu().clone() for name, value in module.state_dict().items()}
            self.best = {
                "step": at["step"],
                chosen_by.name: scored[chosen_by.name],
                "state_dict": weights,
            }
        return row

    def state_dict(self) -> dict[str, Any]:
        """Everything above in plain types and tensors."""
        sums = {} if self._sums is None else dict(zip(self._names, self._sums.cpu(), strict=True))
        return {
            "rows": self.rows,
            "best": self.best,
            "sums": sums,
            "count": self._count,
            "seconds": self.seconds,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`'s answer."""
        self.rows, self.best, self._count = state["rows"], state["best"], state["count"]
        self._names = list(state["sums"])
        self._sums = torch.stack(list(state["sums"].values())) if self._names else None
        self._seconds_before, self._started = state["seconds"], time.monotonic()


def line_of(row: dict[str, float], steps: int, best_step: int) -> str:
    """A history row as one line of a log.

    row: of a `Journal`.
    steps: of the whole training.
    best_step: step of the best validation so far.
    """
    pearson = "undefined" if math.isnan(row["valid_pearson"]) else f"{row['valid_pearson']:.4f}"
    train = f"train loss {row['train_loss']:.4f}, " if "train_loss" in row else ""
    best = " (best so far)" if best_step == row["step"] else ""
    return f"step {row['step']}/{steps}: {train}valid MSE {row['valid_mse']:.4f}, Pearson {pearson}{best}"
