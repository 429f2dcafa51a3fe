"""Fetch one file of a table, verified and resumable, with a manifest beside it."""

from __future__ import annotations

import argparse
from pathlib import Path

from prism.fetch.addresses import KINDS
from prism.fetch.download import Portals, fetch
from prism.fetch.retry import Patience
from workflow_scripts.cli import run


def parse() -> argparse.Namespace:
    patience = Patience()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--address",
        action="append",
        required=True,
        help="accession, address or path; repeat for alternatives",
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, help="JSON description (default: OUT.json)")
    parser.add_argument("--kind", choices=KINDS, default="any")
    parser.add_argument("--md5", help="of the downloaded file (of the zip, with --member)")
    parser.add_argument("--size", type=int, help="of the downloaded file, bytes")
    parser.add_argument("--member", help="file inside a zip: keep it alone")
    parser.add_argument("--encode-url", help="another ENCODE portal (also PRISM_ENCODE_URL)")
    parser.add_argument("--fourdn-url", help="another 4DN portal (also PRISM_FOURDN_URL)")
    for name, what in (
        ("connect", "seconds to wait for an answer"),
        ("read", "seconds to wait for a byte"),
        ("pause", "seconds before the second attempt, then doubled"),
        ("progress-every", "seconds between progress lines"),
    ):
        parser.add_argument(
            f"--{name}", type=float, default=getattr(patience, name.replace("-", "_")), help=what
        )
    parser.add_argument("--attempts", type=int, default=patience.attempts, help="in a row without headway")
    return parser.parse_args()


def main() -> None:
    a = parse()
    patience = Patience(a.connect, a.read, a.attempts, a.pause, progress_every=a.progress_every)
    fetch(
        a.address,
        a.out,
        a.manifest,
        kind=a.kind,
        md5=a.md5,
        size=a.size,
        member=a.member,
        portals=Portals(a.encode_url, a.fourdn_url),
        patience=patience,
    )


if __name__ == "__main__":
    run(main)
