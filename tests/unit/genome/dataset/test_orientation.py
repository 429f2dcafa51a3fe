"""Windows with orientation gene: turned by hand, on a mirrored genome, cropped, streamed; what is refused."""

import numpy as np
import pandas as pd
import pytest
import torch

from prism.genome.batch import Batch
from prism.genome.dataset import cut
from prism.genome.dataset.windows import Windows
from prism.genome.elements import make
from prism.genome.tracks.signal_sources import Signal
from tests.unit.genome import tiny_genome

LENGTHS = {"chrA": 30_000, "chrB": 20_000}  # whole bins of 5 kb, so that bins mirror into bins
# The first window hangs over the start of its chromosome, the third over the end.
LOCI = [
    ("g1", "chrA", 150, "-"),
    ("g2", "chrB", 6_000, "-"),
    ("g3", "chrA", 29_801, "+"),
    ("g4", "chrA", 14_900, "-"),
    ("g5", "chrB", 6_700, "+"),
]
MINUS = [0, 1, 3]
PIXELS = [(0, 0, 9), (0, 1, 4), (1, 5, 2), (2, 3, 6), (3, 3, 20), (5, 5, 3), (6, 7, 5), (7, 7, 8), (7, 8, 3)]
PEAKS = [("chrA", 1_900, 2_201), ("chrA", 14_890, 14_910), ("chrA", 17_000, 17_101), ("chrB", 8_500, 8_600)]
BLACKLIST = [("chrA", 0, 40), ("chrA", 15_300, 15_377), ("chrB", 5_800, 5_803)]
ARRAYS = ("sequence", "signals", "rna_features", "expression", "peaks", "blacklist")
COMPLEMENT = str.maketrans("ACGTacgt", "TGCAtgca")


def mirrored(intervals, lengths=LENGTHS):
    """The same intervals counted from the other end of their chromosomes, in ascending order."""
    turned = [(chrom, lengths[chrom] - end, lengths[chrom] - start) for chrom, start, end in intervals]
    return sorted(turned)


def write(folder, mirror):
    """Genome, tracks, contacts and genes; mirrored: the reverse complement of all, every TSS moved on by one base."""
    draw = np.random.default_rng(3)
    bases = {name: "".join(draw.choice(list("ACGTacgtN"), length)) for name, length in LENGTHS.items()}
    steps = {name: np.arange(7, length - 60, 53) for name, length in LENGTHS.items()}
    track = [(name, int(at), int(at) + 31) for name in LENGTHS for at in steps[name]]
    values = dict(zip(track, np.round(draw.gamma(1, 2, len(track)), 2).tolist(), strict=True))
    loci, pixels, bins = LOCI, PIXELS, {name: length // 5_000 for name, length in LENGTHS.items()}
    if mirror:
        bases = {name: text.translate(COMPLEMENT)[::-1] for name, text in bases.items()}
        values = dict(
            zip(mirrored(values), [values[mirrored([each])[0]] for each in mirrored(values)], strict=True)
        )
        swapped = {"+": "-", "-": "+"}
        loci = [(gene, chrom, LENGTHS[chrom] - tss, swapped[strand]) for gene, chrom, tss, strand in LOCI]
        other = [*range(bins["chrA"])[::-1], *range(bins["chrA"], sum(bins.values()))[::-1]]
        pixels = [(*sorted((other[one], other[two])), count) for one, two, count in PIXELS]
    tiny_genome.write_genome(folder / "genome.fa", bases)
    entries = {
        name: [(a, b, value) for (chrom, a, b), value in values.items() if chrom == name] for name in LENGTHS
    }
    tiny_genome.write_bigwig(folder / "a.bw", entries, LENGTHS)
    tiny_genome.write_cool(folder / "map.cool", LENGTHS, pixels)
    for name, intervals in (("peaks", PEAKS), ("blacklist", BLACKLIST)):
        rows = mirrored(intervals) if mirror else intervals
        (folder / f"{name}.bed").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    columns = {"promoter_activity": [1.0, 2.0, 3.0, 4.0, 5.0], "expression": [0.5, 1.0, 0.0, 2.25, 3.0]}
    tiny_genome.write_genes(folder / "genes.tsv", loci, **columns)
    signals = [
        Signal("a", "bigwig", (str(folder / "a.bw"),)),
        Signal("HiC", "contacts", (str(folder / "map.cool"),)),
    ]
    facts = {"cell_type": "X", "assembly": "tiny"}
    for length in (2_000, 1_200):
        cut.cut(folder / "genes.tsv", folder / "genome.fa", length, signals, folder / f"{length}.h5", **facts,
                blacklist=folder / "blacklist.bed", peaks=folder / "peaks.bed")  # fmt: skip
    make.make(folder / "genes.tsv", folder / "genome.fa", folder / "peaks.bed", folder / "e.h5", **facts,
              contacts=signals[1], activity={"a": [str(folder / "a.bw")]})  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("genome"), mirror=False)


@pytest.fixture(scope="module")
def mirror(tmp_path_factory):
    return write(tmp_path_factory.mktemp("mirror"), mirror=True)


def opened(folder, orientation="gene", length=2_000, **options):
    return Windows(
        folder / "2000.h5",
        folder / "genes.tsv",
        length,
        elements=folder / "e.h5",
        orientation=orientation,
        **options,
    )


def assert_same(one: Batch, other: Batch):
    for name in ARRAYS:
        assert torch.equal(getattr(one, name), getattr(other, name)), name
    for name in ("sequence", "features", "present"):
        assert torch.equal(getattr(one.elements, name), getattr(other.elements, name)), f"elements.{name}"


@pytest.mark.parametrize("in_memory", [True, False])
def test_turned_windows_are_those_turned_by_hand(folder, in_memory):
    rows = [3, 4, 0, 2, 1, 3]
    plus, gene = (opened(folder, name, in_memory=in_memory).batch(rows) for name in ("plus", "gene"))
    for place, row in enumerate(rows):
        for name in ("signals", "peaks", "blacklist"):
            stored = getattr(plus, name)[place].numpy()
            expected = stored[::-1] if row in MINUS else stored
            np.testing.assert_array_equal(
                getattr(gene, name)[place].numpy(), expected, err_msg=f"{name} {row}"
            )
        stored = plus.sequence[place].numpy()
        # A C G T: the complement of a base is the column counted from the other end
        expected = stored[::-1, ::-1] if row in MINUS else stored
        np.testing.assert_array_equal(gene.sequence[place].numpy(), expected)
        stored = plus.elements.sequence[place].numpy()
        expected = stored[:, ::-1, ::-1] if row in MINUS else stored
        np.testing.assert_array_equal(gene.elements.sequence[place].numpy(), expected)
    for name in ("rna_features", "expression"):
        assert torch.equal(getattr(gene, name), getattr(plus, name))
    for name in ("features", "present"):  # the nearest element stays the first
        assert torch.equal(getattr(gene.elements, name), getattr(plus.elements, name))
    for values in (
        gene.signals[..., 0],
        gene.signals[..., 1],
        gene.peaks,
        gene.blacklist,
        gene.elements.present,
    ):
        assert values.float().std() > 0  # none of this is shown on zeros


def test_the_first_transcribed_base_of_a_turned_window_stands_before_the_middle(folder):
    with open(folder / "genome.fa") as file:
        text = "".join(line.strip() for line in file.read().split(">chrB")[0].splitlines()[1:])
    base = opened(folder).batch([3]).sequence[0, 999]
    assert "ACGT"[base.argmax()] == text[14_900].upper().translate(COMPLEMENT) or not base.any()
    after = [text[14_900 - step].upper().translate(COMPLEMENT) for step in range(1, 30)]
    found = opened(folder).batch([3]).sequence[0, 1000:1029]
    assert ["ACGT"[row.argmax()] if row.any() else "N" for row in found] == after


def test_a_mirrored_genome_gives_the_same_batches(folder, mirror):
    """Each TSS of the mirrored genome is moved by one base, because a window is [tss - L/2, tss + L/2)."""
    one, other = opened(folder).batch(range(5)), opened(mirror).batch(range(5))
    for name in ARRAYS:
        assert torch.equal(getattr(one, name), getattr(other, name)), name
    assert not torch.equal(one.sequence, opened(mirror, "plus").batch(range(5)).sequence)


def test_a_mirrored_genome_gives_the_same_elements_but_for_a_base(folder, mirror):
    one, other = (opened(each).batch(range(5)).elements for each in (folder, mirror))
    assert torch.equal(one.present, other.present)
    assert one.present.sum(dim=1).tolist() == [3, 1, 3, 2, 1]  # more than 1,000 bp away
    np.testing.assert_allclose(one.features, other.features, atol=1.001e-3)  # 1 bp of distance, in kb
    for gene, place in one.present.nonzero().tolist():
        found, expected = one.sequence[gene, place], other.sequence[gene, place]
        # an element of odd width has its centre one base further on
        assert any(torch.equal(found.roll(step, 0), expected) for step in (0, 1, -1)), (gene, place)


@pytest.mark.parametrize("in_memory", [True, False])
def test_crop_and_turn_commute(folder, in_memory):
    cropped = opened(folder, length=1_200, in_memory=in_memory)
    direct = Windows(folder / "1200.h5", folder / "genes.tsv", elements=folder / "e.h5", orientation="gene")
    assert_same(cropped.batch(range(5)), direct.batch(range(5)))
    whole = opened(folder).batch(range(5))
    for name in ("sequence", "signals", "peaks", "blacklist"):
        assert torch.equal(getattr(cropped.batch(range(5)), name), getattr(whole, name)[:, 400:1_600]), name


def test_in_memory_equals_streamed_and_nothing_held_is_changed(folder):
    held, streamed = opened(folder, in_memory=True), opened(folder, in_memory=False)
    first = held.batch([0, 3, 1, 0])
    assert_same(first, streamed.batch([0, 3, 1, 0]))
    assert_same(first, held.batch([0, 3, 1, 0]))
    assert held.identity == opened(folder, "plus").identity  # one dataset serves both
    assert held.turned.tolist() == [True, True, False, True, False]


@pytest.mark.parametrize("device", ["cuda"])
def test_on_a_gpu(folder, device):
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    here, there = opened(folder), opened(folder).to(device)
    assert_same(here.batch([0, 4, 3]), there.batch([0, 4, 3]).to("cpu"))


def test_a_gene_without_strand_is_refused(folder, tmp_path):
    loci = [(*row[:3], "." if row[0] in ("g2", "g5") else row[3]) for row in LOCI]
    tiny_genome.write_genes(tmp_path / "genes.tsv", loci)
    cut.cut(
        tmp_path / "genes.tsv", folder / "genome.fa", 100, [], tmp_path / "w.h5", cell_type="X", assembly="t"
    )
    assert len(Windows(tmp_path / "w.h5").batch([1])) == 1
    with pytest.raises(ValueError, match=r"w\.h5: 2 gene\(s\) have no strand \(g2, g5\).*orientation: plus"):
        Windows(tmp_path / "w.h5", orientation="gene")
    with pytest.raises(ValueError, match=r"orientation is 'minus'; it is one of plus, gene"):
        Windows(tmp_path / "w.h5", orientation="minus")


def test_a_genes_table_of_other_strands_is_refused(folder, tmp_path):
    table = pd.read_csv(folder / "genes.tsv", sep="\t", keep_default_na=False)
    table.loc[1, "strand"] = "+"
    table.to_csv(tmp_path / "genes.tsv", sep="\t", index=False)
    with pytest.raises(
        ValueError, match=r"genes\.tsv: g2: another strand than in .*2000\.h5; cut the windows again"
    ):
        Windows(folder / "2000.h5", tmp_path / "genes.tsv", orientation="gene")
