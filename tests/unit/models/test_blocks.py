"""The shared blocks: pooling, head, norm, the two directions of a bidirectional Mamba."""

from __future__ import annotations

import math
import weakref

import pytest
import torch
import torch.nn.functional as F

from prism import ops
from prism.models.blocks import residual
from prism.models.blocks.caduceus import BiMamba
from prism.models.blocks.head import Head, pool_centre
from prism.models.blocks.mamba import SelectiveDirection
from prism.models.blocks.norm import RMSNorm
from prism.models.blocks.recompute import checkpointed
from prism.models.blocks.residual import Backbone, LayerStack
from prism.ops.recompute import Recomputation


@pytest.mark.parametrize(
    ("length", "center_len", "pooled"),
    [
        (8, 4, [2, 3, 4, 5]),
        (8, 2, [3, 4]),
        (8, 3, [3, 4, 5]),  # odd: symmetric about the TSS, which is position 4
        (8, 8, range(8)),
        (6, 2000, range(6)),
    ],
)
def test_central_positions_are_pooled(length, center_len, pooled):
    hidden = 10.0 ** torch.arange(length, dtype=torch.float64)
    expected = sum(10.0**i for i in pooled) / len(pooled)
    assert pool_centre(hidden[None, :, None], center_len).item() == pytest.approx(expected, rel=1e-12)


def test_head_by_hand():
    head = Head(1, 1)
    with torch.no_grad():
        head.first.weight.copy_(torch.tensor([[2.0, -1.0]]))
        head.second.weight.copy_(torch.tensor([[3.0]]))
        head.last.weight.copy_(torch.tensor([[-1.0]]))
        head.last.bias.copy_(torch.tensor([0.5]))
    # -(3 (2 * 2 - 1 * 1)) + 0.5; and for the second gene the first ReLU closes.
    answer = head(torch.tensor([[2.0], [1.0]]), torch.tensor([[1.0], [4.0]]))
    assert answer.tolist() == [-8.5, 0.5]


def test_rms_norm_by_hand():
    norm = RMSNorm(2)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([1.0, 2.0]))
    # mean square of (3, 4) is 12.5
    root = math.sqrt(12.5 + 1e-5)
    torch.testing.assert_close(norm(torch.tensor([3.0, 4.0])), torch.tensor([3 / root, 8 / root]))
    assert norm(torch.ones(2, dtype=torch.bfloat16)).dtype == torch.float32


def read(direction, x, z):
    """What one direction makes of x, gated by z: (batch, length, d_inner)."""
    return ops.mamba_inner(torch.cat([x, z], dim=-1), [direction.weights()], torch.eye(x.shape[2]))


def test_reverse_direction_is_the_forward_one_between_two_flips():
    forward, reverse = SelectiveDirection(8), SelectiveDirection(8, reverse=True)
    reverse.load_state_dict(forward.state_dict())
    x, z = torch.randn(2, 11, 16), torch.randn(2, 11, 16)
    flipped = read(forward, x.flip(1), z.flip(1)).flip(1)
    torch.testing.assert_close(read(reverse, x, z), flipped)
    assert not torch.allclose(read(forward, x, z), flipped, atol=1e-4)


def test_a_direction_sees_only_what_it_has_read():
    forward, reverse = SelectiveDirection(8), SelectiveDirection(8, reverse=True)
    x, z = torch.randn(1, 11, 16), torch.randn(1, 11, 16)
    changed = x.clone()
    changed[:, 5] += 1
    for direction, unmoved, moved in ((forward, slice(0, 5), 5), (reverse, slice(6, 11), 5)):
        difference = (read(direction, changed, z) - read(direction, x, z)).abs().amax(dim=-1)[0]
        assert difference[unmoved].max() == 0
        assert difference[moved] > 1e-4


def test_bimamba_is_two_whole_mambas_one_of_them_flipped():
    block = BiMamba(8, n_layer=1)
    hidden = torch.randn(2, 11, 8)

    def mamba(direction, x):
        as_forward = SelectiveDirection(8)
        as_forward.load_state_dict(direction.state_dict())
        return block.out_proj(read(as_forward, *block.in_proj(x).chunk(2, dim=-1)))

    expected = mamba(block.rightward, hidden) + mamba(block.leftward, hidden.flip(1)).flip(1)
    torch.testing.assert_close(block(hidden), expected)


def test_gradient_of_rms_norm_is_that_of_its_formula():
    norm = RMSNorm(5).double()
    torch.nn.init.normal_(norm.weight)
    x = torch.randn(2, 3, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, weight: norm(x), (x, norm.weight))


def test_slices_of_a_batch_are_the_batch(monkeypatch):
    backbone = Backbone(8, [BiMamba(8, n_layer=1)])
    x = torch.randn(5, 11, 8)
    assert residual.sequences_at_a_time(x) >= 5
    assert residual.sequences_at_a_time(torch.empty(24, 2000, 128, device="meta")) == 24
    assert (
        residual.sequences_at_a_time(torch.empty(24, 2000, 128)) == 8
    )  # 4 * 128 * 2000 * 4 bytes: 8.2 in 32 MB
    assert residual.sequences_at_a_time(torch.empty(1, 200_000, 128)) == 1
    whole = backbone(x)
    rows = []
    backbone.layers[0].register_forward_hook(lambda module, inputs, output: rows.append(len(output)))
    monkeypatch.setattr(residual, "MALLOC_REUSES", 2 * 4 * 8 * 11 * 4)
    torch.testing.assert_close(backbone(x), whole)
    assert rows == [2, 2, 1]


def test_convolved_input_and_step_are_not_kept_for_the_gradients(monkeypatch):
    made = []
    scan = ops.selective_scan

    def watched(u, delta, *others, **options):
        made.extend([weakref.ref(u), weakref.ref(delta)])
        return scan(u, delta, *others, **options)

    monkeypatch.setattr(ops, "selective_scan", watched)
    x, z = torch.randn(2, 11, 16, requires_grad=True), torch.randn(2, 11, 16)
    y = ops.gated_direction(x, z, SelectiveDirection(8).weights())
    assert [reference() for reference in made] == [None, None]
    y.sum().backward()


def test_recomputing_leaves_the_gradients_as_they_are():
    direction = SelectiveDirection(8)
    x, z = torch.randn(2, 11, 16), torch.randn(2, 11, 16)

    def gradients():
        direction.zero_grad()
        ops.gated_direction(x, z, direction.weights()).square().sum().backward()
        return [parameter.grad.clone() for parameter in direction.parameters()]

    recomputed = gradients()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recomputation, "add", lambda *_: None)
        kept = gradients()
    for ours, theirs in zip(recomputed, kept, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_checkpointed_layers_run_again_and_change_nothing():
    plain = Backbone(8, [BiMamba(8, n_layer=2) for _ in range(2)])
    sparing = Backbone(8, [BiMamba(8, n_layer=2) for _ in range(2)], checkpoint_layers=True)
    sparing.load_state_dict(plain.state_dict())
    runs = []
    sparing.layers[0].mixer.register_forward_hook(lambda *_: runs.append(torch.is_grad_enabled()))
    found = []
    for backbone in (plain, sparing):
        x = torch.randn(2, 11, 8, generator=torch.Generator().manual_seed(3)).requires_grad_()
        y = backbone(x)
        y.square().sum().backward()
        found.append([y, x.grad, *(parameter.grad for parameter in backbone.parameters())])
    assert runs == [False, True]
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
    sparing.eval()(x)
    assert runs == [False, True, True]


def test_checkpointed_layers_keep_their_inputs_only():
    x = torch.randn(2, 11, 8, requires_grad=True)
    kept = set()

    def pack(tensor):
        kept.add(tensor.data_ptr())
        return tensor

    found = []
    for checkpoint_layers in (False, True):
        layers = [torch.nn.Sequential(torch.nn.SiLU(), torch.nn.SiLU()) for _ in range(3)]
        stack = LayerStack(layers, torch.nn.Identity(), checkpoint_layers)
        kept.clear()
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            y = stack(x)
        found.append(len(kept))
        y.sum().backward()
    assert found == [6, 3]


def test_a_layer_whose_input_wants_no_gradient_still_gets_its_own():
    layer = torch.nn.Linear(3, 3)
    checkpointed(layer, torch.randn(2, 3)).sum().backward()
    assert layer.weight.grad.any()


def test_a_tensor_is_made_again_once_and_let_go():
    calls = []
    x = torch.arange(3.0, requires_grad=True)

    def make():
        calls.append(torch.is_grad_enabled())
        return x.detach().exp()

    with Recomputation() as recomputation:
        y = x.exp().clone()
        recomputation.add(y, make)
        total = (y * y).sum() + (y.view(3, 1) * 2).square().sum()
    gone = weakref.ref(y)
    del y
    assert gone() is None
    total.backward(retain_graph=True)
    assert calls == [False]
    # d/dx of e^2x + 4 e^2x
    torch.testing.assert_close(x.grad, 10 * torch.exp(2 * torch.arange(3.0)))
    total.backward()
    torch.testing.assert_close(x.grad, 20 * torch.exp(2 * torch.arange(3.0)))


def test_initialisation_of_a_direction():
    direction = SelectiveDirection(128)
    assert direction.dt_rank == 8
    torch.testing.assert_close(torch.exp(direction.A_log), torch.arange(1.0, 17).repeat(256, 1))
    assert torch.equal(direction.D, torch.ones(256))
    steps = F.softplus(direction.dt_proj.bias)
    assert steps.min() >= 1e-3 * 0.999
    assert steps.max() <= 0.1 * 1.001
    # log-uniform: the mean of the logs is halfway, within four standard errors
    halfway = (math.log(1e-3) + math.log(0.1)) / 2
    assert steps.log().mean().item() == pytest.approx(halfway, abs=4 * math.log(100) / math.sqrt(12 * 256))
    bound = 8**-0.5
    assert 0.95 * bound < direction.dt_proj.weight.abs().max() <= bound
    assert 0.45 < direction.conv_weight.abs().max() <= 0.5
    assert direction.conv_bias.abs().max() <= 0.5
