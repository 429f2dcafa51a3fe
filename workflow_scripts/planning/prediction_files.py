"""Which files the rules of predictions read, and which options their scripts get."""

from __future__ import annotations

import hashlib
import json
import re

from prism.genome.reading import PLUS
from prism.models.catalogue import traits
from workflow_scripts.planning import downloads, requests
from workflow_scripts.planning.checks.predictions import check_prediction, genes_asked
from workflow_scripts.planning.files import Files
from workflow_scripts.planning.needs import Needs, needs_of
from workflow_scripts.planning.requests import Training
from workflow_scripts.planning.tables.models import prediction_mb
from workflow_scripts.planning.tables.patterns import FOLD, NAME

PREDICTIONS = "results/predictions"
RELEASED = "results/released"


class PredictionFiles:
    """Answers for predictions with a trained or a released model.

    files: of the same plan.
    """

    def __init__(self, files: Files):
        self.files, self.plan = files, files.plan

    def of_entries(self, environment: str | None = None) -> str:
        """Wildcard constraint: names of trainings.

        environment: of entries that this conda environment serves; default: of all.
        """
        groups = self.groups(environment)
        return rf"(?:{groups})\.seed\d+" if groups != "(?!)" else groups

    def groups(self, environment: str | None = None) -> str:
        """Wildcard constraint: names of trainings, but for their seed.

        environment: of entries that this conda environment serves; default: of all.
        """
        names = [
            re.escape(name)
            for name, entry in self.plan.entries.items()
            if environment in (None, entry.traits.environment)
        ]
        return rf"{NAME}\.(?:{'|'.join(names)})\.fold{FOLD}" if names else "(?!)"

    def any_run(self) -> str:
        """Wildcard constraint: whatever can be predicted with."""
        return "|".join([self.of_entries(), *map(re.escape, self.plan.released)])

    def checkpoint(self, run: str) -> str:
        """The checkpoint of a run, imported or trained.

        run: the name of a training (K562.prism_2k.fold11.seed2) or of a released checkpoint.
        """
        training = Training.named(run)
        if run in self.plan.released or training is None:
            return f"{RELEASED}/{run}.ckpt"
        return f"{training.folder}/best.ckpt"

    def needs(self, cell_type: str, run: str) -> Needs:
        """What a run reads, all of which the cell type's files have.

        cell_type: the row to predict for.
        run: the name of a training (K562.prism_2k.fold11.seed2) or of a released checkpoint.
        Raises ValueError, with what is there and the fix, where the cell type lacks any of it.
        """
        wanted = check_prediction(self.plan, cell_type, run)
        if wanted.peaks and not self.files.peaks(cell_type):
            raise ValueError(
                f"predictions: {run} for {cell_type}: it masks its windows by peaks, and those of {cell_type} are "
                f"planned without; name this prediction in the configuration (predictions: {{{cell_type}: [{run}]}})"
            )
        return wanted

    def windows(self, cell_type: str, run: str) -> str:
        """The dataset that a run predicts from.

        cell_type: the row to predict for.
        run: the name of a training (K562.prism_2k.fold11.seed2) or of a released checkpoint.
        """
        return self.files.windows(cell_type, self.needs(cell_type, run).length)

    def elements(self, cell_type: str, run: str) -> list[str]:
        """The candidate elements that a run reads, if it reads any.

        cell_type: the row to predict for.
        run: the name of a training (K562.prism_2k.fold11.seed2) or of a released checkpoint.
        """
        return [self.files.elements(cell_type)] if self.needs(cell_type, run).elements else []

    def memory(self, run: str) -> int:
        """MB of predictions with the model of a run.

        run: the name of a training or of a released checkpoint.
        """
        wanted = needs_of(self.files.plan, run)
        return prediction_mb(traits(wanted.architecture), wanted.length)

    def expected(self, run: str) -> list[str]:
        """Options of the prediction script: what the checkpoint must be.

        run: the name of a training (K562.prism_2k.fold11.seed2) or of a released checkpoint.
        """
        wanted = needs_of(self.plan, run)
        options = ["--architecture", wanted.architecture, "--length", str(wanted.length)]
        options += ["--orientation", wanted.orientation] if wanted.orientation != PLUS else []
        return [*options, "--signals", json.dumps(wanted.signals)]

    def trained_genes(self, cell_type: str, run: str) -> list[str]:
        """The genes tables of a training, which say what it held out; [] where that is not known.

        cell_type: the row to predict for.
        run: the name of a training (K562.prism_2k.fold11.seed2) or of a released checkpoint.
        """
        training = self._of_same_genome(cell_type, run)
        return self.files.genes_for(training.cell_type) if training else []

    def fold_options(self, cell_type: str, run: str) -> list[str]:
        """Options of the prediction script: the fold that tells which genes training held out, where that is known.

        cell_type: the row to predict for.
        run: the name of a training (K562.prism_2k.fold11.seed2) or of a released checkpoint.
        """
        training = self._of_same_genome(cell_type, run)
        return [f"--folds={self.plan.config['folds']}", f"--fold={training.fold}"] if training else []

    def split(self, cell_type: str, run: str) -> str:
        """What that fold holds, in one text: another makes the predictions again.

        cell_type: the row to predict for.
        run: the name of a training (K562.prism_2k.fold11.seed2) or of a released checkpoint.
        """
        training = self._of_same_genome(cell_type, run)
        return self.plan.splits.get(training.fold, "") if training else ""

    def _of_same_genome(self, cell_type: str, run: str) -> Training | None:
        training, rows = Training.named(run), self.plan.cell_types
        if run in self.plan.released or training is None:
            return None
        trained_on = self.plan.members(training.cell_type)[0]  # those of a group share their assembly
        if not {cell_type, trained_on} <= set(rows):
            return None
        return training if rows[cell_type].assembly == rows[trained_on].assembly else None

    def match_options(self, cell_type: str) -> list[str]:
        """Options of the prediction script: whether the scale of the signals is matched.

        cell_type: the row to predict for.
        """
        match_scale = requests.asked_of(self.plan.config, cell_type).match_scale
        return [] if match_scale == "none" else [f"--match-scale={match_scale}"]

    def chosen_genes(self, cell_type: str) -> list[str]:
        """The list of the genes to predict, where not all of them are asked for.

        cell_type: the row to predict for.
        """
        asked = requests.asked_of(self.plan.config, cell_type)
        return [] if asked.genes is None else [f"{PREDICTIONS}/{cell_type}/genes.txt"]

    def names_options(self, cell_type: str) -> list[str]:
        """Options of the script that finds the genes: their names, or the file that holds them.

        cell_type: the row to predict for.
        """
        genes = requests.asked_of(self.plan.config, cell_type).genes
        return [f"--file={genes}"] if isinstance(genes, str) else [f"--names={json.dumps(genes or ())}"]

    def names_digest(self, cell_type: str) -> str:
        """sha256 of these names: others are found again.

        cell_type: the row to predict for.
        """
        names = genes_asked(self.plan.config, cell_type)
        return hashlib.sha256(json.dumps(names).encode()).hexdigest()

    def released_file(self, name: str) -> str:
        """The download of a released checkpoint.

        name: of its entry in the configuration.
        """
        return downloads.of_released(self.plan.released[name], self.plan.prefix).file

    def import_options(self, name: str) -> list[str]:
        """Options of the import script for a released checkpoint.

        name: of its entry in the configuration.
        """
        return [word for pair in self.plan.released[name].described().items() for word in pair]

    def all(self) -> list[str]:
        """Every prediction that the configuration names."""
        return [
            f"{PREDICTIONS}/{cell_type}/{run}.tsv.gz"
            for cell_type, run in requests.predictions(self.plan.config)
        ]
