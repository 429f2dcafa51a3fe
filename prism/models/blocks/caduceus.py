"""The Caduceus backbone without reverse-complement parameter sharing (Schiff et al. 2024)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from prism import ops
from prism.models.authors import count_layers, sizes
from prism.models.blocks.mamba import DIRECTION_AUTHORS_NAMES, SelectiveDirection, projections
from prism.models.blocks.residual import Backbone

# Our names in a module whose backbone is called `backbone` -> the authors'; tied weights have two.
BACKBONE_AUTHORS_NAMES = (
    (r"^backbone\.norm\.", ("caduceus.backbone.norm_f.",)),
    (r"^backbone\.", ("caduceus.backbone.",)),
    (r"\.mixer\.((?:in|out)_proj)\.", (r".mixer.mamba_fwd.\1.", r".mixer.mamba_rev.\1.")),
    (r"\.mixer\.rightward\.", (".mixer.mamba_fwd.",)),
    (r"\.mixer\.leftward\.", (".mixer.mamba_rev.",)),
    *DIRECTION_AUTHORS_NAMES,
)


class BiMamba(nn.Module):
    """Mamba_fwd(x) + flip(Mamba_rev(flip(x))), in_proj and out_proj shared by both directions.

    Both projections act on each position alone, so they commute with the flip: in_proj is computed once for
    both directions, out_proj once on the sum of what the two scans return, and nothing is ever flipped.

    d_model: width of the hidden states.
    n_layer: layers of the whole stack, for the start of out_proj.
    """

    def __init__(self, d_model: int, n_layer: int) -> None:
        super().__init__()
        self.in_proj, self.out_proj = projections(d_model, n_layer)
        self.rightward = SelectiveDirection(d_model)
        self.leftward = SelectiveDirection(d_model, reverse=True)

    def forward(self, hidden: Tensor) -> Tensor:
        """Mix positions in both directions, (batch, length, d_model).

        hidden: (batch, length, d_model).
        """
        directions = [self.rightward.weights(), self.leftward.weights()]
        return ops.mamba_inner(self.in_proj(hidden), directions, self.out_proj.weight)


def caduceus_backbone(d_model: int, n_layer: int, checkpoint_layers: bool = False) -> Backbone:
    """Pre-norm BiMamba layers and a final RMSNorm: (batch, length, d_model) -> the same shape.

    d_model: width of the hidden states.
    n_layer: number of layers.
    checkpoint_layers: whether each layer runs again in the backward pass, which saves memory; default False.
    """
    return Backbone(d_model, (BiMamba(d_model, n_layer) for _ in range(n_layer)), checkpoint_layers)


def authors_backbone_sizes(state: Mapping[str, Tensor], owner: str = "caduceus") -> dict[str, int]:
    """`d_model` and `n_layer` of an authors' state dict.

    state: the authors' parameter names with their tensors.
    owner: name of the module that the backbone belongs to; default "caduceus".
    """
    found = sizes(state, d_model=(f"{owner}.backbone.norm_f.weight", 0))
    return {**found, **count_layers(state, f"{owner}.backbone.layers.")}
