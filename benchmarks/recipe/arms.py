"""What is compared: orientation x bins x stem for two networks, orientation x bins for ridge; and what is tuned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

NETWORKS = ("caduceus_signals", "prism")
RIDGE = "ridge"
ARCHITECTURES = (RIDGE, *NETWORKS)
TOKEN = 20  # bases of a token of a stem
BINS = 10
STEPS = 300
SEEDS = (2, 22, 222, 2222, 22222)
ALL_SIGNALS = ("ATAC", "MNase", "PolII")

# At most eight candidates for every architecture: ridge has eight, a network four with a stem and two without one.
RIDGE_GRID = {"transform": ("none", "log1p"), "bin_size": (50, 100), "kmer": (1, 4)}
RATES, WIDTHS, WIDTHS_WITHOUT_STEM = (1e-3, 3e-3), (16, 32), (16,)


@dataclass(frozen=True)
class Arm:
    """One way to read and pool a window.

    architecture: ridge, caduceus_signals or prism.
    orientation: plus or gene.
    bins: bins of the pooling (of a signal, for ridge): 1 or 10.
    stem: none, conv or mean; ridge has none.
    """

    architecture: str
    orientation: str = "gene"
    bins: int = BINS
    stem: str = "conv"

    @property
    def name(self) -> str:
        return f"{self.architecture}.{self.orientation}.{self.bins}bins.{self.stem}"

    @property
    def tuned_as(self) -> Arm:
        """The arm in which this arm's settings were tuned."""
        if self.architecture == RIDGE:
            return Arm(RIDGE, stem="none")
        return Arm(self.architecture, stem="none" if self.stem == "none" else "conv")


def tuned_arms() -> list[Arm]:
    """The arms in which settings are tuned."""
    return list(dict.fromkeys(arm.tuned_as for arm in all_arms()))


def recipe_arms() -> list[Arm]:
    """The full recipe of each network beside oriented ridge."""
    return [Arm(RIDGE, stem="none"), *(Arm(name) for name in NETWORKS)]


def all_arms() -> list[Arm]:
    """Every arm; those of the recipe and those of the published protocol come first."""
    found = recipe_arms()
    found += [Arm(name, "plus", 1, "none") for name in ARCHITECTURES]
    found += [Arm(RIDGE, way, bins, "none") for way, bins in product(("plus", "gene"), (1, BINS))]
    choices = product(("conv", "mean", "none"), ("gene", "plus"), (BINS, 1), NETWORKS)
    found += [Arm(name, way, bins, stem) for stem, way, bins, name in choices]
    return list(dict.fromkeys(found))


def candidates(arm: Arm) -> list[dict[str, Any]]:
    """The combinations of values that are tried.

    arm: one of `tuned_arms`.
    """
    widths = WIDTHS_WITHOUT_STEM if arm.stem == "none" else WIDTHS
    grid = RIDGE_GRID if arm.architecture == RIDGE else {"learning_rate": RATES, "d_model": widths}
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def entry(arm: Arm, values: Mapping[str, Any], length: int, signals: tuple[str, ...]) -> dict[str, Any]:
    """The entry of models.yaml that the arm is, resolved.

    arm: the arm.
    values: the candidate's, by key.
    length: of the window, bp.
    signals: that it reads.
    """
    shared = {
        "architecture": arm.architecture,
        "length": length,
        "signals": list(signals),
        "orientation": arm.orientation,
    }
    if arm.architecture == RIDGE:
        settings = {
            "bin_size": values["bin_size"] if arm.bins > 1 else length,
            "kmer": values["kmer"],
            "transform": values["transform"],
            "center_len": length,
        }
        return shared | {"settings": settings, "training": {}}
    settings = {"d_model": values["d_model"], "n_layer": 2, "center_len": length, "pool_bins": arm.bins}
    if arm.stem != "none":
        settings["stem"] = {"kind": arm.stem, "size": TOKEN}
    return shared | {"settings": settings, "training": training(values["learning_rate"])}


def training(learning_rate: float) -> dict[str, Any]:
    """The paper's protocol, short: 300 steps of 16 genes.

    learning_rate: its peak.
    """
    return {
        "steps": STEPS,
        "batch_size": 16,
        "learning_rate": learning_rate,
        "betas": [0.9, 0.95],
        "weight_decay": 1e-6,
        "schedule": "cosine",
        "warmup_steps": STEPS // 10,
        "warmup_from": 1e-5,
        "final_learning_rate": 1e-4,
        "gradient_clip": 1.0,
        "precision": "fp32",
        "validations_per_epoch": 1,
    }
