"""Linear layers as all models start them: torch's weights, bias 0."""

from __future__ import annotations

from torch import Tensor, nn


class ZeroBiasLinear(nn.Linear):
    """nn.Linear whose bias starts at 0."""

    def reset_parameters(self) -> None:
        """Draw the weights as torch does; the bias is 0."""
        super().reset_parameters()
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class InputLinear(ZeroBiasLinear):
    """The first layer on a batch's arrays, which takes them to its own precision (float64 after `.double()`)."""

    def forward(self, x: Tensor) -> Tensor:
        """Map the last axis in the precision of the weights, (..., out_features).

        x: (..., in_features) of any floating type.
        """
        return super().forward(x.to(self.weight.dtype))
