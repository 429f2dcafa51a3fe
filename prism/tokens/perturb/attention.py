"""How much each gene attends to the factor, without any mutation: a control that knows the model but no DNA."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from prism.tokens.foundation import Foundation
from prism.tokens.perturb.controls import place_of
from prism.tokens.perturb.effects import Seen


def attention_to(foundation: Foundation, seen: Seen, token: int) -> Tensor:
    """The attention that each place of a cell pays to the factor's, mean over heads and layers: (n,) float32.

    foundation: in eval mode.
    seen: the cell as the model is given it.
    token: of the factor.
    Raises ValueError where the cell holds it not once.

    The fused kernel gives no weights, so only this one column of each is computed: the whole of a row's exponents is
    summed beside it.
    """
    place, found = place_of(seen.ids, token), []
    with torch.inference_mode():
        for layer in range(foundation.n_layers):
            x = foundation.packed(seen.embeds, [len(seen.ids)], layer, torch.from_numpy(seen.positions))
            own = foundation.model.bert.encoder.layer[layer].attention.self
            q, k = (
                part(x).unflatten(-1, (own.num_attention_heads, -1)).transpose(0, 1).float()
                for part in (own.query, own.key)
            )
            scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])
            found.append((scores[..., place] - scores.logsumexp(-1)).exp().mean(0))
    return torch.stack(found).mean(0)
