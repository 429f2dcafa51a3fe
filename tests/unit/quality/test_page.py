"""The page on the data's quality: what is drawn, what is written, and the script from files to page."""

from __future__ import annotations

import json
import re
import sys
from xml.etree import ElementTree

import pyBigWig
import pytest

from prism.drawing.inline import inline_svg
from prism.genome.genes import table as genes
from prism.quality.page.chromosomes import AT_MOST, chromosomes_figure, shown
from prism.quality.page.contacts import contacts_figure
from prism.quality.page.correlation import correlation_figure
from prism.quality.page.label import label_figure
from tests.unit.drawing.drawn_figure import marks, panels, words
from tests.unit.quality.toy_dataset import CHROM_LENGTH, CHROMOSOMES, measured
from workflow_scripts.inputs import quality
from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.files import Files


@pytest.fixture
def numbers(case, tmp_path):
    return measured(case, tmp_path)


class TestFigures:
    def test_histogram_counts_every_gene_once_and_zeros_apart(self, case, tmp_path):
        case.genes.loc[:8, "expression"] = 0.0
        label = measured(case, tmp_path)["label"]
        figure = label_figure(label)
        (axes,) = panels(figure)
        heights = {bar.get_gid(): [] for bar in axes.patches}
        for bar in axes.patches:
            heights[bar.get_gid()].append(bar.get_height())
        assert heights["zeros"] == [9]
        assert sum(heights["genes"]) == 171
        assert heights["genes"][0] == label["histogram"]["counts"][0] - 9
        assert "exactly 0: 9 genes" in words(figure)
        assert "log₁₀(x + 1) of CAGE" in words(figure)

    def test_dots_stand_at_the_correlations(self, numbers):
        (axes,) = panels(correlation_figure(numbers))
        for region in ("centre", "window"):
            (dots,) = marks(axes, region)
            expected = [signal["label"][region]["spearman"] for signal in numbers["signals"].values()]
            assert dots[0].tolist() == pytest.approx(expected)

    def test_no_label_nothing_to_correlate(self, case, tmp_path):
        case.genes = case.genes.drop(columns="expression")
        assert "no label or no signal" in words(correlation_figure(measured(case, tmp_path)))
        assert "no label" in words(label_figure(None))

    def test_contacts_by_distance(self, numbers):
        (axes,) = panels(contacts_figure(numbers["contacts"]))
        (line,) = marks(axes, "decay")
        assert line[0].tolist() == [kb / 1000 for kb in numbers["contacts"]["contacts"]["distance"]]
        assert line[1].tolist() == numbers["contacts"]["contacts"]["mean"]
        with pytest.raises(ValueError, match="no contacts"):
            contacts_figure({})

    def test_shares_of_a_chromosome(self, case, tmp_path):
        case.sequence[60:120, :40] = 4  # chr10: a tenth
        case.dropped = case.genes.iloc[:3].assign(gene_id=["x", "y", "z"], dropped="no CDS")
        figure = chromosomes_figure(measured(case, tmp_path))
        bars, shares = panels(figure)
        mesh = next(each for each in shares.collections if each.get_gid() == "shares")
        assert mesh.get_array()[:, 0].tolist() == pytest.approx([0, 0.1, 0])
        assert [text.get_text() for text in bars.get_yticklabels()] == ["chr2", "chr10", "chrX"]
        dropped = [bar.get_width() for bar in bars.patches if bar.get_gid() == "dropped"]
        assert dropped == [3, 0, 0]

    def test_of_many_scaffolds_the_richest_are_drawn(self, numbers):
        row = numbers["chromosomes"][0]
        numbers["chromosomes"] = [row | {"chrom": f"s{i}", "genes": 1 + i % 60} for i in range(120)]
        kept = shown(numbers)
        assert len(kept) == AT_MOST
        assert min(each["genes"] for each in kept) == 41


@pytest.fixture
def run(case, tmp_path, monkeypatch):
    """Runs the script on the case; the label's files hold 6 reads on each gene's own strand, 2 on the other."""

    def write_tracks():
        for sign in "+-":
            with pyBigWig.open(str(tmp_path / f"label{sign}.bw"), "w") as track:
                track.addHeader([(chrom, CHROM_LENGTH) for chrom in CHROMOSOMES])
                for chrom, rows in case.genes.groupby("chrom", sort=False):
                    values = [float(6 if strand == sign else 2) for strand in rows["strand"]]
                    tss = rows["tss"].tolist()
                    track.addEntries([chrom] * len(tss), tss, ends=[each + 1 for each in tss], values=values)

    def run(plus="+", minus="-"):
        path, table = case.write(tmp_path)
        genes.write(table, tmp_path / "genes.tsv")
        write_tracks()
        label = {
            "kind": "bigwig",
            "assay": "CAGE",
            "files": [f"{tmp_path}/label{plus}.bw"],
            "minus_files": [f"{tmp_path}/label{minus}.bw"],
        }
        options = {"windows": path, "genes": tmp_path / "genes.tsv", "label": json.dumps(label),
                   "html": tmp_path / "page.html", "json": tmp_path / "page.json"}  # fmt: skip
        arguments = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        monkeypatch.setattr(sys, "argv", ["quality", *arguments])
        quality.main()
        return (tmp_path / "page.html").read_text(), json.loads((tmp_path / "page.json").read_text())

    return run


class TestScript:
    def test_a_clean_dataset(self, run):
        page, numbers = run()
        assert numbers["findings"] == []
        assert numbers["label"]["strand_sums"] == {"sense": 6 * 180, "antisense": 2 * 180}
        assert "Nothing looks wrong" in page
        assert "1,080 sense, 360 antisense" in page

    def test_exchanged_files_are_found(self, run):
        page, numbers = run("-", "+")
        assert [finding["key"] for finding in numbers["findings"]] == ["swapped_strands"]
        assert "1 thing to look at" in page
        assert "Exchange `label` and `label_minus`" in page

    def test_the_page_holds_its_numbers_and_every_figure(self, run, case):
        case.dropped = case.genes.iloc[:3].assign(gene_id=["x", "y", "z"], dropped="no <CDS>")
        page, numbers = run()
        rho = numbers["signals"]["ATAC"]["label"]["centre"]["spearman"]
        assert f"<td>{rho:.2f}</td>" in page
        assert '<td class="words">no &lt;CDS&gt;</td><td>3</td>' in page
        assert "&lt;cells&gt;" in page
        assert "<cells>" not in page
        assert page.count("<svg") == page.count("<figure>") == 5

    def test_the_page_is_self_contained(self, run):
        page, _ = run()
        links = set(re.findall(r'(?:href|src)="([^"]*)"|url\(([^)]*)\)', page))
        assert all((link or target).startswith("#") for link, target in links)
        ids = re.findall(r'\sid="([^"]*)"', page)
        assert len(ids) == len(set(ids)) > 0
        assert {(link or target)[1:] for link, target in links} == set(ids)
        for svg in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL):
            ElementTree.fromstring(svg)

    def test_the_same_page_twice(self, run):
        assert run()[0] == run()[0]

    def test_no_label_no_signals(self, run, case):
        case.genes = case.genes.drop(columns="expression")
        case.signals, case.contacts = {}, None
        page, numbers = run()
        assert numbers["label"] is None
        assert page.count("<svg") == 1  # chromosomes


def test_a_page_for_every_chosen_cell_type():
    plan = make_plan({"run": {"cell_types": ["K562", "GM12878"]}})
    assert Files(plan).all_quality() == ["results/qc/K562.html", "results/qc/GM12878.html"]


def test_blank_around_a_figure_is_cut(numbers):
    figure = label_figure(numbers["label"])
    svg = inline_svg(figure, "label", "a histogram")
    left, top, width, height = map(float, re.search(r'viewBox="([^"]*)"', svg)[1].split())
    assert (left, width) == (0, 252)
    assert top < 3
    assert 0.85 < height / (72 * figure.get_figheight()) < 0.97
