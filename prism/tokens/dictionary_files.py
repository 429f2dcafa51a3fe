"""Dictionaries in files: a local Geneformer folder (V1 or V2), a JSON, a table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from prism.files.atomic import writing
from prism.files.plain_pickle import read_mapping
from prism.files.table import line_of, read_table
from prism.tokens.cells.genes import GeneNames, plain_id, species_of
from prism.tokens.dictionary import CLS, EOS, MASK, PAD, SPECIALS, Dictionary, make_dictionary

_TOKENS, _MEDIANS = "token_dictionary", "gene_median_dictionary"
_SYMBOLS, _SUCCESSORS = "gene_name_id_dict", "ensembl_mapping_dict"
_KINDS = (".pkl", ".pickle", ".json")
# Where Geneformer's releases keep them, in a clone and in the package.
_INSIDE = (".", "geneformer", "gene_dictionaries_30m", "geneformer/gene_dictionaries_30m")
VERSIONS = ("V1", "V2")
_COLUMNS = ("gene_id", "token", "median")


def read_dictionary(path: str | Path, version: str | None = None) -> Dictionary:
    """The dictionary of a model.

    path: a Geneformer folder (its token_dictionary and gene_median_dictionary, pickle or JSON; symbols and retired
    ids from its other two dictionaries, where they are there); a JSON {"tokens": {...}, "medians": {...}}; or a table
    (csv, tsv, plain or gzipped) with the columns gene_id, token, median and, if you like, symbol, in which the special
    tokens are rows too.
    version: V1 or V2 (with <cls> and <eos>), for a folder that holds both; default None: the only one.
    Raises ValueError, naming the file, the value and the fix, for anything else.
    """
    if version not in (None, *VERSIONS):
        raise ValueError(f"dictionary version {version!r} is unknown; give {' or '.join(VERSIONS)}")
    path = Path(path)
    if path.is_dir():
        return _of_folder(path, version)
    if not path.is_file():
        raise ValueError(f"{path}: no such file or folder; give a Geneformer folder, a JSON or a table")
    made = _of_json(path) if path.suffix.lower() == ".json" else _of_table(path)
    if version is not None and version != _version(made):
        raise ValueError(
            f"{path}: is a dictionary of {_version(made)}, {version} is asked for; give the other file"
        )
    return made


def write_dictionary(path: str | Path, dictionary: Dictionary) -> None:
    """Write a dictionary as a table that `read_dictionary` reads back to the last bit.

    path: of the table (tsv).
    dictionary: to write.
    """
    symbol_of = {ids[0]: symbol for symbol, ids in dictionary.names.ids_of.items() if len(ids) == 1}
    special = {PAD: dictionary.pad, MASK: dictionary.mask, CLS: dictionary.cls, EOS: dictionary.eos}
    name_of = {token: name for name, token in special.items() if token is not None}
    with writing(path) as part, open(part, "w", encoding="utf-8") as table:
        table.write("gene_id\tsymbol\ttoken\tmedian\n")
        for token in range(dictionary.size):
            if token in name_of:
                table.write(f"{name_of[token]}\t\t{token}\t\n")
                continue
            gene = dictionary.gene_of[token]
            table.write(f"{gene}\t{symbol_of.get(gene, '')}\t{token}\t{float(dictionary.median[token])!r}\n")


def _version(dictionary: Dictionary) -> str:
    return "V1" if dictionary.cls is None else "V2"


def _of_folder(folder: Path, version: str | None) -> Dictionary:
    pairs = list(_pairs(folder))
    if not pairs:
        raise ValueError(
            f"{folder}: no {_TOKENS}*.pkl with its {_MEDIANS}*.pkl (or .json), there or in {', '.join(_INSIDE[1:])}; "
            "give the folder of Geneformer that holds both"
        )
    tokens = {pair: read_mapping(pair[0]) for pair in pairs}
    fitting = [pair for pair in pairs if version is None or (CLS in tokens[pair]) == (version == "V2")]
    if len(fitting) != 1:
        told = ", ".join(
            f"{pair[0].relative_to(folder)} ({'V2' if CLS in tokens[pair] else 'V1'})" for pair in pairs
        )
        fix = (
            "give version: V1 or V2, or the folder that holds one alone"
            if fitting
            else "give the other version"
        )
        raise ValueError(f"{folder}: {len(fitting)} dictionaries fit, there are {told}; {fix}")
    (pair,) = fitting
    return make_dictionary(tokens[pair], read_mapping(pair[1]), f"{pair[0]}", _names(pair[0]))


def _pairs(folder: Path) -> Iterator[tuple[Path, Path]]:
    for inside in _INSIDE:
        for tokens in sorted((folder / inside).glob(f"{_TOKENS}*")):
            medians = _beside(tokens, _MEDIANS)
            if tokens.suffix.lower() in _KINDS and medians is not None:
                yield tokens, medians


def _beside(tokens: Path, name: str) -> Path | None:
    """The dictionary of another kind of the same release: what follows the name is the same."""
    release = tokens.stem.removeprefix(_TOKENS)
    places = (tokens.with_name(f"{name}{release}{kind}") for kind in (tokens.suffix, *_KINDS))
    return next((place for place in places if place.is_file()), None)


def _names(tokens: Path) -> GeneNames:
    symbols, successors = _beside(tokens, _SYMBOLS), _beside(tokens, _SUCCESSORS)
    ids_of = (
        {}
        if symbols is None
        else {name: (plain_id(str(gene)),) for name, gene in read_mapping(symbols).items()}
    )
    later = {}
    for old, new in ({} if successors is None else read_mapping(successors)).items():
        if species_of(plain_id(old)) is None:
            ids_of.setdefault(old, (plain_id(str(new)),))
        else:
            later[plain_id(old)] = plain_id(str(new))
    return GeneNames(ids_of, successor_of=later)


def _of_json(path: Path) -> Dictionary:
    found = read_mapping(path)
    parts = [found.get(key) for key in ("tokens", "medians")]
    if not all(isinstance(part, dict) for part in parts):
        raise ValueError(
            f"{path}: has {', '.join(list(found)[:3]) or 'nothing'}; a dictionary's JSON is "
            '{"tokens": {id: token}, "medians": {id: median}}, or give the folder with both of Geneformer\'s files'
        )
    return make_dictionary(*parts, f"{path}")


def _of_table(path: Path) -> Dictionary:
    table = read_table(path, _COLUMNS)
    tokens: dict[str, object] = {}
    medians: dict[str, object] = {}
    for row, (name, token, median) in enumerate(zip(*(table[column] for column in _COLUMNS), strict=True)):
        where = f"{path}, line {line_of(table, row)}"
        if not name:
            raise ValueError(f"{where}: the row has no gene_id; give one, or remove the row")
        if name in tokens:
            raise ValueError(f"{where}: {name} stands there twice; keep one row for each gene")
        tokens[name] = _number(token, where, "token")
        if name not in SPECIALS:
            medians[name] = _number(median, where, "median")
    symbols = table["symbol"] if "symbol" in table else [""] * len(table)
    ids_of: dict[str, tuple[str, ...]] = {}
    for symbol, name in zip(symbols, table["gene_id"], strict=True):
        if symbol:
            ids_of[symbol] = (*ids_of.get(symbol, ()), plain_id(name))
    return make_dictionary(tokens, medians, f"{path}", GeneNames(ids_of))


def _number(text: str, where: str, what: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError(f"{where}: {what} is {text!r}; give a number") from None
