"""Whether a file is what its name and its kind say.

Quick looks at heads, tails and offsets find what goes wrong in practice: an HTML page under a data file's
name, another format, a missing end.
"""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from prism.fetch.addresses import refuse_alignment, suffix
from prism.fetch.binary import check_bigwig, check_cooler, check_hic
from prism.fetch.errors import WrongError
from prism.files.text import UTF16

_HEAD = 1 << 16
_MARKUP = re.compile(rb"<([!?]|/?[a-z])", re.IGNORECASE)
_JSON = re.compile(rb"\{\s*[\"}]|\[\s*[\[{\"\]]")
_PAGES = (".html", ".htm", ".xml", ".json")
_NUMBER = re.compile(r"\d+(\.\d+)?([eE]\+?\d+)?")  # R writes 100000 as 1e+05
_TEXT = ("fasta", "gtf", "bed", "table")
_BGZIP = re.compile(rb"\x1f\x8b\x08\x04.{6}\x06\x00BC\x02\x00", re.DOTALL)
_BGZIP_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")  # SAM format, 4.1.2
_KIND_OF_SUFFIX = {
    ".bigwig": "bigwig",
    ".fa": "fasta",
    ".fasta": "fasta",
    ".fna": "fasta",
    ".gtf": "gtf",
    ".hic": "contacts",
    ".cool": "contacts",
    ".mcool": "contacts",
    ".bed": "bed",
    ".narrowpeak": "bed",
    ".broadpeak": "bed",
    ".tsv": "table",
    ".csv": "table",
    ".zip": "zip",
}


def check(path: Path, name: str, kind: str = "any", whole: bool = False) -> None:
    """Check that the bytes of a file are what its name and kind say.

    path: the file.
    name: the name that it will have.
    kind: one of `prism.fetch.addresses.KINDS`; default 'any': the name's suffix decides. A file with an
    unknown suffix must only be neither empty nor a web page.
    whole: whether to look for the end too (a gzip file is read through); for files without a known md5.
    Default False.
    Raises WrongError if they are not.
    """
    with open(path, "rb") as file:
        head = file.read(512)
    if not head:
        raise WrongError("empty file")
    ending = suffix(f"/{name}").lower()
    packed = ending.endswith((".gz", ".bgz"))
    plain_ending = re.sub(r"\.b?gz$", "", ending)
    kind = _KIND_OF_SUFFIX.get(plain_ending, "any") if kind == "any" else kind
    _refuse_page(path, head, kind, plain_ending)
    _refuse_bam(path, head, name)
    if kind == "bigwig":
        check_bigwig(path, head, whole)
    elif kind == "contacts":
        (check_hic if plain_ending == ".hic" else check_cooler)(path, head)
    elif kind == "zip":
        if not zipfile.is_zipfile(path):
            raise WrongError(f"not a zip file, or its end is missing (it begins with {_shown(head)})")
    else:
        _check_text(path, head, packed, kind, plain_ending, whole)


def check_last_line(path: Path, name: str, kind: str = "any") -> None:
    """Check that a text ends where a line, and a bgzip its blocks, end: all that shows a cut of an unknown length.

    path: the file, which `check` has found to be of its kind.
    name: the name that it will have.
    kind: one of `prism.fetch.addresses.KINDS`; default 'any': the name's suffix decides.
    Raises WrongError if it is text, plain or gzip, and its last line has no newline, or a bgzip without its end mark.
    """
    plain_ending = re.sub(r"\.b?gz$", "", suffix(f"/{name}").lower())
    kind = _KIND_OF_SUFFIX.get(plain_ending, "any") if kind == "any" else kind
    if kind not in _TEXT and (kind != "any" or plain_ending in _PAGES):
        return
    tail = b""
    with open(path, "rb") as raw:
        head = raw.read(20)
        raw.seek(max(0, path.stat().st_size - len(_BGZIP_END)))
        end = raw.read()
    if _BGZIP.match(head) and end != _BGZIP_END:
        raise WrongError(
            "cut, as it seems: a bgzip file without its end mark; give its md5 or sha256 if it is whole"
        )
    is_gzip = head[:2] == b"\x1f\x8b"
    if kind not in _TEXT and not _is_text(_beginning(path, is_gzip)):
        return
    with gzip.open(path, "rb") if is_gzip else open(path, "rb") as file:
        if not is_gzip:
            file.seek(max(0, path.stat().st_size - 200))
        while block := file.read(1 << 20):
            tail = (tail + block)[-200:]
    # UTF-16 writes a newline as two bytes
    if not tail.endswith((b"\n", b"\r", b"\n\x00", b"\r\x00")):
        last = re.split(rb"[\r\n]", tail)[-1]
        raise WrongError(
            f"cut, as it seems: its last line has no newline ({_shown(last)}), and the server does not say how "
            f"long the file is; give its md5 or sha256 if it is whole"
        )


def _refuse_page(path: Path, head: bytes, kind: str, ending: str) -> None:
    """Refuse the page that a server sends in place of a file, packed or not."""
    if ending in _PAGES:
        return
    text = _beginning(path, head[:2] == b"\x1f\x8b")
    start = text.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _MARKUP.match(start) or (kind in _TEXT and start[:1] == b"<"):
        raise WrongError(f"a web page or error message, not data (it begins with {_shown(text)})")
    if _JSON.match(start) or _is_json(text):
        raise WrongError(f"JSON, a server's message, not data (it begins with {_shown(text)})")


def _is_json(beginning: bytes) -> bool:
    """Whether a small file is one JSON text, such as a quoted message."""
    if len(beginning) >= _HEAD:
        return False
    try:
        return isinstance(json.loads(beginning.decode("utf-8-sig")), dict | list | str)
    except (ValueError, RecursionError):
        return False


def _is_text(beginning: bytes) -> bool:
    """Whether bytes are text in UTF-8, as far as they go."""
    if b"\x00" in beginning:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_bam(path: Path, head: bytes, name: str) -> None:
    if head[:2] == b"\x1f\x8b" and _beginning(path, True)[:4] == b"BAM\x01":
        try:
            refuse_alignment(f"{name} (its bytes are a BAM)", f"{Path(name).stem}.bam")
        except ValueError as trouble:
            raise WrongError(str(trouble)) from None


def _check_text(path: Path, head: bytes, packed: bool, kind: str, ending: str, whole: bool) -> None:
    is_gzip = head[:2] == b"\x1f\x8b"
    if packed != is_gzip and (packed or kind != "any"):
        states = ("gzip", "plain") if is_gzip else ("plain", "gzip")
        raise WrongError(
            f"the bytes are {states[0]}, the name says {states[1]} (it begins with {_shown(head)})"
        )
    text = _beginning(path, is_gzip)
    if is_gzip and whole:
        _read_to_end(path)
    if kind == "any":
        return
    if text[:4] == b"BAM\x01":
        raise WrongError(
            "a BAM file (alignments); see the documentation of the address column for making a bigWig"
        )
    wide = text[:2] in UTF16
    if b"\x00" in text and not wide:
        raise WrongError(f"binary, not text (it begins with {_shown(text)})")
    lines = text.decode("utf-16" if wide else "utf-8-sig", errors="replace").splitlines()
    if len(text) >= _HEAD and len(lines) > 1:
        lines = lines[:-1]
    checks: dict[str, Callable[[list[str], str], None]] = {
        "fasta": _check_fasta,
        "gtf": _check_gtf,
        "bed": _check_bed,
        "table": _check_table,
    }
    checks[kind](lines, ending)


def _beginning(path: Path, is_gzip: bool) -> bytes:
    try:
        with gzip.open(path, "rb") if is_gzip else open(path, "rb") as file:
            return file.read(_HEAD)
    except (EOFError, zlib.error, gzip.BadGzipFile) as trouble:
        raise WrongError(f"gzip is cut or damaged ({trouble})") from None


def _read_to_end(path: Path) -> None:
    try:
        with gzip.open(path, "rb") as file:
            while file.read(1 << 20):
                pass
    except (EOFError, zlib.error, gzip.BadGzipFile) as trouble:
        raise WrongError(f"gzip is cut or damaged ({trouble})") from None


def _check_fasta(lines: list[str], _ending: str) -> None:
    lines = [line for line in lines if line.strip()]
    if not lines or not lines[0].startswith(">"):
        raise WrongError(
            f"not FASTA: the first line is not a '>' line but {_shown(lines[0] if lines else '')}"
        )
    if len(lines) > 1 and not re.fullmatch(r"[A-Za-z*.-]+", lines[1].strip()):
        raise WrongError(f"not FASTA: no sequence under '{lines[0][:40]}' but {_shown(lines[1])}")


def _check_gtf(lines: list[str], _ending: str) -> None:
    line = next((line for line in lines if line.strip() and not line.startswith("#")), None)
    if line is None:
        raise WrongError("not GTF: no line with a feature")
    columns = line.split("\t")
    if len(columns) != 9:
        raise WrongError(f"not GTF: {len(columns)} tab-separated columns instead of 9 in {_shown(line)}")
    start, end = columns[3:5]
    if not (start.isdigit() and end.isdigit() and 1 <= int(start) <= int(end)) or columns[6] not in "+-.":
        raise WrongError(f"not GTF: bad start, end or strand in {_shown(line)}")
    if not re.search(r'gene_id\s+"', columns[8]):
        what = "GFF3, not GTF" if "=" in columns[8] else "not GTF"
        raise WrongError(f'{what}: no gene_id "..." in the ninth column ({_shown(columns[8])})')


def _check_bed(lines: list[str], ending: str) -> None:
    line = next((line for line in lines if line.strip() and not re.match(r"#|track\b|browser\b", line)), None)
    if line is None:
        raise WrongError("not BED: no interval")
    columns = line.split("\t") if "\t" in line else line.split()
    needed = {".narrowpeak": 10, ".broadpeak": 9}.get(ending, 3)
    if len(columns) < needed:
        raise WrongError(f"{len(columns)} columns instead of {needed} in {_shown(line)}")
    start, end = columns[1:3]
    if not (_NUMBER.fullmatch(start) and _NUMBER.fullmatch(end) and float(start) <= float(end)):
        raise WrongError(f"not BED: columns 2 and 3 are not start and end in {_shown(line)}")


def _check_table(lines: list[str], ending: str) -> None:
    separators = {".tsv": "\t", ".csv": ","}.get(ending, "\t,")
    # a comment has no separator, unless it is the header
    told = [line for line in lines if line.strip() and not line.startswith("##")]
    first = next((line for line in told if line[0] != "#" or any(each in line for each in separators)), "")
    if not any(separator in first for separator in separators):
        named = " or ".join({"\t": "tab", ",": "comma"}[separator] for separator in separators)
        raise WrongError(f"not a table: no {named} in the first line, {_shown(first)}")


def _shown(text: str | bytes) -> str:
    text = text.decode("utf-8", errors="replace") if isinstance(text, bytes) else text
    return repr(text[:40])
