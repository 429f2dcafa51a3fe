"""What the ENCODE and 4DN portals record of a file."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from prism.fetch.addresses import Source, refuse_alignment
from prism.fetch.checksum import Checksum, parse
from prism.fetch.errors import BrokenError, RefusedError, WrongError
from prism.fetch.request import Line, request

_FORMATS = {
    "bigwig": ("bigwig",),
    "contacts": ("hic", "cool", "mcool"),
    "bed": ("bed",),
    "gtf": ("gtf",),
    "fasta": ("fasta",),
    "table": ("tsv", "csv", "txt"),
}


@dataclass(frozen=True)
class Record:
    """The portal's answer; None where it says nothing.

    addresses: where the file is, in the order in which to try them.
    checksum: of the file; the portals give an md5.
    size: of the file, bytes.
    output_type: the portal's word for what the file holds ("signal p-value").
    assembly: the genome assembly.
    file_format: the portal's word for the format.
    status: the portal's word for the file's state ("released").
    """

    addresses: tuple[str, ...]
    checksum: Checksum | None = None
    size: int | None = None
    output_type: str | None = None
    assembly: str | None = None
    file_format: str | None = None
    status: str | None = None


def record(line: Line, source: Source, kind: str, key: tuple[str, str] | None, required: bool) -> Record:
    """Ask the portal about a file.

    line: the transfer that it belongs to.
    source: the file.
    kind: one of `prism.fetch.addresses.KINDS`.
    key: (id, secret) of the portal, or None.
    required: whether nothing but the record vouches for the bytes. If so, a portal that does not answer is an
    error; otherwise one line is logged.
    Raises RefusedError if a required record is missing; WrongError if the file has another format than
    `kind`, or its accession has been replaced.
    """
    if source.metadata is None:
        return Record(source.addresses)
    try:
        answer = line.patience.persist(lambda: _ask(line, source.metadata, key), line.name, line.say)
    except RefusedError as trouble:
        if required:
            raise RefusedError(
                f"{source.accession}: no record to verify it by: {trouble}; "
                f"correct the accession, or give its checksum in the table"
            ) from None
        line.say(f"{line.name}: {source.accession}: {trouble}; output type and assembly stay unknown")
        return Record(source.addresses)
    _refuse_unfit(line, source, answer, kind)
    size = answer.get("file_size")
    return Record(
        _addresses(source, answer),
        parse(_text(answer.get("md5sum"))),
        size if isinstance(size, int) else None,
        _text(answer.get("output_type")) or _text(answer.get("file_type")),
        _text(answer.get("assembly")) or _text(answer.get("genome_assembly")),
        _format(answer) or None,
        _text(answer.get("status")),
    )


def _ask(line: Line, address: str, key: tuple[str, str] | None) -> dict:
    host = urlsplit(address).hostname
    with request(line, address, {"Accept": "application/json"}, key) as answer:
        try:
            found = answer.json()
        except (requests.JSONDecodeError, UnicodeDecodeError):
            raise BrokenError(f"{host}: its record of the file is not JSON") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError):
            raise BrokenError(f"{host}: its record of the file was cut") from None
    if not isinstance(found, dict):
        raise BrokenError(f"{host}: its record of the file is not a JSON object")
    return found


def _addresses(source: Source, answer: dict) -> tuple[str, ...]:
    """The portal's own address of the file, then the open copy in the cloud that ENCODE names."""
    href, cloud = _text(answer.get("href")), answer.get("cloud_metadata")
    found = [urljoin(source.metadata, href)] if href and href.startswith("/") else list(source.addresses)
    if source.kind == "encode" and isinstance(cloud, dict):
        copy = _text(cloud.get("url")) or ""
        found += [copy] if copy.startswith("https://") else []
    return tuple(found)


def _refuse_unfit(line: Line, source: Source, answer: dict, kind: str) -> None:
    accession = _text(answer.get("accession"))
    if accession and accession != source.accession:
        raise WrongError(
            f"{source.accession} has been replaced by {accession}; put that into the table if you want it"
        )
    found = _format(answer)
    if found:
        refuse_alignment(source.text, f"{source.accession}.{found}")
    allowed = _FORMATS.get(kind)
    if found and allowed and found.lower() not in allowed:
        output_type = _text(answer.get("output_type")) or "unknown"
        raise WrongError(
            f"{source.accession} is a {found} file (output type: {output_type}), "
            f"{' or '.join(allowed)} is needed; give the accession of such a file"
        )
    status = _text(answer.get("status"))
    if status and status.lower() not in ("released", "released to project", "current"):
        line.say(f"{line.name}: note: the portal's status of {source.accession} is '{status}'")


def _format(answer: dict) -> str:
    found = answer.get("file_format")
    # 4DN embeds the format as an object.
    if isinstance(found, dict):
        found = found.get("file_format") or found.get("display_title")
    return _text(found) or ""


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
