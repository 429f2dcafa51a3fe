"""What a training run has seen so far: one row a validation, and the best weights."""

from __future__ import annotations

import math
import time
from typing import Any

import torch
from torch import Tensor, nn

from prism import scores
from prism.runs.history import valid_column


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
        """Note the detached scalars of one training step; they stay on their device: nothing waits."""
        # all at once: on a GPU a launch for each would cost more than the sums
        if self._sums is None:
            self._names = list(values)
        added = torch.stack([values[name] for name in self._names]).double()
        self._sums = added if self._sums is None else self._sums.to(added.device) + added
        self._count += 1

    def close_row(
        self, module: nn.Module, place: dict[str, float], prediction, target, at: dict[str, float]
    ) -> dict[str, float]:
        """Score a validation, keep the weights if it is the best, and return the finished row.

        place: {"step", "epoch"}. prediction, target: (n,) of the whole valid split. at: values of this
        moment, {"learning_rate", "peak_memory_gb"}. The other columns are means over the steps since the row before.
        """
        totals = [] if self._sums is None else self._sums.tolist()
        means = {name: total / self._count for name, total in zip(self._names, totals, strict=True)}
        scored = scores.scores(prediction, target)
        seconds, before = self.seconds, self.rows[-1] if self.rows else {"step": 0, "seconds": 0.0}
        steps_per_s = (place["step"] - before["step"]) / max(seconds - before["seconds"], 1e-9)
        row = place | {"seconds": round(seconds, 3), "steps_per_s": round(steps_per_s, 4)} | at | means
        row |= {valid_column(metric.name): scored[metric.name] for metric in scores.headlines()}
        self.rows.append(row)
        self._names, self._sums, self._count = [], None, 0
        chosen_by = scores.METRICS[scores.SELECTED_BY]
        if self.best is None or chosen_by.better(scored[chosen_by.name], self.best[chosen_by.name]):
            weights = {name: value.detach().cpu().clone() for name, value in module.state_dict().items()}
            self.best = {
                "step": place["step"],
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
    """A history row as one line of a log."""
    pearson = "undefined" if math.isnan(row["valid_pearson"]) else f"{row['valid_pearson']:.4f}"
    train = f"train loss {row['train_loss']:.4f}, " if "train_loss" in row else ""
    best = " (best so far)" if best_step == row["step"] else ""
    return f"step {row['step']}/{steps}: {train}valid MSE {row['valid_mse']:.4f}, Pearson {pearson}{best}"
