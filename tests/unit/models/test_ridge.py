"""The ridge floor: its features by hand, its solution against scikit-learn."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import Ridge

from prism import models
from prism.genome.batch import Batch
from prism.models.ridge import ridge_path
from prism.models.ridge_features import RidgeFeatures, bin_edges, kmer_frequencies, strand_folded

SETTINGS = {
    "length": 40,
    "n_signals": 2,
    "n_rna_features": 3,
    "bin_size": 4,
    "kmer": 2,
    "signals": ["ATAC", "contacts"],
}


def coded(*sequences: str) -> torch.Tensor:
    return torch.tensor([["ACGTN".index(letter) for letter in sequence] for sequence in sequences])


def batches(n=60, size=20, seed=0, noise=0.1):
    """Genes whose expression is linear in the first RNA feature, with noise."""
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randint(0, 4, (n, 40), generator=generator)
    rna = torch.randn(n, 3, generator=generator)
    rna[:, 2] = 0.3  # constant
    whole = Batch(
        sequence=F.one_hot(codes, 5)[..., :4].float(),
        signals=torch.rand(n, 40, 2, generator=generator),
        rna_features=rna,
        expression=2 + rna[:, 0] + noise * torch.randn(n, generator=generator),
    )
    arrays = (whole.sequence, whole.signals, whole.rna_features, whole.expression)
    return [Batch(*parts) for parts in zip(*(array.split(size) for array in arrays), strict=True)]


def test_bins_are_equal_near_the_tss_and_double_further_out():
    assert bin_edges(2000, 100) == list(range(0, 2001, 100))
    # 10 of 1 bp, then 2, 4 and what is left: 20 - 16
    right = [*range(11), 12, 16, 20]
    assert bin_edges(40, 1) == [20 - x for x in reversed(right)] + [20 + x for x in right[1:]]
    assert len(bin_edges(200_000, 100)) == 39
    assert bin_edges(6, 100) == [0, 3, 6]


def test_words_of_both_strands_are_one():
    words, place = strand_folded(2)
    assert words == ["AA", "AC", "AG", "AT", "CA", "CC", "CG", "GA", "GC", "TA"]
    assert words[place[15]] == "AA"  # TT
    assert words[place[4 * 2 + 3]] == "AC"  # GT
    assert [len(strand_folded(k)[0]) for k in (1, 2, 3, 4)] == [2, 10, 32, 136]


def test_kmer_frequencies_by_hand():
    # AC, CG, (GN, NT out), TT: folded AC, CG, AA
    frequencies = kmer_frequencies(coded("ACGNTT", "NNNNNN"), 2)
    words = strand_folded(2)[0]
    found = {word: value for word, value in zip(words, frequencies[0].tolist(), strict=True) if value}
    assert found == {"AC": pytest.approx(1 / 3), "CG": pytest.approx(1 / 3), "AA": pytest.approx(1 / 3)}
    assert frequencies[1].tolist() == [0.0] * 10
    # A sequence and its reverse complement have the same frequencies.
    both = kmer_frequencies(coded("AACGTGCA", "TGCACGTT"), 2)
    torch.testing.assert_close(both[0], both[1])
    assert kmer_frequencies(coded("AC"), 3).sum() == 0


def test_features_by_hand():
    features = RidgeFeatures(
        length=4, n_signals=2, n_rna_features=1, bin_size=2, kmer=1, center_len=2000, signals=["a", "b"]
    )
    assert features.names == [
        *("a [-2, 0)", "b [-2, 0)", "a [0, 2)", "b [0, 2)", "a window", "b window"),
        *("GC", "A", "C", "rna_feature_0"),
    ]
    batch = Batch(
        sequence=F.one_hot(coded("ANGC"), 5)[..., :4].float(),
        signals=torch.tensor([[[1.0, 0.0], [3.0, 0.0], [0.0, -4.0], [0.0, 0.0]]]),
        rna_features=torch.tensor([[0.5]]),
    )
    log = math.log1p
    expected = [log(2), 0, 0, -log(2), log(1), -log(1), 2 / 3, 1 / 3, 2 / 3, 0.5]
    torch.testing.assert_close(features(batch), torch.tensor([expected], dtype=torch.float64))


def test_path_is_that_of_scikit_learn():
    generator = np.random.default_rng(0)
    for n, p in ((30, 8), (8, 30)):
        x, y = generator.normal(size=(n, p)), generator.normal(size=n)
        x, y = x - x.mean(axis=0), y - y.mean()
        alphas = np.array([1e-2, 1.0, 100.0])
        for coef, alpha in zip(ridge_path(x, y, alphas).T, alphas, strict=True):
            theirs = Ridge(alpha=alpha, fit_intercept=False, solver="svd").fit(x, y).coef_
            np.testing.assert_allclose(coef, theirs, rtol=1e-8, atol=1e-10)


def test_fit_finds_what_is_linear_and_drops_what_is_constant():
    model = models.build("ridge", SETTINGS)
    assert model.closed_form
    assert list(model.parameters()) == []
    told = model.fit(batches(200), batches(60, seed=1))
    # 10 bins and the window of 2 signals, GC, 2 + 10 words, 3 RNA features, one of them constant
    assert (told["n_features"], told["n_constant"]) == (22 + 1 + 12 + 2, 1)
    test = batches(60, seed=2)
    prediction = torch.cat([model(batch).expression for batch in test])
    truth = torch.cat([batch.expression for batch in test])
    assert prediction.dtype == torch.float32
    assert prediction.shape == (60,)
    assert torch.nn.functional.mse_loss(prediction, truth) < 0.05 * truth.var()
    assert told["valid_mse"] < 0.05
    assert told["alpha"] == model.alpha.item()
    assert model.coef[-1] == 0


def test_fit_is_scikit_learns_on_standardised_features():
    model = models.build("ridge", SETTINGS)
    told = model.fit(batches(80), batches(40, seed=1))
    x = torch.cat([model.features(batch) for batch in batches(80)]).numpy()[:, model.kept.numpy()]
    y = torch.cat([batch.expression for batch in batches(80)]).double().numpy()
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    theirs = Ridge(alpha=told["alpha"], solver="svd").fit((x - mean) / deviation, y)
    new = batches(20, seed=2)[0]
    features = model.features(new).numpy()[:, model.kept.numpy()]
    np.testing.assert_allclose(
        model(new).expression, theirs.predict((features - mean) / deviation), rtol=1e-5
    )


def test_noise_alone_gets_the_strongest_penalty_and_a_clear_line_a_weak_one():
    def alpha(**kind):
        return models.build("ridge", SETTINGS).fit(batches(100, **kind), batches(100, seed=1, **kind))[
            "alpha"
        ]

    assert alpha(noise=0.01) < alpha(noise=100.0)


def test_state_dict_goes_into_a_freshly_built_module(tmp_path):
    model = models.build("ridge", SETTINGS)
    model.fit(batches(), batches(seed=1))
    torch.save(model.state_dict(), tmp_path / "ridge.pt")
    again = models.build("ridge", SETTINGS)
    with pytest.raises(ValueError, match="ridge is not fitted"):
        again(batches()[0])
    again.load_state_dict(torch.load(tmp_path / "ridge.pt", weights_only=True))
    assert torch.equal(again(batches()[0]).expression, model(batches()[0]).expression)
    assert again.alpha == model.alpha


def test_without_signals_and_rna_features_there_is_still_sequence():
    model = models.build("ridge", {"length": 40, "n_signals": 0, "n_rna_features": 0, "kmer": 2})
    bare = [
        [replace(b, signals=b.signals[..., :0], rna_features=b.rna_features[:, :0]) for b in batches(seed=s)]
        for s in (0, 1)
    ]
    assert model.fit(*bare)["n_features"] == 1 + 2 + 10
    assert model(bare[0][0]).expression.isfinite().all()


def test_bad_values_are_refused_by_name():
    model = models.build("ridge", SETTINGS)
    good = batches()
    broken = replace(good[1], signals=good[1].signals.clone(), expression=good[1].expression.clone())
    broken.signals[3, 19, 0] = float("nan")
    with pytest.raises(
        ValueError, match=r"feature ATAC \[-4, 0\) is NaN or infinite in 1 training genes \(2 such features\)"
    ):
        model.fit([good[0], broken], good)
    broken.signals.zero_()
    broken.expression[2:4] = float("nan")
    with pytest.raises(ValueError, match="expression is NaN or infinite in 2 validation genes"):
        model.fit(good, [broken])
    with pytest.raises(ValueError, match="the validation genes have no expression"):
        model.fit(good, [good[0].without_expression()])
    with pytest.raises(ValueError, match="there are no validation genes"):
        model.fit(good, [])
    with pytest.raises(ValueError, match="all 38 features are the same"):
        model.fit(
            [
                Batch(
                    *(getattr(good[0], f)[:1] for f in ("sequence", "signals", "rna_features", "expression"))
                )
            ],
            good,
        )


def test_settings_and_batches_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="2 signals, but 1 names: ATAC"):
        models.build("ridge", {**SETTINGS, "signals": ["ATAC"]})
    with pytest.raises(ValueError, match=r"log10_alpha=3 must be two powers of ten"):
        models.build("ridge", {**SETTINGS, "log10_alpha": 3})
    model = models.build("ridge", {**SETTINGS, "length": 42})
    with pytest.raises(ValueError, match="batch has windows of 40 bp, ridge was built for 42 bp"):
        model.fit(batches(), batches())
    model = models.build("ridge", {**SETTINGS, "n_rna_features": 4})
    with pytest.raises(ValueError, match=r"batch\.rna_features has width 3, ridge was built for 4"):
        model.fit(batches(), batches())


def test_the_transform_is_taken_before_the_means():
    """One bin on each side: log1p of the mean of log1p, the sign kept."""
    signals = torch.zeros(1, 4, 1)
    signals[0, :, 0] = torch.tensor([1.0, 3.0, -7.0, 0.0])
    batch = Batch(torch.zeros(1, 4, 4), signals, torch.zeros(1, 0))
    sizes = {"length": 4, "n_signals": 1, "n_rna_features": 0, "bin_size": 2, "kmer": 0, "center_len": 4}
    left, right = (math.log(2) + math.log(4)) / 2, -math.log(8) / 2
    both = (left + right) / 2
    expected = [math.log1p(left), -math.log1p(-right), math.copysign(math.log1p(abs(both)), both)]
    found = RidgeFeatures(**sizes, transform="log1p")(batch)[0, :3].tolist()
    assert found == pytest.approx(expected, rel=1e-6)
    plain = [math.log1p(2.0), -math.log1p(3.5), -math.log1p(0.75)]
    assert RidgeFeatures(**sizes)(batch)[0, :3].tolist() == pytest.approx(plain, rel=1e-6)
    with pytest.raises(ValueError, match="setting transform='log' must be one of none, log1p"):
        models.build("ridge", {"transform": "log"})
