"""Turns a published checkpoint (Lightning's, or a state dict; of Prism, Seq2Exp, their baselines) into a best.ckpt."""

from __future__ import annotations

import argparse
import json

from prism.models.catalogue import names
from workflow_scripts import cli


def main() -> None:
    """Import the checkpoint and write it."""
    arguments = parsed()

    from prism.files.unchanged import refuse_changed
    from prism.inference.released import import_released

    refuse_changed(arguments.checkpoint)
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


def _json_of(kind: type, text: str) -> dict | list:
    value = json.loads(text)
    if not isinstance(value, kind):
        raise ValueError(f"give a JSON {'object' if kind is dict else 'list'}, not {text[:80]!r}")
    return value


def parsed() -> argparse.Namespace:
    """The command line."""
    released = names(lambda entry: entry.has_released)
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--checkpoint", required=True, help="the published file; nothing in it is ever run")
    add("--architecture", required=True, help=f"one of {', '.join(released)}")
    add("--settings", default="{}", help='JSON, e.g. {"center_len": 2000}; sizes are read from the file')
    add("--signals", default="[]", help="JSON list of names, in the order that it was trained with")
    add("--rna-features", default="[]", help="JSON list of columns of the genes table, in its order")
    add("--length", required=True, type=int, help="window length, bp")
    add("--description", default="{}", help="JSON, kept in the record: name, address, ...")
    add("--out", required=True, help="checkpoint to write (.ckpt)")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)
