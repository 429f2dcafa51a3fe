"""What is refused of `tokens` before any job: absent files, names that are in no table, mutations that cannot be."""

from __future__ import annotations

import json
import os
from pathlib import Path

from prism.tokens.cells.genes import read_gene_names
from prism.tokens.dictionary import Dictionary, check_size, gene_called
from prism.tokens.dictionary_files import read_dictionary
from prism.tokens.encoder_kinds import ENCODERS, ENFORMER_LENGTH
from prism.tokens.perturb.asked import check_inside, read_mutation
from prism.tokens.scoring.targets import targets_of
from workflow_scripts.planning.checks.data import check_strands
from workflow_scripts.planning.needs import needs_of
from workflow_scripts.planning.plan import Plan
from workflow_scripts.planning.tables.names import among, refuse_alike
from workflow_scripts.planning.tables.tokens import (
    RESIDUAL,
    SIMULATED_CELLS,
    TokensEntry,
)

PROFILE_BP = 200  # longest interval of a mutation profile with Enformer, which takes half a minute a window
KMER_LENGTH = 2_000
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")


def check_tokens(plan: Plan) -> None:
    """Refuse entries of `tokens` that a job would fail on.

    plan: of this run of the workflow.
    Raises ValueError naming the key, the value and the fix.
    """
    refuse_alike(plan.tokens, "config: tokens:")
    for entry in plan.tokens.values():
        where = f"config: tokens.{entry.name}"
        _check_files(plan, entry, where)
        _check_encoder(plan, entry, where)
        dictionary = _check_foundation(entry, where)
        _check_adapter(plan, entry, where)
        _check_statistics(entry, where)
        refuse_alike(entry.factors, f"{where}.factors:")
        for pair in entry.settings["pairs"]:
            if unknown := [name for name in pair if name not in entry.factors]:
                raise ValueError(
                    f"{where}.pairs: {unknown[0]!r} is no factor; {among(unknown[0], entry.factors)}"
                )
            if pair[0] == pair[1]:
                raise ValueError(f"{where}.pairs names {pair[0]} twice; give two factors")
        for name in entry.factors:
            _check_factor(plan, entry, name, dictionary, f"{where}.factors.{name}")


def window_length(plan: Plan, entry: TokensEntry) -> int:
    """Length of the windows that an entry's encoder reads, bp.

    plan: of this run of the workflow.
    entry: of it.
    """
    encoder = entry.settings["encoder"]
    if "enformer" in encoder:
        return ENFORMER_LENGTH
    return needs_of(plan, entry.run).length if entry.run else encoder.get("length", KMER_LENGTH)


def simulated(plan: Plan, path: str) -> bool:
    """Whether a rule makes a file, one of the simulated cells.

    plan: of this run of the workflow.
    path: of the file.
    """
    return plan.config.get("simulate_cells") is not None and path.startswith(f"{SIMULATED_CELLS}/")


def _there(plan: Plan, path: str) -> bool:
    return not simulated(plan, path) and os.path.exists(path)


def _check_files(plan: Plan, entry: TokensEntry, where: str) -> None:
    if plan.config.get("simulate_cells") is not None and plan.config.get("simulate") is None:
        raise ValueError(
            "config: simulate_cells needs a simulated genome, and simulate is null; give its settings"
        )
    settings = entry.settings
    named = [("cells", path) for path in entry.cells]
    named += [
        (key, settings[key]) for key in ("genes", "dictionary", "genotypes", "targets") if settings[key]
    ]
    named += [
        (f"factors.{name}.mutation.vcf", factor["mutation"]["vcf"])
        for name, factor in entry.factors.items()
        if "vcf" in factor["mutation"]
    ]
    for key, path in named:
        if not os.path.exists(path) and not simulated(plan, path):
            raise ValueError(f"{where}.{key} = {path!r}: no such file; correct the path (from {os.getcwd()})")
    if twice := next((path for path in entry.cells if entry.cells.count(path) > 1), None):
        raise ValueError(f"{where}.cells names {twice} twice; give each file once")


def _check_encoder(plan: Plan, entry: TokensEntry, where: str) -> None:
    encoder, where = entry.settings["encoder"], f"{where}.encoder"
    kinds = [kind for kind in ENCODERS if kind in encoder]
    if len(kinds) != 1:
        raise ValueError(f"{where} has {' and '.join(kinds) or 'none'}; give one of {', '.join(ENCODERS)}")
    if entry.run:
        _check_run(plan, entry, where)
    elif not entry.cell_type:
        raise ValueError(f"{where}: give cell_type, a row of the table of cell types whose genes are read")
    if entry.cell_type not in plan.cell_types:
        raise ValueError(
            f"{where}.cell_type: {entry.cell_type!r} is in no table; {among(entry.cell_type, plan.cell_types)}"
        )
    check_strands(plan, entry.cell_type, "gene", where)
    length = encoder.get("length")
    if length is not None and (kinds != ["kmers"] or length % 2):
        raise ValueError(
            f"{where}.length = {length}: it is an even number, and of kmers alone; correct or remove it"
        )
    if "enformer" in encoder:
        _check_model_folder(encoder["enformer"], f"{where}.enformer", ("*.safetensors", "pytorch_model*.bin"))


def _check_run(plan: Plan, entry: TokensEntry, where: str) -> None:
    try:
        needs = needs_of(plan, entry.run)
    except ValueError as error:
        raise ValueError(f"{where}.run: {error}".replace("predictions: ", "", 1)) from None
    if needs.architecture == "ridge" or needs.elements or needs.peaks:
        why = (
            "reads candidate elements"
            if needs.elements
            else "masks by peaks"
            if needs.peaks
            else "has no hidden states"
        )
        raise ValueError(
            f"{where}.run = {entry.run}: {needs.architecture} {why}, so that it gives no embedding of a window; name "
            "a run of a network that reads windows alone"
        )
    if entry.run in plan.released and not entry.cell_type:
        raise ValueError(f"{where}: give cell_type, the row whose genes and signals {entry.run} reads")
    if entry.cell_type not in plan.cell_types:
        return
    if absent := [name for name in needs.signals if name not in plan.signal_names(entry.cell_type)]:
        raise ValueError(
            f"{where}.run = {entry.run}: it reads {', '.join(needs.signals)}, and the windows of {entry.cell_type} "
            f"lack {', '.join(absent)}; name another row as cell_type, or a run without signals"
        )
    longest = max(plan.config["windows"]["lengths"])
    if needs.signals and needs.length > longest:
        raise ValueError(
            f"{where}.run = {entry.run}: it reads windows of {needs.length} bp, the longest dataset has {longest}; add "
            f"{needs.length} to windows.lengths"
        )


def _check_model_folder(folder: str, where: str, patterns: tuple[str, ...]) -> dict:
    """The content of config.json in a folder of weights."""
    settings = Path(folder) / "config.json"
    if not settings.is_file():
        raise ValueError(f"{where} = {folder!r}: no file config.json there; give the folder of the model")
    if not any(path for pattern in patterns for path in Path(folder).glob(pattern)):
        raise ValueError(
            f"{where} = {folder!r}: holds no weights ({' or '.join(patterns)}); copy the folder again"
        )
    try:
        told = json.loads(settings.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{settings}: not JSON ({error}); copy the folder again") from None
    if not isinstance(told, dict):
        raise ValueError(f"{settings}: holds no settings; copy the folder again")
    return told


def _check_foundation(entry: TokensEntry, where: str) -> Dictionary | None:
    """The dictionary, where it is there to be read."""
    path, version, layer = (entry.settings[key] for key in ("dictionary", "dictionary_version", "layer"))
    if version and not path:
        raise ValueError(
            f"{where}.dictionary_version = {version}: belongs to a dictionary, and none is given; remove it"
        )
    dictionary = read_dictionary(path, version) if path else None
    if entry.folder is None:
        small = entry.settings["foundation"]
        if small["width"] % small["heads"]:
            raise ValueError(
                f"{where}.foundation: width = {small['width']} is no multiple of heads = {small['heads']}; change one"
            )
        layers = small["layers"]
    else:
        told = _check_model_folder(entry.folder, f"{where}.foundation", _WEIGHTS)
        if told.get("model_type") != "bert":
            raise ValueError(
                f"{where}.foundation = {entry.folder!r}: model_type is {told.get('model_type')}, not bert; give the "
                "folder of a BertForMaskedLM"
            )
        if dictionary is None:
            raise ValueError(
                f"{where}.foundation = {entry.folder!r}: a pretrained model has a dictionary of its own; give it as "
                "dictionary"
            )
        check_size(dictionary, told.get("vocab_size", 0), f"{where}.foundation = {entry.folder!r}")
        layers = told.get("num_hidden_layers", 0)
    if not -layers - 1 <= layer <= layers:
        raise ValueError(
            f"{where}.layer = {layer}: the model has {layers} layers; give -{layers + 1} to {layers}"
        )
    return dictionary


def _check_adapter(plan: Plan, entry: TokensEntry, where: str) -> None:
    adapter = entry.settings["adapter"]
    if (
        adapter["kind"] == RESIDUAL
        and not entry.settings["genotypes"]
        and adapter["steps"]
        and not adapter["train_foundation"]
    ):
        raise ValueError(
            f"{where}.adapter.kind = residual: with one genome it is the pretrained model and learns nothing; give "
            "genotypes, steps: 0 (the warm start alone), or another kind"
        )
    fold = entry.settings["fold"]
    if fold is not None and str(fold) not in plan.splits:
        raise ValueError(
            f"{where}.fold = {fold}: the table of folds has {', '.join(plan.splits)}; correct it"
        )


def _check_statistics(entry: TokensEntry, where: str) -> None:
    statistics = entry.settings["statistics"]
    if statistics["cells"] > entry.settings["n_cells"]:
        raise ValueError(
            f"{where}.statistics.cells = {statistics['cells']} is more than n_cells = {entry.settings['n_cells']}, "
            "the cells that are looked at; lower it, or raise n_cells"
        )


def _check_factor(
    plan: Plan, entry: TokensEntry, name: str, dictionary: Dictionary | None, where: str
) -> None:
    factor, length = entry.factors[name], window_length(plan, entry)
    check_inside(read_mutation(factor["mutation"], f"{where}.mutation"), length, f"{where}.mutation")
    profile = factor["profile"]
    if profile:
        start, end = profile["interval"]
        if not -(length // 2) <= start < end <= length // 2:
            raise ValueError(
                f"{where}.profile.interval = [{start}, {end}]: is no interval inside the encoder's window; give start "
                f"below end, from {-(length // 2)} to {length // 2}"
            )
        if "enformer" in entry.settings["encoder"] and end - start > PROFILE_BP:
            raise ValueError(
                f"{where}.profile.interval = [{start}, {end}]: Enformer would read {3 * (end - start):,} windows at "
                f"half a minute each; name an interval of at most {PROFILE_BP} bp"
            )
        if profile["top"] + profile["random"] > 3 * (end - start):
            raise ValueError(
                f"{where}.profile: top = {profile['top']} and random = {profile['random']} are more than the "
                f"{3 * (end - start)} changes of the interval; lower them"
            )
    if factor["indirect"] and not (entry.settings["targets"] and factor["targets"]):
        raise ValueError(
            f"{where}.indirect needs a table of lists as targets, and the factor's own column `targets` in it"
        )
    if dictionary is not None:
        table = entry.settings["genes"]
        gene_called(factor["gene"], dictionary, read_gene_names(table) if table else None)
    table = entry.settings["targets"]
    if table and _there(plan, table) and factor["targets"]:
        targets_of(table, [factor["targets"]], factor["indirect"])
