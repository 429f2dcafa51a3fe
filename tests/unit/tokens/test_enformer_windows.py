"""Enformer as DNA encoder through its real package, with random weights made here; `make test-enformer` has it."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch

from prism.tokens.dna_windows import DnaWindows
from prism.tokens.encoder_kinds import ENFORMER_LENGTH
from prism.tokens.encoders import ENFORMER_BIN, EnformerWindows
from prism.tokens.gene_embeddings import embed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("enformer_pytorch") is None,
        reason="enformer-pytorch is not installed here; run `make test-enformer`",
    ),
]


def test_a_folder_of_the_package_is_read_and_bin_447_of_the_window_along_the_gene_is_taken(tmp_path):
    """A quarter as wide as the published one, with one layer of attention; the wanted numbers are the package's own."""
    import enformer_pytorch

    torch.manual_seed(0)
    model = enformer_pytorch.Enformer.from_hparams(dim=384, depth=1, heads=8)
    codes = np.random.default_rng(1).integers(0, 4, (1, ENFORMER_LENGTH)).astype(np.uint8)
    codes[0, :50] = 4  # beyond the end of a chromosome
    letters = "".join("ACGTN"[code] for code in codes[0])
    for each in model.modules():  # normalised by this window, so that its bins differ
        if isinstance(each, torch.nn.BatchNorm1d):
            each.momentum = 1.0
    with torch.no_grad():
        model.train()(enformer_pytorch.str_to_one_hot(letters)[None], return_only_embeddings=True)
    model.eval()
    # its modules share tensors, which safetensors refuses; the published folder is of this kind too
    model.save_pretrained(tmp_path / "enformer", safe_serialization=False)
    encoder = EnformerWindows(tmp_path / "enformer")

    both = DnaWindows(np.repeat(codes, 2, axis=0), np.array([False, True]))
    found = embed(encoder, both, tmp_path / "cache.sqlite")

    turned = letters.translate(str.maketrans("ACGTN", "TGCAN"))[::-1]
    assert found.shape == (2, 2 * 384)
    for row, read in enumerate((letters, turned)):
        # the package's own one-hot: N is 0 in all four channels
        one_hot = enformer_pytorch.str_to_one_hot(read)[None]
        with torch.inference_mode():
            want = model(one_hot, return_only_embeddings=True)
        assert want.shape == (1, 896, 2 * 384)
        np.testing.assert_allclose(found[row], want[0, ENFORMER_BIN], atol=1e-4)
        other_bins = np.delete(want[0].numpy(), ENFORMER_BIN, axis=0)
        assert np.abs(other_bins - found[row]).max(axis=1).min() > 1e-2
    assert np.abs(found[0] - found[1]).max() > 1e-2
