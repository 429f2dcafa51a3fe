"""Released checkpoints that the configuration names: weights of other authors to predict with."""

from __future__ import annotations

import json
from dataclasses import dataclass

from prism.fetch.redaction import public
from prism.genome.genes.table import ACTIVITY, RNA_FEATURES
from prism.models.catalogue import Traits, traits
from workflow_scripts.planning.tables.names import refuse_alike

FEATURES = (*RNA_FEATURES, ACTIVITY)


@dataclass(frozen=True)
class Released:
    """One entry of `released`: a file and what was said of the model in it.

    member: the file of a zip, "" for the whole. length: of the window, bp. signals, rna_features: in the order that
    the model was trained with.
    """

    name: str
    address: str
    md5: str
    member: str
    architecture: str
    length: int
    signals: tuple[str, ...]
    rna_features: tuple[str, ...]
    settings: dict

    @property
    def traits(self) -> Traits:
        """What is known of its architecture."""
        return traits(self.architecture)

    def described(self) -> dict[str, str]:
        """The options of the import, text by name: an imported checkpoint is made again when they change."""
        origin = {"name": self.name, "address": public(self.address), "member": self.member}
        return {
            "--architecture": self.architecture,
            "--settings": json.dumps(self.settings, sort_keys=True),
            "--signals": json.dumps(self.signals),
            "--rna-features": json.dumps(self.rna_features),
            "--length": str(self.length),
            "--description": json.dumps(
                {key: value for key, value in origin.items() if value}, sort_keys=True
            ),
        }


def read_released(section: dict | None) -> dict[str, Released]:
    """Released checkpoints by name.

    section: the configuration's `released`, checked against its schema; None for none.
    Raises ValueError for odd lengths, names given twice and features that no genes table has.
    """
    found = {}
    for name, entry in (section or {}).items():
        where = f"config: released.{name}"
        if entry["length"] % 2:
            raise ValueError(
                f"{where}: length = {entry['length']} is odd; windows are centred on the TSS, give an even number"
            )
        for key in ("signals", "rna_features"):
            if len(set(entry[key])) < len(entry[key]):
                raise ValueError(f"{where}: {key} names one twice: {', '.join(entry[key])}; give each once")
        if unknown := [feature for feature in entry["rna_features"] if feature not in FEATURES]:
            raise ValueError(
                f"{where}: rna_features: {', '.join(unknown)} is no column of a genes table; known: "
                f"{', '.join(FEATURES)}"
            )
        file = entry["checkpoint"]
        found[name] = Released(
            name=name,
            address=file["address"],
            md5=file["md5"],
            member=file.get("member", ""),
            architecture=entry["architecture"],
            length=entry["length"],
            signals=tuple(entry["signals"]),
            rna_features=tuple(entry["rna_features"]),
            settings=entry.get("settings") or {},
        )
    refuse_alike(found, "config: released")
    return found
