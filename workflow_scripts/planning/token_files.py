"""Which files the rules of dynamic tokens read, and which settings their scripts get."""

from __future__ import annotations

import json

from workflow_scripts.planning.checks.tokens import simulated, window_length
from workflow_scripts.planning.files import Files
from workflow_scripts.planning.needs import needs_of
from workflow_scripts.planning.prediction_files import PredictionFiles
from workflow_scripts.planning.requests import Training
from workflow_scripts.planning.tables.tokens import TokensEntry

TOKENS = "results/tokens"
CACHE = f"{TOKENS}/embeddings.sqlite"
RESULTS = {
    "effects": "effects.tsv",
    "scores": "scores.tsv",
    "profile": "profile.tsv",
    "edges": "edges.tsv",
    "h5ad": "tokens.h5ad",
    "record": "record.json",
}
# Tables of jobs of their own.
FURTHER = {"heldout": "heldout.tsv", "routes": "routes.tsv"}
# Drawn of every entry into FIGURES/<name>/, as SVG and PNG.
FIGURES = "results/figures/tokens"
TOKEN_FIGURES = ("ranked", "controls", "direct_indirect", "profile", "network", "heldout", "routes")
_CELLS = (
    *("counts", "gene_ids", "cell_type", "donor", "totals", "genes", "dictionary", "dictionary_version"),
    "minimum_overlap",
)
# Settings that each job reads: others may change without it running again.
_READ = {
    "door": (*_CELLS, "genotypes", "targets"),
    "foundation": (*_CELLS, "foundation", "seed"),
    "adapters": (*_CELLS, "encoder", "genotypes", "adapter", "output_tokens", "seed"),
    "held_out": (*_CELLS, "encoder", "adapter", "held_out_steps", "seed"),
    "factor": (*_CELLS, "encoder", "targets", "layer", "n_cells", "directions", "seed"),
    "routes": (*_CELLS, "encoder", "targets", "layer", "n_cells", "pairs", "seed", "statistics"),
}
_OF_FACTOR = {
    "door": ("gene", "cell_types", "targets", "indirect"),
    "factor": ("gene", "cell_types", "mutation", "targets", "indirect"),
    "routes": ("gene", "cell_types", "mutation", "targets", "indirect"),
}
_OF_STATISTICS = ("detections", "cells", "donors", "cells_per_donor")

_FILES = ("genes", "dictionary", "genotypes", "targets")  # keys of an entry that name files, beside cells


class TokenFiles:
    """Answers for entries of `tokens`.

    files: of the same plan.
    """

    def __init__(self, files: Files):
        self.files, self.plan, self.predictions = files, files.plan, PredictionFiles(files)

    def entry(self, name: str) -> TokensEntry:
        """An entry.

        name: its key.
        """
        return self.plan.tokens[name]

    def of_user(self, name: str) -> list[str]:
        """Files of the user that an entry's door looks at: cells, tables, genotypes.

        name: of the entry.
        """
        entry = self.entry(name)
        settings = entry.settings
        further = [settings[key] for key in _FILES if settings[key]]
        return [*entry.cells, *further]

    def is_made(self, path: str) -> bool:
        """Whether a rule makes a file: simulated cells.

        path: of a file that an entry names.
        """
        return simulated(self.plan, path)

    def genes(self, name: str) -> str:
        """The genes table of the encoder's row.

        name: of the entry.
        """
        return f"results/genes/{self.entry(name).cell_type}.tsv"

    def genome(self, name: str) -> str:
        """The FASTA that windows are cut from.

        name: of the entry.
        """
        return self.files.genome(self.entry(name).cell_type)

    def length(self, name: str) -> int:
        """Length of the windows, bp.

        name: of the entry.
        """
        return window_length(self.plan, self.entry(name))

    def checkpoint(self, name: str) -> list[str]:
        """The checkpoint of the run that encodes the DNA, if one does.

        name: of the entry.
        """
        run = self.entry(name).run
        return [self.predictions.checkpoint(run)] if run else []

    def windows(self, name: str) -> list[str]:
        """The dataset with the signals that this run reads, if it reads any.

        name: of the entry.
        """
        entry = self.entry(name)
        if not entry.run or not needs_of(self.plan, entry.run).signals:
            return []
        return [self.files.windows(entry.cell_type, self.length(name))]

    def foundation(self, name: str) -> str:
        """config.json of the single-cell model.

        name: of the entry.
        """
        folder = self.entry(name).folder or f"{TOKENS}/{name}/foundation"
        return f"{folder}/config.json"

    def vcf(self, name: str, factor: str | None = None) -> list[str]:
        """The VCF files of mutations that are one.

        name: of the entry.
        factor: key of the only factor that is asked about; default: all.
        """
        factors = self.entry(name).factors
        mutations = [each["mutation"] for key, each in factors.items() if factor in (None, key)]
        return list(dict.fromkeys(each["vcf"] for each in mutations if "vcf" in each))

    def fold_options(self, name: str) -> list[str]:
        """Options of the adapters' script: the fold whose test genes are held out, where there is one.

        name: of the entry.
        """
        fold = self._fold(name)
        return [] if fold is None else [f"--folds={self.plan.config['folds']}", f"--fold={fold}"]

    def split(self, name: str) -> str:
        """What that fold holds, in one text: another trains the adapters again.

        name: of the entry.
        """
        fold = self._fold(name)
        return "" if fold is None else self.plan.splits[fold]

    def _fold(self, name: str) -> str | None:
        entry = self.entry(name)
        told = entry.settings["fold"]
        run = Training.named(entry.run) if entry.run else None
        return str(told) if told is not None else run.fold if run else None

    def settings(self, name: str, job: str, factor: str | None = None, profile: bool = False) -> str:
        """The settings that a job reads, as JSON.

        name: of the entry.
        job: door, foundation, adapters, held_out, factor, routes; or tables, which has all.
        factor: key of the only factor that is given; default: all.
        profile: whether the factor's mutation profile is among them.
        """
        settings = self._placed(self.entry(name).settings)
        if job not in _READ:
            return json.dumps(settings, sort_keys=True)
        kept = {key: settings[key] for key in _READ[job]}
        if job in _OF_FACTOR:
            keys = (*_OF_FACTOR[job], *(["profile"] if profile else []))
            chosen = settings["factors"] if factor is None else {factor: settings["factors"][factor]}
            kept["factors"] = {each: {key: given[key] for key in keys} for each, given in chosen.items()}
        if job == "factor":
            kept["statistics"] = {key: settings["statistics"][key] for key in _OF_STATISTICS}
        return json.dumps(kept, sort_keys=True)

    def _placed(self, settings: dict) -> dict:
        """Settings whose simulated files lie where the workflow writes them: below the prefix of a module."""

        def at(path: str | list[str] | None):
            if isinstance(path, list):
                return [at(each) for each in path]
            return self.files.placed(path) if path and self.is_made(path) else path

        return settings | {key: at(settings[key]) for key in ("cells", *_FILES)}

    def measured(self, name: str) -> list[str]:
        """What is measured of every factor.

        name: of the entry.
        """
        return [f"{TOKENS}/{name}/factors/{factor}.npz" for factor in self.entry(name).factors]

    def profiles(self, name: str) -> list[str]:
        """The mutation profiles of the factors that have one.

        name: of the entry.
        """
        factors = self.entry(name).factors
        return [
            f"{TOKENS}/{name}/profiles/{factor}.tsv" for factor, each in factors.items() if each["profile"]
        ]

    def records(self, name: str) -> list[str]:
        """Records of the jobs before the tables.

        name: of the entry.
        """
        small = [] if self.entry(name).folder else ["pretraining"]
        return [f"{TOKENS}/{name}/{job}.json" for job in ("door", *small, "adapters")]

    def memory(self, name: str) -> int:
        """MB of a job that runs the single-cell model.

        name: of the entry.
        """
        return 8000 if self.entry(name).folder else 3000

    def by_enformer(self, wanted: bool) -> list[str]:
        """The entries whose DNA encoder is Enformer, or the others.

        wanted: whether those with Enformer.
        """
        return [
            name
            for name, entry in self.plan.tokens.items()
            if ("enformer" in entry.settings["encoder"]) == wanted
        ]

    def minutes(self, name: str) -> int:
        """Minutes to ask a scheduler for, of such a job.

        name: of the entry.
        """
        return 1440 if self.entry(name).folder or "enformer" in self.entry(name).settings["encoder"] else 60

    def factors(self) -> list[str]:
        """Keys of the factors of all entries."""
        return list(dict.fromkeys(factor for entry in self.plan.tokens.values() for factor in entry.factors))

    def all(self) -> list[str]:
        """Every table and figure of every entry."""
        files = [*RESULTS.values(), *FURTHER.values()]
        tables = [f"{TOKENS}/{name}/{file}" for name in self.plan.tokens for file in files]
        return tables + [
            f"{FIGURES}/{name}/{each}.svg" for name in self.plan.tokens for each in TOKEN_FIGURES
        ]
