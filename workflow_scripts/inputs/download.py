"""Fetches one file of a table, verified and resumable, with a manifest beside it."""

from __future__ import annotations

import argparse
from pathlib import Path

from prism.fetch.addresses import KINDS
from prism.fetch.download import Portals, fetch
from prism.fetch.retry import Patience
from prism.files.checksums import refuse_damaged
from workflow_scripts import cli


def main() -> None:
    """Fetch the file."""
    arguments = parsed()
    if arguments.made_here:
        refuse_damaged(arguments.made_here)
    waits = ("connect", "read", "attempts", "pause", "progress_every")
    fetch(
        arguments.address or [arguments.address_file.read_text().strip()],
        arguments.out,
        arguments.manifest,
        kind=arguments.kind,
        checksum=arguments.checksum,
        checksum_from=arguments.checksum_from,
        size=arguments.size,
        member=arguments.member,
        keep=True,
        portals=Portals(arguments.encode_url, arguments.fourdn_url),
        patience=Patience(**{name: getattr(arguments, name) for name in waits}),
    )


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add, usual = parser.add_argument, Patience()
    several = "accession, address or path; repeat for alternatives"
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--address", action="append", help=several)
    which.add_argument(
        "--address-file", type=Path, help="file that holds the address, which has a secret in it"
    )
    add("--out", type=Path, required=True, help="file to write")
    add("--manifest", type=Path, help="JSON description (default: OUT.json)")
    add("--kind", choices=KINDS, default="any", help="what the file must be")
    add("--checksum", "--md5", help="md5 or sha256 of the downloaded file (of the zip, with --member)")
    add("--checksum-from", default="the table", help="where the checksum is written, for messages")
    add("--made-here", help="the local file, where a rule makes it: compared with the checksum beside it")
    add("--size", type=int, help="of the downloaded file, bytes")
    add("--member", help="file inside a zip: keep it alone")
    add("--encode-url", help="another ENCODE portal (also PRISM_ENCODE_URL)")
    add("--fourdn-url", help="another 4DN portal (also PRISM_FOURDN_URL)")
    add("--connect", type=float, default=usual.connect, help="seconds to wait for an answer")
    add("--read", type=float, default=usual.read, help="seconds to wait for a byte")
    add("--pause", type=float, default=usual.pause, help="seconds before the second attempt, then doubled")
    add("--progress-every", type=float, default=usual.progress_every, help="seconds between progress lines")
    add("--attempts", type=int, default=usual.attempts, help="in a row without headway")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)
