"""Where addresses with secrets lie: in files for the user's eyes alone, which commands and records name instead."""

from __future__ import annotations

import codecs
import hashlib
import os
import tempfile
from pathlib import Path

from prism.fetch.redaction import identity, public, redacted

FOLDER = ".snakemake/prism"


def address_option(address: str) -> str:
    """The option of the download script for an address; one with a secret goes into a file, which is named instead.

    address: an accession, address or path.

    The file's name comes of what the address names, not of its secret: with a new token it is the same, and what was
    downloaded still stands.
    """
    if public(address) == address:
        return f"--address={address}"
    name = hashlib.sha256(identity(address).encode()).hexdigest()[:32]
    return f"--address-file={_kept(f'{FOLDER}/addresses/{name}', address)}"


def shown(file: str | Path) -> str:
    """A configuration file as a report may show it: itself, or a copy without the secrets of its addresses.

    file: its path.
    """
    content = Path(file).read_bytes()
    wide = content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    text = content.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    without = redacted(text)
    if without == text:
        return str(file)
    name = hashlib.sha256(os.path.abspath(file).encode()).hexdigest()[:16]
    return _kept(f"{FOLDER}/shown/{name}/{Path(file).name}", without)


def _kept(path: str, text: str) -> str:
    """Write a file that its owner alone can read, whole or not at all, and give its path."""
    try:
        if Path(path).read_text(encoding="utf-8") == text and Path(path).stat().st_mode & 0o777 == 0o600:
            return path
    except OSError:
        pass
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=folder)  # of mode 0600 from the start
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(part, path)
    return path
