"""Entries of config/models.yaml: architecture, window, signals, sizes and training protocol."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from prism.genome.genes.feature_groups import GROUPS, chosen_by, columns_of, groups_of
from prism.genome.reading import CHOICES, reading_of, recorded
from prism.models.catalogue import Traits, traits
from prism.protocol.tuning import candidates, with_values
from workflow_scripts.planning.tables.configuration import typed
from workflow_scripts.planning.tables.names import among, refuse_alike
from workflow_scripts.planning.tables.strict_yaml import load
from workflow_scripts.planning.tables.tuning import read_tune
from workflow_scripts.planning.tables.validation import check, read_schema

LONG = 20_000  # bp; training on a longer window is a matter of memory and days
SHORT = 2_000  # bp; the window that memory was measured at
GENES = 20_000  # protein-coding genes of a mammal, an upper estimate where the genes are not yet made
# Bytes of one position in a dataset: sequence, blacklist and peaks (1 each), a bigWig signal (4);
# contacts are stored per 5 kb.
BYTES_PER_POSITION, BYTES_PER_SIGNAL = 3, 4
MOST_IN_MEMORY = 2 << 30  # bytes of windows; more are streamed (`prism.genome.dataset.windows`)
# Ends of the names of entries that cost what another one costs: ablations, the demo.
COST_AS_ANOTHER = ("_norna", "_n0", "_n1", "_n4", "_demo")
# Keys that an entry's canonical text is without where they say nothing: entries without them are not trained again.
LEFT_OUT_EMPTY = ("tune", "start_from")


def training_mb(known: Traits, length: int) -> int:
    """MB of a first attempt to train: those of a 2 kb window, more in proportion up to those of a long one.

    known: what is known of the architecture.
    length: of the window, bp.
    """
    if length > LONG:
        return known.long_training_mb
    return min(known.long_training_mb, known.training_mb * max(SHORT, length) // SHORT)


def further_windows_mb(length: int, signals: int, cell_types: int) -> int:
    """MB that the windows of further cell types take beside those of the first, in one training.

    length: of the windows, bp.
    signals: that they hold, at most.
    cell_types: of the training; 1 adds nothing.
    """
    windows = GENES * length * (BYTES_PER_POSITION + BYTES_PER_SIGNAL * signals)
    return max(0, min(cell_types * windows, MOST_IN_MEMORY) - windows) // 2**20


def prediction_mb(known: Traits, length: int) -> int:
    """MB of predictions: without gradients, 1.4 GB were measured for 16,722 genes at 2 kb.

    known: what is known of the architecture.
    length: of the window, bp.
    """
    return 3000 if training_mb(known, length) <= 5000 else 8000


@dataclass(frozen=True)
class Entry:
    """One entry, its protocol filled in.

    length: of the window, bp. signals: those that it reads, None for every signal of the dataset. rna_features: the
    groups of gene features that it gets, True for all and False for none, as `feature_groups.recorded` gives them.
    settings: of its architecture. training: of its protocol. says_features: whether its file says which gene
    features it gets. orientation, scale_features: how it reads its data (`prism.genome.reading`). tune: lists of
    values that are tried before it is trained, by key of training or settings. start_from: where its first weights are
    from: {run, cell_type}, {checkpoint} or {released}; {} for random ones.
    """

    name: str
    architecture: str
    length: int
    signals: tuple[str, ...] | None
    rna_features: bool | tuple[str, ...]
    settings: dict
    training: dict
    says_features: bool = True
    orientation: str = CHOICES["orientation"][0]
    scale_features: str = CHOICES["scale_features"][0]
    tune: dict = field(default_factory=dict)
    start_from: dict = field(default_factory=dict)

    @property
    def traits(self) -> Traits:
        """What is known of its architecture."""
        return traits(self.architecture)

    @property
    def is_long(self) -> bool:
        """Whether its window is longer than `LONG`."""
        return self.length > LONG

    @property
    def training_mb(self) -> int:
        """MB of a first attempt to train it."""
        return training_mb(self.traits, self.length)

    @property
    def has_own_cost(self) -> bool:
        """Whether `benchmarks.model_costs` measures it: trained by gradient, and not at another entry's cost."""
        return not self.traits.closed_form and not self.name.endswith(COST_AS_ANOTHER)

    @property
    def masks_by_peaks(self) -> bool:
        """Whether it, or one of its candidates, takes the peaks of the windows as its input mask."""
        return "peaks" in (self.settings.get("input_mask"), *self.tune.get("input_mask", ()))

    @property
    def candidates(self) -> list[Entry]:
        """The entries that are tried before it is trained, in order; [] where it is not tuned."""
        own = {"settings": self.settings, "training": self.training}
        changed = [with_values(own, values) for values in candidates(self.tune)]
        return [replace(self, tune={}, **each) for each in changed]

    @property
    def as_trained(self) -> list[Entry]:
        """What it may be trained as: its candidates, or itself where it is not tuned."""
        return self.candidates or [self]

    @property
    def gene_features(self) -> tuple[str, ...]:
        """The groups of gene features that it gets."""
        return groups_of(self.rna_features)

    def of_its_features(self, columns: Sequence[str]) -> list[str]:
        """Those of the genes table's features that it gets, of the groups that it has chosen.

        columns: names of features.
        """
        chosen = columns_of(self.rna_features)
        return [name for name in columns if name in chosen]

    @property
    def features_as_published(self) -> bool:
        """Whether it says that it gets all gene features, and its method is published so, without signals."""
        publication = self.traits.publication
        without_signals = publication is not None and not (publication.signals and self.traits.reads_signals)
        return self.says_features and self.gene_features == tuple(GROUPS) and without_signals

    def canonical(self) -> str:
        """Sorted JSON; a model is trained again when it changes."""
        left_out = (
            "name",
            "says_features",
            *CHOICES,
            *(key for key in LEFT_OUT_EMPTY if not vars(self)[key]),
        )
        fields = {key: value for key, value in vars(self).items() if key not in left_out}
        return json.dumps(fields | recorded(vars(self)), sort_keys=True)


def read_models(paths: list[Path]) -> dict[str, Entry]:
    """The entries by name.

    paths: files of entries, of which a later one may use the protocols of an earlier one.
    Raises ValueError naming the file, the entry and the fix; also where two files have an entry of one name.
    """
    schema = read_schema("models")
    protocols: dict[str, dict] = {}
    entries: dict[str, Entry] = {}
    for path in paths:
        content = typed(load(path) or {}, schema)
        check(content, schema, str(path))
        protocols |= content.get("protocols", {})
        for name, raw in content.get("models", {}).items():
            if name in entries:
                raise ValueError(
                    f"{path}: models.{name}: another file of `models` has this name too; rename one"
                )
            entries[name] = _entry(name, raw, protocols, str(path))
        refuse_alike(entries, f"{path}: models")
    return entries


def _entry(name: str, raw: dict, protocols: dict, where: str) -> Entry:
    protocol = raw.get("protocol")
    if protocol is not None and protocol not in protocols:
        raise ValueError(
            f"{where}: models.{name}: protocol {protocol!r} is unknown; {among(protocol, sorted(protocols))}"
        )
    if raw["length"] % 2:
        raise ValueError(
            f"{where}: models.{name}: length = {raw['length']} is odd; "
            "windows are centred on the TSS, give an even number"
        )
    try:
        features = chosen_by(raw)
    except ValueError as error:
        raise ValueError(f"{where}: models.{name}: {error}") from None
    signals = raw.get("signals")
    return Entry(
        name=name,
        architecture=raw["architecture"],
        length=raw["length"],
        signals=tuple(signals) if signals is not None else None,
        rna_features=features,
        settings=raw.get("settings", {}),
        training={**protocols.get(protocol, {}), **raw.get("training", {})},
        says_features="gene_features" in raw or "rna_features" in raw,
        **reading_of(raw),
        start_from=_start_from(raw.get("start_from", {}), f"{where}: models.{name}"),
        tune=read_tune(raw.get("tune", {}), raw["architecture"], f"{where}: models.{name}"),
    )


def _start_from(raw: dict, where: str) -> dict:
    if not raw:
        return {}
    kinds = [key for key in ("run", "checkpoint", "released") if key in raw]
    if len(kinds) != 1 or ("cell_type" in raw and kinds != ["run"]):
        told = ", ".join(f"{key}: {value}" for key, value in raw.items())
        raise ValueError(
            f"{where}: start_from: {{{told}}}: give one of run, checkpoint, released; cell_type goes with run only"
        )
    return raw
