"""Each defect, made on purpose in a clean dataset, gives its finding and no other."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from scipy.stats import rankdata

from prism.genome.dataset.dropped import SplitGenes
from prism.quality import measure
from prism.quality.dataset_rules import find
from tests.unit.quality.toy_dataset import LENGTH, clean


def findings(case, folder):
    path, table = case.write(folder)
    with h5py.File(path) as windows:
        return find(measure.measure(windows, table, "PRO-cap", case.strands))


def test_a_clean_dataset_gives_none(tmp_path):
    for seed in range(5):
        assert findings(clean(seed), tmp_path) == []


def test_a_clean_dataset_without_label_gives_none(tmp_path):
    case = clean()
    case.genes, case.strands = case.genes.drop(columns="expression"), None
    assert findings(case, tmp_path) == []


def constant(case, draw):
    case.signals["input"] = np.full((len(case.genes), LENGTH), 2.0)


def no_peak(case, draw):
    case.signals["ATAC"] = draw.poisson(1.0, case.signals["ATAC"].shape)


def dip(case, draw):
    position = np.abs(np.arange(LENGTH) - LENGTH // 2)
    case.signals["MNase"] = draw.poisson(np.where(position < 100, 0.5, 2.0), case.signals["ATAC"].shape)


def one_strand_peak(case, draw):
    case.genes["strand"] = np.where(
        case.genes["expression"].rank() % 2, "+", "-"
    )  # 30 of each in the highest third
    minus = (case.genes["strand"] == "-").to_numpy()
    sharp = case.signals["ATAC"][~minus]
    case.signals["ATAC"][~minus] = np.where(np.abs(np.arange(LENGTH) - LENGTH // 2) < 100, sharp, 0) + 0.2
    case.signals["ATAC"][minus] = draw.poisson(9.0, (minus.sum(), LENGTH))


def silent(case, draw):
    case.signals["K4"] = case.signals["ATAC"] * (draw.random(len(case.genes)) < 0.2)[:, None]


def swapped(case, draw):
    case.strands = case.strands[::-1]


def leak(case, draw):
    level = case.genes["expression"].to_numpy()[:, None] + draw.normal(0, 0.1, (len(case.genes), 1))
    peak = np.exp(-((np.arange(LENGTH) - LENGTH / 2) ** 2) / 5000)
    case.signals["ATAC"] = np.clip(level, 0, None) * peak + draw.uniform(0, 0.01, (len(case.genes), LENGTH))


def duplicate(case, draw):
    case.signals["copy"] = 2.5 * case.signals["ATAC"]


def flat(case, draw):
    case.contacts = draw.uniform(0.9, 1.1, case.contacts.shape)


def no_contacts(case, draw):
    case.contacts[draw.random(len(case.genes)) < 0.4] = 0


def unknown(case, draw):
    case.sequence[:9, 1:] = 4  # 9 / 180 * 399 / 400


def one_empty(case, draw):
    case.sequence[3] = 4


def blacklisted(case, draw):
    case.blacklist[:, :60] = True


def missing_chromosome(case, draw):
    case.signals["H3K27ac"][(case.genes["chrom"] == "chr10").to_numpy()] = 0


def constant_label(case, draw):
    case.genes["expression"] = 1.5


def zero_label(case, draw):
    silent = case.genes["expression"].rank() <= 0.65 * len(case.genes)
    case.genes.loc[silent, "expression"] = 0.0


def raw_label(case, draw):
    case.genes["expression"] = 10 ** case.genes["expression"]


def shuffled_label(case, draw):
    # the best of 2,000 shuffles, for one in twenty would correlate with a signal by chance
    means = [rankdata(values.mean(axis=1)) for values in case.signals.values()]
    shuffles = [draw.permutation(case.genes["expression"]) for _ in range(2000)]
    worst = [max(abs(np.corrcoef(rankdata(each), mean)[0, 1]) for mean in means) for each in shuffles]
    case.genes["expression"] = shuffles[int(np.argmin(worst))]


def all_plus(case, draw):
    case.genes["strand"] = "+"


def many_dropped(case, draw):
    case.dropped = case.genes.iloc[:50].assign(
        gene_id=[f"d{i}" for i in range(50)], dropped="no label in the table"
    )


DEFECTS = [
    (constant, "constant", "input", 2.0, "input is 2 at every position"),
    (no_peak, "no_tss_peak", "ATAC", (0.9, 1.1), "File and TSS belong to different assemblies"),
    (dip, "dips_at_tss", "MNase", (0.2, 0.3), "Nucleosome maps"),
    (one_strand_peak, "peak_on_one_strand", "ATAC", (0.9, 1.1), "not on the - strand"),
    (silent, "silent_at_tss", "K4", (0.6, 0.95), "belongs to another assembly"),
    (swapped, "swapped_strands", "label", 0.75, "1,800 sense: 75 % antisense"),
    (leak, "leakage", "ATAC", (0.9, 1.0), "Possible leakage of PRO-cap"),
    (duplicate, "duplicate", "ATAC, copy", 1.0, "1.00000"),
    (flat, "flat_contacts", "contacts", (0.9, 1.1), "does not fall with distance"),
    (no_contacts, "no_contacts", "contacts", (0.3, 0.5), "whole feature is 0"),
    (one_empty, "empty_windows", "sequence", 1 / 180, "The windows of 1 of 180 genes are all N: "),
    (unknown, "unknown_sequence", "sequence", 0.049875, "5.0 % of the windows' bases are N (most on chr2: 15 %)"),
    (blacklisted, "blacklisted", "blacklist", 0.15, "another assembly"),
    (missing_chromosome, "chromosome_coverage", "H3K27ac, chr10", 0.0, "On chr10, H3K27ac is not 0 at 0 %"),
    (constant_label, "constant_label", "label", 1.5, "All 180 genes have the label 1.5"),
    (zero_label, "label_zeros", "label", 0.65, "0 in 65 % of the genes"),
    (raw_label, "label_scale", "label", (7, 1e6), "label_transform"),
    (shuffled_label, "label_uncorrelated", "label", (0, 0.15), "different cell types"),
    (all_plus, "one_strand", "genes", 1.0, "100 % of the genes are on the + strand"),
    (many_dropped, "dropped_genes", "genes", 50 / 230, "50 because: no label in the table"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "key", "subject", "value", "words"), DEFECTS, ids=[defect[1] for defect in DEFECTS]
)
def test_one_defect_one_finding(tmp_path, spoil, key, subject, value, words):
    case = clean()
    spoil(case, np.random.default_rng(8))
    found = findings(case, tmp_path)
    assert [(finding.key, finding.subject) for finding in found] == [(key, subject)]
    if isinstance(value, tuple):
        assert value[0] <= found[0].value <= value[1]
    else:
        assert found[0].value == pytest.approx(value, abs=1e-6)
    assert words in f"{found[0].seen} {found[0].cause} {found[0].fix}"
    assert found[0].level == ("note" if key in ("dips_at_tss", "dropped_genes") else "warning")


def test_warnings_come_before_notes(tmp_path):
    case = clean()
    many_dropped(case, None)
    duplicate(case, None)
    assert [finding.level for finding in findings(case, tmp_path)] == ["warning", "note"]


def test_few_genes_raise_no_statistics(tmp_path):
    """29 genes: neither a peak nor a correlation is judged."""
    case = clean()
    no_peak(case, np.random.default_rng(8))
    keep = slice(0, 29)
    case.genes, case.contacts, case.strands = case.genes[keep], case.contacts[keep], case.strands[:, keep]
    case.sequence, case.blacklist = case.sequence[keep], case.blacklist[keep]
    case.signals = {name: values[keep] for name, values in case.signals.items()}
    assert findings(case, tmp_path) == []


def test_a_single_lost_test_gene_is_found(tmp_path):
    case = clean()
    case.dropped = case.genes.iloc[:1].assign(gene_id="lost", dropped="no label in the table")
    path, table = case.write(tmp_path)
    kept = {split: SplitGenes(60) for split in ("train", "valid", "test", "")}
    folds = {"1": kept, "2": kept | {"test": SplitGenes(59, {"no label in the table": ["lost"]})}}
    with h5py.File(path) as windows:
        (finding,) = find(measure.measure(windows, table, "CAGE", case.strands, folds=folds))
        assert (finding.key, finding.level, finding.value) == ("lost_genes", "warning", 1 / 60)
        assert "fold 2: 59 of 60 test genes." in finding.seen
        in_training = {"1": kept | {"train": SplitGenes(59, {"no label in the table": ["lost"]})}}
        assert find(measure.measure(windows, table, "CAGE", case.strands, folds=in_training)) == []
