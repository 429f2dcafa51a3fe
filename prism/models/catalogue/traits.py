"""What is known of an architecture before it is built: the form of an entry of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SHARED_ENVIRONMENT = "training"  # envs/training.yaml


@dataclass(frozen=True)
class Setting:
    """A setting of an architecture: an argument of its constructor."""

    name: str
    default: Any  # the paper's value, where there is a paper
    meaning: str  # a sentence without its full stop
    # Whether a published number is shown only beside a run with the default.
    published_at_default: bool = False
    choices: tuple[Any, ...] = ()  # the only values; () where it is not one of a few


@dataclass(frozen=True)
class Publication:
    """How the papers name an architecture and what they gave it."""

    method: str  # its name in config/published_results.tsv
    signals: bool = True  # whether it was given all three signals
    # Setting -> name of the method where the setting is not at its default; `{}` is replaced by the value.
    variants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Traits:
    """All that is known of an architecture before it is built.

    name: what entries of config/models.yaml call it.
    home: "module:class" of its module.
    data: what it takes of the data, with what is taken where nothing is given (tests, single models).
    settings: its own settings; this is the only place of their defaults.
    source: whose idea it is, with a reference.
    differs: what differs here from the source.
    colour: in every figure.
    closed_form: it is solved by `fit(train, valid)`, not trained by gradients: a seed changes nothing.
    reads_elements: it reads candidate elements beside the windows.
    needs_signals: it is nothing without signals.
    learns_a_mask: its details hold a mask of the window, which can be drawn.
    capturable: in train mode its forward pass has fixed shapes and asks nothing of the device, so that a step can be
        captured as a CUDA graph.
    has_released: others have released weights that `from_authors` reads.
    shortest: the shortest window, bp, that it takes.
    environment: the file in envs/, without .yaml, that it is trained and predicted in.
    package: the distribution that only this environment has; recorded with a run. Empty: none.
    parameters: trainable parameters with its defaults, written down where the shared environment cannot count them.
    training_mb: MB of a training's first attempt at 2 kb, what was measured (docs/models.md) with a margin. On a CPU
        more than 2.5 times what `prism.models.memory` works out, so that freed memory can be kept (not EPInformer's).
    long_training_mb: the same at 200 kb, where a CPU takes one gene at once.
    publication: how the papers name it; None where they do not have it.
    priors: (weight, beta) by signal of the mask that it learns, as published.
    """

    name: str
    home: str
    data: tuple[Setting, ...]
    settings: tuple[Setting, ...]
    source: str
    differs: str
    colour: str
    closed_form: bool = False
    reads_elements: bool = False
    needs_signals: bool = False
    learns_a_mask: bool = False
    capturable: bool = False
    has_released: bool = True
    shortest: int = 1
    environment: str = SHARED_ENVIRONMENT
    package: str = ""
    parameters: int | None = None
    training_mb: int = 4000
    long_training_mb: int = 16000
    publication: Publication | None = None
    priors: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def reads_signals(self) -> bool:
        """Whether it reads the windows' signals."""
        return any(each.name == "n_signals" for each in self.data)

    @property
    def known_settings(self) -> dict[str, Any]:
        """Every argument of its constructor with its default, those of the data first."""
        return {each.name: each.default for each in (*self.data, *self.settings)}

    @property
    def own_settings(self) -> dict[str, Any]:
        """The settings that an entry may give, with their defaults."""
        return {each.name: each.default for each in self.settings}

    def choices(self, setting: str) -> tuple[Any, ...]:
        """The only values of a setting; () where it is not one of a few.

        setting: one of its own.
        """
        return next(each.choices for each in self.settings if each.name == setting)

    @property
    def in_shared_environment(self) -> bool:
        """Whether the environment that most architectures share suffices."""
        return self.environment == SHARED_ENVIRONMENT
