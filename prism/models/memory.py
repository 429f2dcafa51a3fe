"""What training keeps in memory, worked out from what each operation keeps for its gradient.

Each architecture counts for one gene of a window (`kept_per_gene`, in its own file); the counts are checked against
the kept tensors (tests/unit/models/test_memory.py). A number is `whole` where it is float32 whatever the precision of
the products, else a `product`, of 2 bytes in bf16. What a layer at work in the backward pass needs besides is a rough
upper count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prism.models.catalogue import known_settings
from prism.models.catalogue.tokens import Stem
from prism.models.kept import FLOAT32, Kept
from prism.models.registry import architecture as class_of

POSITIONS_AT_ONCE = 16_384  # `prism.models.blocks.residual.sequences_at_a_time` at d = 128
PER_PARAMETER = 4 * FLOAT32  # the weight, its gradient and AdamW's two means


def kept(architecture: str, settings: Mapping[str, Any], length: int, device: str = "cpu") -> Kept:
    """What training keeps for one gene.

    architecture: a name in `prism.models.catalogue`.
    settings: of `prism.models.build`, `n_signals` among them; defaults where left out.
    length: of the window, bp.
    device: cpu or cuda, whose kernels keep different things; default cpu.
    Raises ValueError for an architecture that is not trained by gradients.
    """
    given = {**known_settings(architecture), "n_signals": 3, **settings}
    return class_of(architecture).kept_per_gene(given, length, device)


def kept_bytes(
    architecture: str,
    settings: Mapping[str, Any],
    length: int,
    genes: int = 1,
    device: str = "cpu",
    product_bytes: int = FLOAT32,
) -> float:
    """Bytes kept between a forward and a backward pass.

    architecture, settings, length, device: as for `kept`.
    genes: that go through the model at once; default 1.
    product_bytes: bytes of a number that a matrix product made; default 4, 2 in bfloat16.
    """
    return kept(architecture, settings, length, device).of(genes).bytes(product_bytes)


def training_bytes(
    architecture: str,
    settings: Mapping[str, Any],
    length: int,
    genes: int,
    parameters: int,
    device: str = "cpu",
    product_bytes: int = FLOAT32,
) -> float:
    """Estimated peak of training: weights and optimiser, what is kept, and the layer at work in the backward pass.

    The library, the GPU's context and the data are not in it.

    architecture, settings, length, device: as for `kept`.
    genes: that go through the model at once; a CPU takes long windows through the layers one by one.
    parameters: number of the model's parameters.
    product_bytes: bytes of a number that a matrix product made; default 4, 2 in bfloat16.
    """
    counted = kept(architecture, settings, length, device)
    tokens = length // Stem.of(settings.get("stem")).size
    at_once = min(genes, max(1, POSITIONS_AT_ONCE // tokens)) if device == "cpu" else genes
    working = counted.working * at_once
    if counted.checkpointed:
        working = working + counted.layer * at_once + counted.shared
    return (counted.of(genes) + working).bytes(product_bytes) + PER_PARAMETER * parameters
