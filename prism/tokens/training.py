"""Training by masked-gene prediction: a small foundation model, or the adapter in front of one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from prism.compute.precision import autocast
from prism.jobs.log import Countdown
from prism.models.parameter_groups import parameter_groups
from prism.runs.checkpoint import read_checkpoint, write_checkpoint
from prism.tokens.dynamic import DynamicTokens
from prism.tokens.foundation import Foundation
from prism.tokens.masked_genes import STATIC, Masked, masked, masked_gene_loss


@dataclass(frozen=True)
class MaskedTraining:
    """How a model is trained by masked-gene prediction.

    steps: updates.
    cells_at_once: cells of an update.
    learning_rate: at the end of the warm-up; it then falls to 0 in a straight line.
    warm_up: part of the steps in which the learning rate rises from 0.
    weight_decay: of AdamW; none on biases, LayerNorms and embeddings.
    clip: largest norm of the gradient.
    share: of a cell's genes that are hidden.
    another, kept: parts of the hidden that are replaced by a random gene, or left in place (`masked`).
    precision: of matrix products, fp32 or bf16.
    save_every: steps between two saved states, where there is a file for them.
    seed: of the order of cells, of what is hidden and of dropout.
    """

    steps: int
    cells_at_once: int = 8
    learning_rate: float = 1e-3
    warm_up: float = 0.1
    weight_decay: float = 0.01
    clip: float = 1.0
    share: float = 0.15
    another: float = 0.0
    kept: float = 0.0
    precision: str = "fp32"
    save_every: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "cells_at_once", "save_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")
        for name in ("warm_up", "share", "another", "kept"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}={getattr(self, name)} must be from 0 to 1")
        if self.another + self.kept > 1:
            raise ValueError(f"another={self.another} and kept={self.kept} must not be more than 1 together")

    def learning_rate_at(self, step: int) -> float:
        """The learning rate of an update.

        step: counted from 0.
        """
        rising = math.ceil(self.warm_up * self.steps)
        if step < rising:
            return self.learning_rate * (step + 1) / rising
        return self.learning_rate * (self.steps - step) / max(1, self.steps - rising)


def pretrain(
    foundation: Foundation,
    cells: Sequence[np.ndarray],
    mask: int,
    genes: np.ndarray,
    settings: MaskedTraining,
    state: Path | None = None,
    say: Callable[[str], None] | None = None,
) -> list[float]:
    """Train all weights of a foundation model, in place; it is in eval mode afterwards.

    foundation: from `Foundation.small`.
    cells: tokens of each cell, int64.
    mask: the token `<mask>`.
    genes: tokens of genes.
    settings: of the training; BERT's own hiding has `another` and `kept` at 0.1.
    state: a file to go on from after a stop; it is made and, at the end, removed. Default None, for none.
    say: is told how far it is; default None, for nobody.

    Returns the loss of every update.
    """
    draw = _drawn(cells, None, mask, genes, settings)
    return _fit(foundation, lambda step: masked_gene_loss(foundation, draw(step)), settings, state, say)


def train_tokens(
    foundation: Foundation,
    tokens: DynamicTokens,
    cells: Sequence[np.ndarray],
    genomes: Sequence[int] | None,
    mask: int,
    genes: np.ndarray,
    settings: MaskedTraining,
    output_tokens: str = STATIC,
    train_foundation: bool = False,
    state: Path | None = None,
    say: Callable[[str], None] | None = None,
) -> list[float]:
    """Train the adapter by masked-gene prediction through a foundation model; all is in eval mode afterwards.

    foundation: is left as it is, in eval mode, unless `train_foundation`.
    tokens: with the adapter; a DNA encoder in it is trained with the adapter.
    cells: tokens of each cell, int64, without the genes that are held out.
    genomes: of each cell, a row of the embeddings; None for the reference.
    mask: the token `<mask>`.
    genes: tokens of genes.
    settings: of the training.
    output_tokens: static (the default) or dynamic, as in `masked_gene_logits`.
    train_foundation: whether the foundation model learns too; default False.
    state: a file to go on from after a stop; it is made and, at the end, removed. Default None, for none.
    say: is told how far it is; default None, for nobody.

    Returns the loss of every update.
    Raises ValueError where no token of any cell follows the DNA: in the residual form, where all are at the reference.
    """
    if not train_foundation and not _teaches(tokens, cells, genomes):
        raise ValueError(
            "no token follows the DNA in any of these cells, so that the adapter cannot learn from them: give cells of "
            "several genomes, or another form than residual"
        )
    trained = nn.ModuleDict({"tokens": tokens} | ({"foundation": foundation} if train_foundation else {}))
    learns = [each for each in foundation.parameters() if each.requires_grad]
    foundation.eval().requires_grad_(train_foundation)
    draw = _drawn(cells, genomes, mask, genes, settings)
    try:
        return _fit(
            trained,
            lambda step: masked_gene_loss(foundation, draw(step), tokens, output_tokens),
            settings,
            state,
            say,
        )
    finally:
        for each in learns:
            each.requires_grad_(True)


def _teaches(tokens: DynamicTokens, cells: Sequence[np.ndarray], genomes: Sequence[int] | None) -> bool:
    """Whether any token of the cells depends on the adapter."""
    return any(
        bool(tokens.moved(torch.from_numpy(cell), torch.full((len(cell),), genome)).any())
        for cell, genome in zip(cells, [0] * len(cells) if genomes is None else genomes, strict=True)
    )


def _drawn(
    cells: Sequence[np.ndarray],
    genomes: Sequence[int] | None,
    mask: int,
    genes: np.ndarray,
    settings: MaskedTraining,
) -> Callable[[int], Masked]:
    """What each update sees: a function of its number alone, so that a training goes on where it stopped."""
    size = min(settings.cells_at_once, len(cells))
    a_round = len(cells) // size

    def draw(step: int) -> Masked:
        order = np.random.default_rng([settings.seed, 0, step // a_round]).permutation(len(cells))
        chosen = order[step % a_round * size :][:size]
        return masked(
            [cells[i] for i in chosen],
            mask,
            genes,
            np.random.default_rng([settings.seed, 1, step]),
            settings.share,
            settings.another,
            settings.kept,
            None if genomes is None else [genomes[i] for i in chosen],
        )

    return draw


def _fit(
    trained: nn.Module,
    loss_of: Callable[[int], Tensor],
    settings: MaskedTraining,
    state: Path | None,
    say: Callable[[str], None] | None,
) -> list[float]:
    optimiser = torch.optim.AdamW(parameter_groups(trained, settings.weight_decay), settings.learning_rate)
    losses = _resumed(trained, optimiser, settings, state)
    progress = Countdown(settings.steps, "steps", say) if say is not None else None
    device = next(trained.parameters()).device
    trained.train()
    with torch.random.fork_rng(devices=[]):
        for step in range(len(losses), settings.steps):
            torch.manual_seed(hash((settings.seed, step)))
            for group in optimiser.param_groups:
                group["lr"] = settings.learning_rate_at(step)
            optimiser.zero_grad(set_to_none=True)
            with autocast(device, settings.precision):
                loss = loss_of(step)
            if loss.requires_grad:  # a few cells may all be at the reference, and teach nothing
                loss.backward()
            nn.utils.clip_grad_norm_(trained.parameters(), settings.clip)
            losses.append(float(loss.detach()))
            if not math.isfinite(losses[-1]):
                raise ValueError(
                    f"the loss of step {step} of masked-gene prediction is {losses[-1]}; lower learning_rate "
                    f"({settings.learning_rate})"
                )
            optimiser.step()
            if state is not None and len(losses) % settings.save_every == 0:
                _save(trained, optimiser, settings, losses, state)
            if progress is not None:
                progress.reached(step + 1)
    trained.eval()
    if state is not None:
        state.unlink(missing_ok=True)
    return losses


def _told(settings: MaskedTraining) -> dict[str, float | int | str]:
    return {each.name: getattr(settings, each.name) for each in fields(settings)}


def _save(
    trained: nn.Module,
    optimiser: torch.optim.Optimizer,
    settings: MaskedTraining,
    losses: list[float],
    state: Path,
) -> None:
    content = {"weights": trained.state_dict(), "optimiser": optimiser.state_dict(), "losses": losses}
    write_checkpoint(state, content | {"settings": _told(settings)})


def _resumed(
    trained: nn.Module, optimiser: torch.optim.Optimizer, settings: MaskedTraining, state: Path | None
) -> list[float]:
    """The losses so far, after weights and optimiser are as they were when the state was saved."""
    if state is None or not state.is_file():
        return []
    content = read_checkpoint(state)
    if content["settings"] != _told(settings):
        raise ValueError(f"{state}: a training with other settings was stopped here; delete it")
    trained.load_state_dict(content["weights"])
    optimiser.load_state_dict(content["optimiser"])
    return list(content["losses"])
