"""DNA encoders and the cache of their embeddings."""

from __future__ import annotations

import sqlite3
import sys
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from prism.genome.tracks.sequence import decode, encode
from prism.models import build
from prism.runs.checkpoint import write_checkpoint
from prism.tokens.dna_windows import DnaWindows
from prism.tokens.encoders import EnformerWindows, KmerCounts, LiveRun, TrainedRun
from prism.tokens.gene_embeddings import embed

TURN = str.maketrans("ACGTN", "TGCAN")


def windows(*bases: str, minus=None, signals=None) -> DnaWindows:
    codes = np.stack([encode(each) for each in bases])
    return DnaWindows(codes, np.zeros(len(bases), bool) if minus is None else np.array(minus), signals)


def test_kmers_are_counted_along_the_gene():
    bases = "ACGTTNGACCA"
    found = KmerCounts(2)(windows(bases, bases, minus=[False, True]))
    for row, read in enumerate((bases, bases.translate(TURN)[::-1])):
        words = [read[i : i + 2] for i in range(10) if "N" not in read[i : i + 2]]
        want = [words.count("".join(word)) / 8 for word in product("ACGT", repeat=2)]
        np.testing.assert_allclose(found[row], want, rtol=1e-6)
    assert not KmerCounts(2)(windows("NNNN")).any()
    with pytest.raises(ValueError, match="k=9: words of 1 to 8 bases"):
        KmerCounts(9)


class Counting:
    """An encoder that notes which windows it was given."""

    identity, at_once = "counting", 2

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, some: DnaWindows) -> np.ndarray:
        self.seen += [decode(each) for each in some.sequence]
        return some.sequence[:, :3].astype(np.float32)


def test_only_changed_windows_are_computed_again(tmp_path):
    cache, encoder = tmp_path / "made" / "embeddings.sqlite", Counting()
    first = embed(encoder, windows("AACC", "GGTT", "AACC"), cache)
    assert encoder.seen == ["AACC", "GGTT"]
    assert first.tolist() == [[0, 0, 1], [2, 2, 3], [0, 0, 1]]
    again = embed(encoder, windows("GGTT", "GGTA", "AACC"), cache)
    assert encoder.seen == ["AACC", "GGTT", "GGTA"]
    assert again.tolist() == [[2, 2, 3], [2, 2, 3], [0, 0, 1]]


def test_strand_signals_window_and_encoder_are_part_of_the_key():
    signals = np.zeros((1, 4, 1), np.float32)
    some = [
        (windows("AACC"), "a"),
        (windows("AACC"), "b"),
        (windows("AACC", minus=[True]), "a"),
        (windows("AACCA"), "a"),
        (windows("AACC", signals=signals), "a"),
        (windows("AACC", signals=signals + 1), "a"),
    ]
    assert len({each.keys(identity)[0] for each, identity in some}) == len(some)
    assert windows("AACC").keys("a") == windows("AACC").keys("a")


def test_a_damaged_embedding_is_computed_again_and_a_damaged_file_is_named(tmp_path):
    cache, encoder = tmp_path / "embeddings.sqlite", Counting()
    whole = embed(encoder, windows("AACC", "GGTT"), cache)
    with sqlite3.connect(cache) as file:
        file.execute("update embeddings set value = x'000000000000803f00000000' where rowid = 1")
    file.close()
    assert np.array_equal(embed(encoder, windows("AACC", "GGTT"), cache), whole)
    assert encoder.seen == ["AACC", "GGTT", "AACC"]
    cache.write_bytes(b"no database at all, but long enough to be looked at" * 10)
    with pytest.raises(
        ValueError, match=r"embeddings\.sqlite: not a readable cache of embeddings .* delete it"
    ):
        embed(encoder, windows("AACC"), cache)


def test_an_embedding_that_is_not_finite_is_refused(tmp_path):
    class Broken(Counting):
        def __call__(self, some):
            return np.full((len(some), 2), np.nan)

    with pytest.raises(ValueError, match="not finite"):
        embed(Broken(), windows("AACC"), tmp_path / "c.sqlite")


def a_run(folder, architecture="caduceus", orientation=None, **settings):
    """A best.ckpt with random weights."""
    torch.manual_seed(0)
    settings = {"length": 16, "n_rna_features": 1, **settings}
    model = build(architecture, settings)
    path = folder / "best.ckpt"
    entry = {"architecture": architecture, "length": 16} | (
        {"orientation": orientation} if orientation else {}
    )
    content = {
        "architecture": architecture,
        "settings": settings,
        "state_dict": model.state_dict(),
        "entry": entry,
    }
    content |= {"length": 16, "signals": [], "rna_feature_names": ["promoter_activity"], "provenance": {}}
    write_checkpoint(path, content)
    return path, model.eval()


@pytest.mark.parametrize("orientation", [None, "gene"])
def test_a_runs_pooled_hidden_states_in_its_own_orientation(tmp_path, orientation):
    path, model = a_run(tmp_path, orientation=orientation, d_model=8, n_layer=1, center_len=16, pool_bins=4)
    bases = "ACGTTNGACCATTGCA"
    found = TrainedRun(path)(windows(bases, bases, minus=[False, True]))
    turned = bases.translate(TURN)[::-1] if orientation else bases
    one_hot = torch.stack(
        [torch.nn.functional.one_hot(torch.tensor(encode(each)).long(), 5)[:, :4] for each in (bases, turned)]
    ).float()
    with torch.inference_mode():
        want = model.backbone(model.embed(one_hot)).mean(1)  # four equal bins: the mean of means
    np.testing.assert_allclose(found, want, atol=1e-6)
    assert (found[0] == found[1]).all() == (orientation is None)


def test_a_run_predicts_windows_in_its_own_orientation(tmp_path):
    path, model = a_run(tmp_path, orientation="gene", d_model=8, n_layer=1, center_len=16)
    bases = ["ACGTTNGACCATTGCA", "A" * 16] * 5  # more than go at a time
    features = np.arange(10.0)[:, None]
    found = TrainedRun(path).predicted(windows(*bases, minus=[True, False] * 5), features)
    read = [bases[0].translate(TURN)[::-1], bases[1]] * 5
    one_hot = torch.stack(
        [torch.nn.functional.one_hot(torch.tensor(encode(each)).long(), 5)[:, :4] for each in read]
    ).float()
    batch = SimpleNamespace(
        sequence=one_hot, signals=torch.zeros(10, 16, 0), rna_features=torch.tensor(features).float()
    )
    with torch.inference_mode():
        np.testing.assert_allclose(found, model(batch).expression, atol=1e-5)
    with pytest.raises(ValueError, match=r"reads 1 gene features \(promoter_activity\) of 1 windows"):
        TrainedRun(path).predicted(windows(bases[1]))


def test_a_run_that_learns_with_the_adapter(tmp_path):
    path, _ = a_run(tmp_path, d_model=8, n_layer=1, center_len=16)
    run, some = TrainedRun(path), windows("ACGTTNGACCATTGCA", "A" * 16, "C" * 16)
    live = LiveRun(run, some)
    found = live(torch.tensor([2, 0]))
    np.testing.assert_allclose(found.detach(), run(some)[[2, 0]], atol=1e-6)
    found.sum().backward()
    assert run.module.embed.weight.grad.abs().sum() > 0
    assert len(list(live.parameters())) == len(list(run.module.parameters()))


def test_windows_and_runs_that_do_not_fit(tmp_path):
    path, _ = a_run(tmp_path, d_model=8, n_layer=1, center_len=16)
    with pytest.raises(ValueError, match=r"reads windows of 16 bp with 0 signals .* have 4 bp and 0"):
        TrainedRun(path)(windows("ACGT"))
    with pytest.raises(ValueError, match="3 windows, and strands of 2"):
        windows("A", "C", "G", minus=[True, False])
    path, _ = a_run(tmp_path, "epinformer", length=2000, n_rna_features=1)
    with pytest.raises(ValueError, match="epinformer reads candidate elements"):
        TrainedRun(path)


def test_enformer_takes_bin_447_of_windows_along_the_gene(tmp_path, monkeypatch):
    """The package is a stand-in: each of its bins says which bin it is, and the first base that it was given."""

    class Standing(torch.nn.Module):
        def forward(self, sequence, return_only_embeddings):
            assert return_only_embeddings
            bins = torch.arange(896.0)[None, :, None].expand(len(sequence), 896, 2).clone()
            bins[..., 1] = sequence[:, :1].argmax(-1)
            return bins

    monkeypatch.setitem(
        sys.modules, "enformer_pytorch", SimpleNamespace(from_pretrained=lambda folder: Standing())
    )
    with pytest.raises(ValueError, match=r"holds no config\.json with weights"):
        EnformerWindows(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    encoder = EnformerWindows(tmp_path)
    bases = "A" + "C" * 196_606 + "G"
    assert encoder(windows(bases, bases, minus=[False, True])).tolist() == [
        [447, 0],
        [447, 1],
    ]  # A; C of G turned
    with pytest.raises(ValueError, match=r"windows of 196,608 bp, and these have 4"):
        encoder(windows("ACGT"))
