"""Training state on disk: everything that a run needs to go on, and nothing of another run.

A state is one file `step-<n>.pt` in `<state dir>/<run identity>/`. It appears whole or not at all, and the state before
it stays: so a kill at any moment, or a full disk, leaves a state that can be loaded.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from prism.files.atomic import writing
from prism.files.zipped import check_zip
from prism.protocol.seeds import check_seed
from prism.runs.checkpoint import UNREADABLE

KEPT = 2


class RunState:
    """The states of one run.

    folder: the state directory beside the run's files.
    identity: of the run (`prism.runs.provenance.run_identity`).
    say: where a line about an unreadable or foreign state goes.
    """

    def __init__(self, folder: str | Path, identity: str, say: Callable[[str], None]) -> None:
        self.root, self.folder, self.say = Path(folder), Path(folder) / identity, say

    def load(self) -> dict[str, Any] | None:
        """The newest state that can be read, or None; states of other settings are named and left alone."""
        foreign = [p.name for p in self.root.iterdir() if p.is_dir()] if self.root.is_dir() else []
        foreign = sorted(name for name in foreign if name != self.folder.name)
        if foreign:
            self.say(
                f"state of other settings, data or code left alone in {self.root}: {', '.join(foreign)} "
                f"(this run is {self.folder.name}); delete it if it is not wanted"
            )
        for broken in self.folder.glob("*.part"):  # of a kill in the middle of writing
            broken.unlink()
        for path in reversed(self._files()):
            try:
                check_zip(path)
                return torch.load(path, map_location="cpu", weights_only=True)
            except OSError as error:
                self.say(f"{path}: cannot be read ({type(error).__name__}), trying the state before it")
            except UNREADABLE as error:
                # out of the way, or it would count as one of the two that are kept
                damaged = path.with_suffix(".damaged")
                os.replace(path, damaged)
                self.say(
                    f"{path}: cannot be read, it is damaged ({type(error).__name__}); set aside as {damaged.name}, "
                    "delete it if it is not wanted; trying the state before it"
                )
        return None

    def save(self, state: dict[str, Any]) -> None:
        """Write a state; of the older ones only the newest stays.

        state: tensors and plain values, among them "step".
        """
        path = self.folder / f"step-{state['step']:09d}.pt"
        with writing(path) as part:
            torch.save(state, part)
        self._sync_folder()
        for old in self._files()[:-KEPT]:
            old.unlink()

    def clear(self) -> None:
        """Remove this run's states; the state directory too if nothing else is in it."""
        if self.folder.is_dir():
            shutil.rmtree(self.folder)
        if self.root.is_dir() and not any(self.root.iterdir()):
            self.root.rmdir()

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("step-*.pt"))

    def _sync_folder(self) -> None:
        # the rename itself must survive a power cut before the older state may go
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def seed_everything(seed: int) -> None:
    """Seed Python, numpy and torch (every device).

    seed: of the run.
    Raises ValueError for one that `prism.protocol.seeds` refuses.
    """
    random.seed(check_seed(seed))
    np.random.seed(seed)
    torch.manual_seed(seed)


def random_state(device: torch.device) -> dict[str, Any]:
    """The state of every generator that a training step may draw from, in plain types and tensors.

    device: where the model computes.
    """
    kind, key, position, has_gauss, gauss = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": [kind, key.tolist(), position, has_gauss, gauss],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
    }


def restore_random_state(state: dict[str, Any], device: torch.device) -> None:
    """Set every generator back, as if nothing had been drawn since.

    state: what `random_state` returned.
    device: where the model computes.
    """
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    kind, key, position, has_gauss, cached = state["numpy"]
    np.random.set_state((kind, np.array(key, dtype=np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state["torch"])
    # a run that moved from CPU to GPU has no such state; it goes on from the seed
    if device.type == "cuda" and state["cuda"] is not None:
        torch.cuda.set_rng_state(state["cuda"], device)
