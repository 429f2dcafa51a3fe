"""The adapter: from the DNA embedding of a gene to a token of the single-cell model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

# ridge penalties that the linear adapter's warm start chooses among, times the number of genes
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)


def _mlp(d_in: int, width: int, hidden: int) -> nn.Module:
    return nn.Sequential(nn.LayerNorm(d_in), nn.Linear(d_in, hidden), nn.GELU(), nn.Linear(hidden, width))


def _linear(d_in: int, width: int, hidden: int) -> nn.Module:
    return nn.Linear(d_in, width)


# Name of an adapter -> what it is made of. The residual form is how its output is used: `prism.tokens.dynamic`.
KINDS: dict[str, Callable[[int, int, int], nn.Module]] = {"mlp": _mlp, "linear": _linear}


class Adapter(nn.Module):
    """LayerNorm, Linear, GELU, Linear (mlp), or one Linear (linear), on embeddings standardised by channel.

    d_in: width of a DNA embedding.
    width: of a token.
    kind: mlp (the default) or linear.
    hidden: of the mlp; default None, for `width`.
    seed: of the weights; default 0.
    Raises ValueError for another kind.

    `warm_start` sets how inputs are standardised and outputs are matched; before it, neither changes anything.
    """

    def __init__(
        self, d_in: int, width: int, kind: str = "mlp", hidden: int | None = None, seed: int = 0
    ) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"adapter {kind!r} is not one of {', '.join(KINDS)}")
        self.kind = kind
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.net = KINDS[kind](d_in, width, width if hidden is None else hidden)
        self.register_buffer("centre", torch.zeros(d_in))
        self.register_buffer("spread", torch.ones(d_in))
        self.register_buffer("scale", torch.ones(()))
        self.register_buffer("shift", torch.zeros(width))

    def forward(self, embeddings: Tensor) -> Tensor:
        """Tokens, (n, width).

        embeddings: (n, d_in), of DNA windows.
        """
        return self.net((embeddings - self.centre) / self.spread) * self.scale + self.shift


@dataclass(frozen=True)
class Agreement:
    """How the tokens of an adapter compare with the static ones over some genes.

    norm, static_norm: mean distance of the tokens from their own mean.
    mean_distance: between the two means.
    r2_train, r2_valid: of the regression, 1 - squared error / squared distance from the mean of the training genes'
        static tokens; r2_valid is NaN without validation genes.
    """

    norm: float
    static_norm: float
    mean_distance: float
    r2_train: float
    r2_valid: float


def warm_start(
    adapter: Adapter,
    embeddings: Tensor,
    static: Tensor,
    train: Tensor,
    valid: Tensor,
    steps: int = 500,
    learning_rate: float = 1e-3,
    seed: int = 0,
) -> tuple[Agreement, Agreement]:
    """Regress the static tokens on the DNA embeddings, then match the mean and the norm of the tokens.

    The linear adapter is a ridge regression, its penalty the best on `valid`; the mlp is trained by AdamW, and the step
    that was best on `valid` is kept. The regression shrinks what it cannot explain: matching scales the departures from
    the mean up to the static ones', and moves the mean there.

    adapter: is changed in place.
    embeddings: (n, d_in) of genes in the reference.
    static: (n, width), their tokens in the model.
    train: (n,) bool, genes to learn from; genes in neither are held out.
    valid: (n,) bool, genes to choose by; may be all False.
    steps: of the mlp; default 500.
    learning_rate: of the mlp; default 1e-3.
    seed: of the order of the genes; default 0.
    Raises ValueError with fewer than two training genes.

    Returns how the tokens compared before and after they were matched.
    """
    static = _standardised(adapter, embeddings, static, train)
    wanted = static - adapter.shift
    inside = (embeddings - adapter.centre) / adapter.spread
    if adapter.kind == "linear":
        _ridge(adapter.net, inside, wanted, train, valid)
    else:
        _regressed(adapter.net, inside, wanted, train, valid, steps, learning_rate, seed)
    before = agreement(adapter, embeddings, static, train, valid)
    _match(adapter, embeddings[train], static[train])
    return before, agreement(adapter, embeddings, static, train, valid)


def untrained(adapter: Adapter, embeddings: Tensor, static: Tensor, train: Tensor) -> None:
    """Leave the random weights of an adapter as they are, and match the mean and the norm of its tokens: a control.

    adapter: as it was made; its buffers are changed in place.
    embeddings: (n, d_in) of genes in the reference.
    static: (n, width), their tokens in the model.
    train: (n,) bool, the genes over which mean and norm are matched.
    Raises ValueError with fewer than two such genes.
    """
    static = _standardised(adapter, embeddings, static, train)
    _match(adapter, embeddings[train], static[train])


def _standardised(adapter: Adapter, embeddings: Tensor, static: Tensor, train: Tensor) -> Tensor:
    """Set how the adapter's inputs are standardised, nothing being matched; the static tokens in float32."""
    if int(train.sum()) < 2:
        raise ValueError(f"{int(train.sum())} genes to start the adapter from; at least 2 are needed")
    static = static.detach().float()
    adapter.centre.copy_(embeddings[train].mean(0))
    adapter.spread.copy_(embeddings[train].std(0, correction=0).clamp_min(1e-6))
    adapter.scale.fill_(1.0)
    adapter.shift.copy_(static[train].mean(0))
    return static


@torch.no_grad()
def agreement(
    adapter: Adapter, embeddings: Tensor, static: Tensor, train: Tensor, valid: Tensor
) -> Agreement:
    """How the tokens of an adapter compare with the static ones.

    embeddings: (n, d_in).
    adapter: as it is.
    static: (n, width).
    train: (n,) bool, the genes over which mean and norm are taken.
    valid: (n,) bool; may be all False.
    """
    static = static.detach().float()
    found, mean = adapter(embeddings), static[train].mean(0)

    def r2(which: Tensor) -> float:
        error, whole = (found - static)[which].square().sum(), (static[which] - mean).square().sum()
        return float(1 - error / whole) if bool(which.any()) else float("nan")

    own = found[train].mean(0)
    return Agreement(
        norm=float((found[train] - own).norm(dim=1).mean()),
        static_norm=float((static[train] - mean).norm(dim=1).mean()),
        mean_distance=float((own - mean).norm()),
        r2_train=r2(train),
        r2_valid=r2(valid),
    )


@torch.no_grad()
def _match(adapter: Adapter, embeddings: Tensor, static: Tensor) -> None:
    """Give the adapter's tokens of these genes the mean, and the mean distance from it, of the static ones."""
    plain = adapter.net((embeddings - adapter.centre) / adapter.spread)
    mean, wanted = plain.mean(0), static.mean(0)
    norm = (plain - mean).norm(dim=1).mean()
    adapter.scale.copy_((static - wanted).norm(dim=1).mean() / norm if norm > 0 else torch.ones(()))
    adapter.shift.copy_(wanted - mean * adapter.scale)


@torch.no_grad()
def _ridge(net: nn.Linear, inside: Tensor, wanted: Tensor, train: Tensor, valid: Tensor) -> None:
    x, y = inside[train].double(), wanted[train].double()
    gram, cross = x.T @ x, x.T @ y
    judged = valid if bool(valid.any()) else train
    best = None
    for penalty in PENALTIES:
        weight = torch.linalg.solve(gram + penalty * len(x) * torch.eye(len(gram), dtype=x.dtype), cross)
        error = float((inside[judged].double() @ weight - wanted[judged]).square().sum())
        if best is None or error < best[0]:
            best = (error, weight)
    net.weight.copy_(best[1].T)
    net.bias.zero_()


def _regressed(
    net: nn.Module,
    inside: Tensor,
    wanted: Tensor,
    train: Tensor,
    valid: Tensor,
    steps: int,
    learning_rate: float,
    seed: int,
) -> None:
    optimiser = torch.optim.AdamW(net.parameters(), learning_rate, weight_decay=1e-2)
    places, judged = train.nonzero()[:, 0], valid if bool(valid.any()) else train
    random = torch.Generator().manual_seed(seed)
    best = (float("inf"), {})
    for step in range(steps + 1):
        if step % 25 == 0 or step == steps:
            with torch.no_grad():
                error = float((net(inside[judged]) - wanted[judged]).square().mean())
            if error < best[0]:
                best = (error, {name: value.clone() for name, value in net.state_dict().items()})
        some = places[torch.randint(len(places), (min(1024, len(places)),), generator=random)]
        optimiser.zero_grad(set_to_none=True)
        (net(inside[some]) - wanted[some]).square().mean().backward()
        optimiser.step()
    net.load_state_dict(best[1])
