"""Turns a published checkpoint (Lightning's, or a state dict; of Prism, Seq2Exp, their baselines) into a best.ckpt."""

from __future__ import annotations

import argparse
import json

from prism.models.catalogue import names
from workflow_scripts.cli import run


def _json_of(kind: type, text: str) -> dict | list:
    value = json.loads(text)
    if not isinstance(value, kind):
        raise ValueError(f"needed is a JSON {'object' if kind is dict else 'list'}, not {text[:80]!r}")
    return value


def main() -> None:
    """Parse the command line and import."""
    released = names(lambda entry: entry.has_released)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", required=True, help="the published file; nothing in it is ever run")
    parser.add_argument("--architecture", required=True, help=f"one of {', '.join(released)}")
    parser.add_argument(
        "--settings", default="{}", help='JSON, e.g. {"center_len": 2000}; sizes are read from the file'
    )
    parser.add_argument(
        "--signals", default="[]", help="JSON list of names, in the order that it was trained with"
    )
    parser.add_argument(
        "--rna-features", default="[]", help="JSON list of columns of the genes table, in its order"
    )
    parser.add_argument("--length", required=True, type=int, help="window length, bp")
    parser.add_argument("--description", default="{}", help="JSON, kept in the record: name, address, ...")
    parser.add_argument("--out", required=True, help="checkpoint to write (.ckpt)")
    arguments = parser.parse_args()

    from prism.inference.released import import_released

    module = import_released(
        arguments.checkpoint,
        arguments.out,
        name=arguments.architecture,
        settings=_json_of(dict, arguments.settings),
        signals=_json_of(list, arguments.signals),
        rna_features=_json_of(list, arguments.rna_features),
        length=arguments.length,
        description=_json_of(dict, arguments.description),
    )
    n = sum(parameter.numel() for parameter in module.parameters())
    print(f"{arguments.out}: {arguments.architecture}, {n:,} parameters, all keys accounted for", flush=True)


if __name__ == "__main__":
    run(main)
