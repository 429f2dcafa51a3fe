"""The page on the quality of one cell type's data: findings in words, then the figures and numbers behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from matplotlib.figure import Figure

from prism.drawing.footer import describe_source, output_type
from prism.drawing.inline import inline_svg
from prism.drawing.page_look import document
from prism.drawing.style import count
from prism.genome.tracks.transforms import of_source
from prism.quality import dataset_rules as rules
from prism.quality.finding import WARNING, Finding, percent
from prism.quality.page.chromosomes import chromosomes_figure, shown
from prism.quality.page.contacts import contacts_figure
from prism.quality.page.correlation import correlation_figure
from prism.quality.page.label import label_figure
from prism.quality.signal_rules import RULES as SIGNAL_RULES


def quality_page(numbers: Mapping[str, Any], findings: Sequence[Finding], profile: Figure | None) -> str:
    """One self-contained HTML page.

    numbers: of `prism.quality.measure.measure`.
    findings: of `prism.quality.dataset_rules.find`.
    profile: the figure of the signals around the TSS; None for a dataset without signals.
    """
    parts = [
        _head(numbers),
        _findings(findings),
        _profile(profile, numbers),
        _label(numbers),
        _signals(numbers),
        _chromosomes(numbers),
        _contacts(numbers),
        _genes(numbers),
        _foot(numbers),
    ]
    return document(f"Data quality: {escape(numbers['cell_type'])}", "\n".join(filter(None, parts)))


def table(header: Sequence[str], rows: Iterable[Sequence[str]], words: Sequence[int] = (0,)) -> str:
    """An HTML table; cells are escaped here.

    header: names of the columns.
    rows: cells, as text.
    words: columns of text; the others are numbers. Default: the first.
    """

    def row(tag: str, cells: Sequence[str]) -> str:
        kinds = [' class="words"' if place in words else "" for place in range(len(cells))]
        return "".join(
            f"<{tag}{kind}>{escape(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True)
        )

    body = "".join(f"<tr>{row('td', cells)}</tr>\n" for cells in rows)
    return (
        f'<div class="scroll"><table><thead><tr>{row("th", header)}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>"
    )


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)


def _figure(figure: Figure, name: str, words: str, caption: str) -> str:
    return f"<figure>{inline_svg(figure, name, words)}<figcaption>{caption}</figcaption></figure>"


def _head(numbers: Mapping[str, Any]) -> str:
    label = numbers["label"]
    known = f"label {label['assay'] or 'of unnamed assay'} for {label['n']:,}" if label else "no label"
    facts = [
        f"assembly {numbers['assembly']}",
        count(numbers["genes"]["in_windows"], "gene"),
        f"windows of {numbers['length']:,} bp",
        known,
        "signals " + (", ".join(numbers["signals"]) or "none"),
    ]
    return f'<h1>{escape(numbers["cell_type"])}</h1>\n<p class="facts">{escape(" · ".join(facts))}</p>'


def _findings(findings: Sequence[Finding]) -> str:
    looked = [rule.__doc__.strip().splitlines()[0] for rule in (*rules.RULES, *SIGNAL_RULES)]
    warnings = sum(finding.level == WARNING for finding in findings)
    notes = len(findings) - warnings
    title = " and ".join(
        count(n, noun) for n, noun in ((warnings, "thing to look at"), (notes, "note")) if n
    ).replace("thing to look ats", "things to look at")
    cards = "\n".join(map(_card, findings)) or (
        '<div class="finding fine"><p>None of the rules below found anything.</p></div>'
    )
    return (
        f"<h2>{title or 'Nothing looks wrong'}</h2>\n{cards}\n<details><summary>What was looked for</summary><ul>"
        + "".join(f"<li>{escape(line)}</li>" for line in looked)
        + "</ul></details>"
    )


def _card(finding: Finding) -> str:
    return (
        f'<div class="finding {finding.level}" data-key="{escape(finding.key)}">'
        f'<p class="subject">{escape(finding.subject)}<span>{escape(finding.key.replace("_", " "))}</span></p>'
        f"<p>{escape(finding.seen)}</p><dl><dt>likely cause</dt><dd>{escape(finding.cause)}</dd>"
        f"<dt>what to do</dt><dd>{escape(finding.fix)}</dd></dl></div>"
    )


def _profile(profile: Figure | None, numbers: Mapping[str, Any]) -> str:
    if profile is None:
        return ""
    return "<h2>Signals around the TSS</h2>\n" + _figure(
        profile,
        "profile",
        f"mean of {', '.join(numbers['signals'])} around the TSS",
        "Genes on the minus strand are turned around, so that transcription runs from left to right.",
    )


def _label(numbers: Mapping[str, Any]) -> str:
    if not numbers["label"]:
        return ""
    label, sums = numbers["label"], numbers["label"]["strand_sums"]
    strands = (
        f" Sums around the TSS: {sums['sense']:,.0f} sense, {sums['antisense']:,.0f} antisense."
        if sums
        else ""
    )
    spread = (
        f"Mean {label['mean']:.2f}, standard deviation {label['sd']:.2f}, highest {label['highest']:.2f}; "
        f"exactly 0 in {percent(label['zeros'])} of {count(label['n'], 'gene')}.{strands}"
    )
    histogram = _figure(label_figure(label), "label", "histogram of the label", escape(spread))
    if not numbers["signals"]:
        return f"<h2>The label</h2>\n{histogram}"
    dots = _figure(
        correlation_figure(numbers), "correlation", "Spearman correlation of each signal with the label",
        "Models need strong correlations, but one in the shaded ends may mean that input and label come "
        "from nearly the same assay.",
    )  # fmt: skip
    return f'<h2>The label, and the signals against it</h2>\n<div class="pair">{histogram}{dots}</div>'


def _signals(numbers: Mapping[str, Any]) -> str:
    if not numbers["signals"]:
        return ""
    header = ["signal", "what a value is", "lowest", "highest", "mean", "exactly 0", "TSS / flank",
              "expressed / silent", "ρ TSS", "ρ window", "r TSS", "r window"]  # fmt: skip
    rows = []
    for name, signal in numbers["signals"].items():
        source = numbers["sources"].get(name) or {}
        kind = output_type(source) or ("contacts" if signal["kind"] == "contacts" else "not given")
        kind += f", {signal['transform']}" if of_source(signal).changes else ""
        found = signal["label"] or {region: {} for region in ("centre", "window")}
        rhos = [found[region].get(key) for key in ("spearman", "pearson") for region in ("centre", "window")]
        rows.append(
            [name, kind, *(_short(signal[key]) for key in ("lowest", "highest", "mean")), _share(signal["zeros"]),
             _number(signal["tss"]["ratio"]), _number(signal["tss"]["contrast"]), *map(_number, rhos)]
        )  # fmt: skip
    half = numbers["centre_half"]
    words = (
        f"TSS: within {half:,} bp of it; flank: the outer half of the window; expressed, silent: the thirds of the "
        "genes with the highest and lowest label. ρ (Spearman) and r (Pearson) correlate the label with log(x + 1) of "
        "the mean signal, over genes."
    )
    pairs = [
        [*pair["signals"], _number(pair["pearson"], 3)]
        for pair in sorted(numbers["pairs"], key=lambda pair: -abs(pair["pearson"]))
    ]
    between = (
        "<details><summary>Signals against each other</summary>"
        + table(["signal", "signal", "Pearson over positions"], pairs, words=(0, 1))
        + "</details>"
        if pairs
        else ""
    )
    return f'<h2>Signals in numbers</h2>\n{table(header, rows, words=(0, 1))}\n<p class="small">{words}</p>{between}'


def _chromosomes(numbers: Mapping[str, Any]) -> str:
    hidden = sum(row["genes"] > 0 for row in numbers["chromosomes"]) - len(shown(numbers))
    words = (
        "A dataset holds 0 wherever a signal's file has no value, so a missing value and a measured 0 look alike: the "
        "shares are of exact zeros. Files that store no zeros have many; what counts is whether chromosomes differ."
    )
    more = f" {count(hidden, 'chromosome')} with fewer genes not drawn." if hidden else ""
    return "<h2>Chromosomes</h2>\n" + _figure(
        chromosomes_figure(numbers), "chromosomes", "genes and missing values by chromosome", words + more
    )


def _contacts(numbers: Mapping[str, Any]) -> str:
    if not numbers["contacts"]:
        return ""
    empty = "; ".join(
        f"{name}: no usable row for {percent(found['empty'])} of the genes, which are left out"
        if found["empty"]
        else f"{name}: every gene has a usable row"
        for name, found in numbers["contacts"].items()
    )
    few = max(len(found["distance"]) for found in numbers["contacts"].values()) < 3
    longer = f" Windows of {numbers['length']:,} bp reach no farther; longer ones would." if few else ""
    caption = escape(f"Mean over genes and over both sides of the TSS.{longer} {empty}.")
    drawn = _figure(
        contacts_figure(numbers["contacts"]), "contacts", "mean contacts by distance from the TSS", caption
    )
    return f"<h2>Contacts by distance</h2>\n{drawn}"


def _genes(numbers: Mapping[str, Any]) -> str:
    genes = numbers["genes"]
    strands = ", ".join(f"{n:,} on {strand}" for strand, n in genes["strands"].items() if n)
    words = (
        f"{genes['in_table']:,} genes in the table, {genes['dropped']:,} dropped, {genes['in_windows']:,} in the "
        f"windows: {strands.replace('on .', 'of unknown strand')}."
    )
    reasons = [[reason, f"{n:,}"] for reason, n in genes["reasons"].items()]
    listed = table(["why a gene was dropped", "genes"], reasons) if reasons else ""
    return f"<h2>Genes</h2>\n<p>{escape(words)}</p>\n{listed}"


def _foot(numbers: Mapping[str, Any]) -> str:
    lines = [
        f"windows {numbers['content_hash']} · numbers version {numbers['numbers_version']}",
        *(describe_source(name, numbers["sources"].get(name) or {}) for name in numbers["signals"]),
    ]
    return "<footer>" + "<br>".join(map(escape, lines)) + "</footer>"
