"""What the address column of a table may hold, and where the bytes are.

Only the standard library is imported: the Snakefile imports this module while it is parsed. So a row that can
never be fetched (a BAM, a missing key) is refused before any job starts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from prism.fetch.redaction import STARS, public

ENCODE_URL = "https://www.encodeproject.org"
FOURDN_URL = "https://data.4dnucleome.org"
KEY_VARIABLES = ("FOURDN_KEY_ID", "FOURDN_KEY_SECRET")
KINDS = ("bigwig", "fasta", "gtf", "contacts", "bed", "table", "zip", "any")

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_DEFAULT_SUFFIX = {
    "bigwig": ".bigWig",
    "fasta": ".fa.gz",
    "gtf": ".gtf.gz",
    "contacts": ".hic",
    "bed": ".bed.gz",
    "table": ".tsv",
    "zip": ".zip",
    "any": "",
}
_KNOWN_SUFFIX = re.compile(
    r"(\.(?:fa|fasta|fna|gtf|bed|bedgraph|narrowpeak|broadpeak|tsv|csv|txt)(?:\.(?:gz|bgz))?"
    r"|\.(?:bigwig|bw|hic|mcool|cool|zip))$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Source:
    """Where to find one file.

    text: the address as the table has it.
    kind: 'encode', '4dn', 'http', 'file' or 'path'.
    addresses: where the bytes are, in the order in which to try them.
    needs_key: whether the 4DN portal wants its access key for it; default False.
    accession: the portal's name of the file; None elsewhere.
    metadata: address of the portal's JSON record of the file; None elsewhere.
    """

    text: str
    kind: str
    addresses: tuple[str, ...]
    needs_key: bool = False
    accession: str | None = None
    metadata: str | None = None


def classify(text: str) -> str:
    """Say what an address is: 'encode', '4dn' (accessions), 'http', 'file' (addresses) or 'path'.

    text: the address as the table has it; without a scheme it is a path.
    Raises ValueError for what cannot be fetched: an empty address, an experiment's accession, another scheme,
    and alignments (BAM, CRAM), for which the message holds the command that makes a bigWig.
    """
    text = text.strip()
    if not text:
        raise ValueError("empty address; give an ENCODE or 4DN accession, an http(s) address or a path")
    if re.fullmatch(r"ENCFF[0-9A-Z]{6}", text):
        return "encode"
    if re.fullmatch(r"4DNFI[0-9A-Z]{7}", text):
        return "4dn"
    if re.fullmatch(r"ENCSR[0-9A-Z]{6}|4DNE[SX][0-9A-Z]{7}", text):
        raise ValueError(
            f"{text} is an experiment, not a file; give the accession of one of its files "
            f"(ENCFF... or 4DNFI...)"
        )
    refuse_alignment(public(text), urlsplit(text).path if "://" in text else text)
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", text)
    if scheme is None:
        return "path"
    name = scheme[1].lower()
    if name in ("http", "https"):
        if re.search(r"[\s\"<>]", text):
            raise ValueError(
                f"{name}://{STARS}: this address holds a blank, a quotation mark, < or >; write %20, %22, %3C, %3E "
                "(replicates are separated by ';')"
            )
        if not urlsplit(text).hostname:
            raise ValueError(f"{public(text)}: no host name in this address; correct it")
        return "http"
    if name == "file":
        return "file"
    hint = " (s3://bucket/key is also https://bucket.s3.amazonaws.com/key)" if name == "s3" else ""
    raise ValueError(f"{public(text)}: {name}:// is not supported; give the https:// address{hint}")


def refuse_alignment(text: str, name: str) -> None:
    """Refuse a BAM, CRAM or SAM file, with the command that makes a bigWig of it.

    text: what the user wrote, for the message.
    name: the file's name or path.
    Raises ValueError if `name` ends like an alignment.
    """
    if not re.search(r"\.(bam|cram|sam)$", name, re.IGNORECASE):
        return
    alignment = PurePosixPath(name).name
    stem = alignment.rsplit(".", 1)[0]
    raise ValueError(
        f"{text}: {alignment} holds alignments, a bigWig is needed; make one with\n"
        f"  bamCoverage -b {alignment} -o {stem}.bigWig --binSize 1 --normalizeUsing CPM\n"
        f"or\n"
        f"  bedtools genomecov -bg -ibam {alignment} | LC_ALL=C sort -k1,1 -k2,2n > {stem}.bedGraph\n"
        f"  bedGraphToBigWig {stem}.bedGraph chrom.sizes {stem}.bigWig\n"
        f"and give the path of {stem}.bigWig"
    )


def suffix(text: str, kind: str = "any", member: str | None = None) -> str:
    """Suffix of the local copy with its dot, for example '.bigWig', '.fa.gz', '.mcool'.

    text: the address as the table has it.
    kind: one of `KINDS`; default 'any'.
    member: path inside the zip, where the address is one; default None.

    The suffix is that of the name in the address (of the member, if there is one); '.bw' becomes '.bigWig'.
    An accession, or a name without a known suffix, gets the usual one of `kind`; of kind 'any' its own, if that
    is of letters and digits, else none: it becomes part of a file's name.
    """
    _known_kind(kind)
    if member:
        name = member
    else:
        what = classify(text)
        if what in ("encode", "4dn"):
            return _DEFAULT_SUFFIX[kind]
        name = urlsplit(text.strip()).path if what in ("http", "file") else text.strip()
    found = _KNOWN_SUFFIX.search(name)
    if found is None:
        return _DEFAULT_SUFFIX[kind] or _plain(PurePosixPath(name).suffix)
    return ".bigWig" if found[1].lower() in (".bw", ".bigwig") else found[1]


def _plain(ending: str) -> str:
    return ending if re.fullmatch(r"\.[A-Za-z0-9]+", ending) else ""


def resolve(
    text: str, kind: str = "any", encode_url: str | None = None, fourdn_url: str | None = None
) -> Source:
    """Turn a table's address into a Source.

    text: the address as the table has it.
    kind: one of `KINDS`; default 'any'.
    encode_url: base address of the ENCODE portal; default: PRISM_ENCODE_URL of the environment, else the
    public portal.
    fourdn_url: the same for 4DN, with PRISM_FOURDN_URL.
    Raises ValueError as `classify` does, and for a 4DN portal that would receive the key unencrypted.
    """
    _known_kind(kind)
    text = text.strip()
    what = classify(text)
    if what == "encode":
        base = (encode_url or os.environ.get("PRISM_ENCODE_URL") or ENCODE_URL).rstrip("/")
        ending = _DEFAULT_SUFFIX[kind] or ".bigWig"
        address = f"{base}/files/{text}/@@download/{text}{ending}"
        return Source(text, what, (address,), accession=text, metadata=f"{base}/files/{text}/?format=json")
    if what == "4dn":
        base = (fourdn_url or os.environ.get("PRISM_FOURDN_URL") or FOURDN_URL).rstrip("/")
        _refuse_open_wire(base)
        ending = _DEFAULT_SUFFIX[kind] or ".hic"
        page = f"{base}/files-processed/{text}/"
        address = f"{page}@@download/{text}{ending}"
        return Source(text, what, (address,), True, text, f"{page}?format=json")
    return Source(text, what, (text,))


def portal_key(environ: Mapping[str, str] | None = None) -> tuple[str, str] | None:
    """The 4DN access key (id, secret) from the environment; None unless both variables are set.

    environ: the environment; default: this process's.
    """
    environ = os.environ if environ is None else environ
    values = tuple(environ.get(name, "").strip() for name in KEY_VARIABLES)
    return values if all(values) else None


def missing_key(texts: list[str], environ: Mapping[str, str] | None = None) -> str | None:
    """The error for a row whose every address needs the 4DN key while none is set; else None.

    texts: the row's addresses.
    environ: where the key is looked up; default: this process's environment.
    """
    if not texts or any(classify(text) != "4dn" for text in texts) or portal_key(environ):
        return None
    variables = " and ".join(KEY_VARIABLES)
    return (
        f"{', '.join(texts)}: the 4DN portal needs an access key; create one under your profile at "
        f"{FOURDN_URL} and export {variables}, or give the file's open https address instead"
    )


def _known_kind(kind: str) -> None:
    if kind not in KINDS:
        raise ValueError(f"unknown kind of file '{kind}'; known: {', '.join(KINDS)}")


def _refuse_open_wire(base: str) -> None:
    parts = urlsplit(base)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ValueError(
            f"{base}: the 4DN key would travel unencrypted; give the https:// address of the portal"
        )
