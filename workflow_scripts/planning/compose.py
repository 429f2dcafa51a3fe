"""Makes the plan: reads the configuration and the tables that it names, and checks them."""

from __future__ import annotations

from dataclasses import replace

from prism.genome.dataset.folds import read as read_folds
from workflow_scripts.planning import downloads, requests
from workflow_scripts.planning.checks.name_clashes import by_file, check_assemblies, check_signal_names
from workflow_scripts.planning.checks.predictions import check_predictions
from workflow_scripts.planning.checks.tokens import check_tokens
from workflow_scripts.planning.checks.training import check_chosen, check_settings, check_trainings
from workflow_scripts.planning.downloads import Download
from workflow_scripts.planning.plan import Plan
from workflow_scripts.planning.starts import start_pairs
from workflow_scripts.planning.tables.cell_types import read_cell_types
from workflow_scripts.planning.tables.checksums import Layers
from workflow_scripts.planning.tables.configuration import read_configuration
from workflow_scripts.planning.tables.folds import split_of
from workflow_scripts.planning.tables.models import read_models
from workflow_scripts.planning.tables.paths import find
from workflow_scripts.planning.tables.released import read_released
from workflow_scripts.planning.tables.tokens import read_tokens


def make_plan(given: dict, prefix: str = "", layers: Layers | None = None) -> Plan:
    """Lay what the user gave over the bundled configuration; check it and the tables that it names.

    given: the user's configuration; {} for the bundled one as it is.
    prefix: of a module, empty or ending on "/". Paths in a plan are without it, as Snakemake puts it before the files
    of the rules; those that scripts receive as an option or as JSON have it.
    layers: `given` file by file, as `checksums.layers_of` gives it; default: all in one.
    Raises ValueError naming the thing, the value and the fix.
    """
    _check_prefix(prefix)
    config, places = read_configuration(given, layers)
    if config.get("published"):
        find(config["published"], "published")
    cell_types = read_cell_types(find(config["cell_types"], "cell_types"), prefix)
    names = config["models"] if isinstance(config["models"], list) else [config["models"]]
    entries = read_models([find(name, "models") for name in names])
    released = read_released(config.get("released"))
    check_signal_names(config, given, cell_types)
    check_chosen(config, cell_types, entries)
    folds_path = find(config["folds"], "folds")
    folds = read_folds(folds_path)
    plan = Plan(
        config=config,
        cell_types=cell_types,
        entries=entries,
        downloads={},
        splits={fold: split_of(folds, fold, folds_path) for fold in requests.folds(config)},
        released=released,
        prefix=prefix,
        starts=start_pairs(config, entries, cell_types, released),
        tokens=read_tokens(config),
    )
    check_assemblies(config, cell_types, plan.cell_types_asked)
    plan = replace(plan, downloads=_downloads(plan, places))
    check_trainings(plan)
    check_predictions(plan)
    check_settings(plan)
    check_tokens(plan)
    return plan


def _check_prefix(prefix: str) -> None:
    """Refuse a prefix that commands would take for an option, Snakemake for a wildcard or the shell for two lines."""
    found = "-" if prefix.startswith("-") else next((each for each in prefix if each in "{}\n\r\0"), None)
    if found:
        raise ValueError(
            f"module: prefix = {prefix!r}: {found!r} cannot be {'its first character' if found == '-' else 'in it'}; "
            "choose another folder"
        )


def _downloads(plan: Plan, places: dict[str, str]) -> dict[str, Download]:
    """Every file from outside by the file that it is written to; refused where one that is asked for lacks its key."""
    asked, prefix, found = plan.cell_types_asked, plan.prefix, []
    of_asked = {plan.cell_types[name].assembly for name in asked if name in plan.cell_types}
    for name, settings in plan.config["assemblies"].items():
        parts = downloads.of_assembly(name, settings, prefix)
        if name in of_asked:
            downloads.check_keys(parts.values(), prefix)
        found += [
            replace(download, md5_from=places.get(f"assemblies.{name}.{part}", ""))
            for part, download in parts.items()
        ]
    for each in plan.released.values():
        file = downloads.of_released(each, prefix)
        if each.name in plan.released_asked:
            downloads.check_keys([file], prefix)
        found.append(replace(file, md5_from=places.get(f"released.{each.name}.checkpoint", "")))
    for cell_type in plan.cell_types.values():
        files = downloads.of_cell_type(cell_type)
        if cell_type.name in asked:
            downloads.check_keys(files, prefix)
        found += [
            replace(file, md5_from=f"{plan.config['cell_types']}, row {cell_type.name}") for file in files
        ]
    return by_file(found)
