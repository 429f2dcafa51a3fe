"""What every architecture has in common."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from prism.genome.batch import Batch
from prism.models.catalogue import traits
from prism.models.catalogue.tokens import Stem, check_tokens
from prism.models.feature_scaling import FeatureScaling
from prism.models.kept import Kept


class Architecture(nn.Module):
    """Base of every model: `forward(batch, with_details=False) -> Output`.

    The constructor takes keyword-only settings, all of them; the catalogue says what each means, and its default,
    with all else that is known of an architecture before it is built.
    """

    # Ordered (pattern of our parameter name, the authors' replacements); empty: no checkpoint of authors.
    AUTHORS_NAMES: ClassVar[tuple[tuple[str, tuple[str, ...]], ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        self.architecture = ""
        self.settings: dict[str, Any] = {}
        self.loss_weights: dict[str, float] = {}  # weight of each term of Output.losses
        self.feature_scaling: FeatureScaling | None = None

    def scale_features(self, scaling: FeatureScaling) -> None:
        """Read the gene features of every batch scaled from now on, in training and in prediction.

        scaling: what is done to a batch.
        """
        self.feature_scaling = scaling
        self.register_forward_pre_hook(_scale_first)

    def scaled(self, batch: Batch) -> Batch:
        """The batch as the model reads it: with its gene features scaled, where that was asked for.

        batch: as the data give it.
        """
        return batch if self.feature_scaling is None else self.feature_scaling(batch)

    @property
    def closed_form(self) -> bool:
        """Whether it is solved by `fit(train, valid)`, not trained by gradients."""
        return traits(self.architecture).closed_form

    @property
    def capturable(self) -> bool:
        """Whether a step in train mode can be captured as a CUDA graph."""
        return traits(self.architecture).capturable

    @staticmethod
    def kept_per_gene(settings: Mapping[str, Any], length: int, device: str) -> Kept:
        """What training keeps for one gene between the forward and the backward pass.

        settings: all of the constructor's, `n_signals` among them.
        length: of the window, bp.
        device: cpu or cuda, whose kernels keep different things.
        Raises ValueError for an architecture that is not trained by gradients.
        """
        raise ValueError("this architecture is not trained by gradients: no activations are kept")

    @staticmethod
    def authors_sizes(state: Mapping[str, Tensor]) -> dict[str, Any]:
        """The settings that an authors' state dict shows; what cannot be read is left out.

        state: the authors' parameter names with their tensors.
        """
        return {}


def _scale_first(module: Architecture, inputs: tuple) -> tuple:
    return (module.scaled(inputs[0]), *inputs[1:])


def at_least(key: str, value: Any, minimum: int) -> int:
    """A setting's value, if it is a whole number that is large enough.

    key: the setting's name, for the error.
    value: what was given.
    minimum: the smallest allowed.
    Raises ValueError otherwise.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise ValueError(f"setting {key}={value!r} must be a whole number of at least {minimum}")
    return value


def flag(key: str, value: Any) -> bool:
    """A setting's value, if it is true or false.

    key: the setting's name, for the error.
    value: what was given.
    Raises ValueError otherwise.
    """
    if not isinstance(value, bool):
        raise ValueError(f"setting {key}={value!r} must be true or false")
    return value


def not_negative(key: str, value: Any) -> float:
    """A setting's value as a float, if it is a finite number >= 0.

    key: the setting's name, for the error.
    value: what was given.
    Raises ValueError otherwise.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"setting {key}={value!r} must be a number of at least 0")
    return float(value)


def part_below_one(key: str, value: Any) -> float:
    """A setting's value as a float, if it is from 0 to below 1.

    key: the setting's name, for the error.
    value: what was given.
    Raises ValueError otherwise.
    """
    if not_negative(key, value) >= 1:
        raise ValueError(f"setting {key}={value!r} must be below 1")
    return float(value)


def above_zero(key: str, value: Any) -> float:
    """A setting's value as a float, if it is a finite number > 0.

    key: the setting's name, for the error.
    value: what was given.
    Raises ValueError otherwise.
    """
    if not_negative(key, value) == 0:
        raise ValueError(f"setting {key}={value!r} must be above 0")
    return float(value)


def stem_of(length: int, center_len: int, pool_bins: int, stem: Mapping[str, Any] | None) -> Stem:
    """The stem of a model, if window, centre, stem and bins fit each other.

    length: of the window, bp.
    center_len: central bp that are pooled.
    pool_bins: bins that they are pooled in.
    stem: the setting; None for no stem.
    Raises ValueError otherwise.
    """
    at_least("length", length, 1)
    at_least("center_len", center_len, 1)
    check_tokens({"center_len": center_len, "pool_bins": pool_bins, "stem": stem}, length)
    return Stem.of(stem)


def one_of(key: str, value: Any, choices: Sequence[Any]) -> Any:
    """A setting's value, if it is one of those that there are.

    key: the setting's name, for the error.
    value: what was given.
    choices: the values that there are.
    Raises ValueError otherwise.
    """
    if value not in choices:
        told = " or ".join("null" if choice is None else str(choice) for choice in choices)
        raise ValueError(f"setting {key}={value!r} must be {told}")
    return value


def check_widths(batch: Batch, n_rna_features: int, n_signals: int | None = None) -> None:
    """Refuse a batch whose widths are not the model's.

    batch: about to be read by the model.
    n_rna_features: columns of rna_features that the model was built for.
    n_signals: signals that the model was built for; default None, for a model that does not read signals.
    Raises ValueError that names the tensor and both widths.
    """
    wanted = {"rna_features": (batch.rna_features, n_rna_features), "sequence": (batch.sequence, 4)}
    if n_signals is not None:
        wanted["signals"] = (batch.signals, n_signals)
    for name, (tensor, width) in wanted.items():
        if tensor.shape[-1] != width:
            raise ValueError(
                f"batch.{name} has width {tensor.shape[-1]}, the model was built for {width}; "
                f"build it again, or give it the {name} it was trained on"
            )
