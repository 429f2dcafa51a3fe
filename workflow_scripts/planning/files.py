"""Which files each rule reads and which options its script gets; the rules' input functions."""

from __future__ import annotations

import csv
import json

from workflow_scripts.planning import downloads
from workflow_scripts.planning.checks.data import peak_signal
from workflow_scripts.planning.data_files import DataFiles
from workflow_scripts.planning.needs import masks_by_peaks
from workflow_scripts.planning.tables.paths import find

FIGURES = "results/comparison/figures"
QUALITY = "results/qc"


class Files(DataFiles):
    """Answers of `DataFiles`, and those on what the workflow makes: peaks, elements, windows, runs, figures.

    plan: of this run of the workflow.
    """

    def peaks(self, cell_type: str) -> list[str]:
        """The peaks of a cell type's windows: its row's, else called ones where a model masks by them.

        cell_type: the name of a row of the table of cell types.
        """
        row = self.cell_type(cell_type)
        return self.element_peaks(cell_type) if row.peaks or masks_by_peaks(self.plan, cell_type) else []

    def element_peaks(self, cell_type: str) -> list[str]:
        """The peaks of a cell type: its row's, else those called from its signal.

        cell_type: the name of a row of the table of cell types.
        Raises ValueError where it has neither.
        """
        row = self.cell_type(cell_type)
        if row.peaks:
            return [each.file for each in downloads.of_track(row, row.peaks)]
        peak_signal(self.plan, cell_type)
        return [f"resources/{cell_type}/called_peaks.narrowPeak"]

    def peak_signal(self, cell_type: str) -> list[str]:
        """BigWig replicates of the signal that peaks are called from.

        cell_type: the name of a row of the table of cell types.
        Raises ValueError where the row does not have that signal as a bigWig.
        """
        row = self.cell_type(cell_type)
        track = row.signals[peak_signal(self.plan, cell_type)]
        return [each.file for each in downloads.of_track(row, track)]

    def peak_options(self) -> list[str]:
        """Options of macs3 bdgpeakcall."""
        settings = self.plan.config["peak_calling"]
        flags = (("--cutoff", "cutoff"), ("--min-length", "min_length"), ("--max-gap", "max_gap"))
        return [word for flag, key in flags for word in (flag, str(settings[key]))]

    def contacts(self, cell_type: str) -> list[str]:
        """The contact map of a cell type's elements, if its row has one; of several the first.

        cell_type: the name of a row of the table of cell types.
        """
        row = self.cell_type(cell_type)
        first = self.plan.contact_maps(cell_type)[:1]
        return [each.file for name in first for each in downloads.of_track(row, row.signals[name])]

    def contacts_json(self, cell_type: str) -> str:
        """The contact map of the elements as their script receives it.

        cell_type: the name of a row of the table of cell types.
        """
        return self._described(cell_type, self.plan.contact_maps(cell_type)[:1])

    def elements(self, cell_type: str) -> str:
        """The candidate elements of a cell type.

        cell_type: the name of a row of the table of cell types.
        """
        return f"results/elements/{cell_type}.h5"

    def elements_for(self, name: str, model: str) -> list[str]:
        """The candidate elements of what a model is trained on, if it reads them, else nothing.

        name: of a row of the table of cell types, or of a group.
        model: the name of an entry of config/models.yaml.
        """
        reads = self.plan.entries[model].traits.reads_elements
        return [self.elements(each) for each in self.plan.members(name)] if reads else []

    def genes_for(self, name: str) -> list[str]:
        """The genes tables of what a model is trained on.

        name: of a row of the table of cell types, or of a group.
        """
        return [f"results/genes/{each}.tsv" for each in self.plan.members(name)]

    def mask_options(self, cell_type: str) -> list[str]:
        """Options of the windows script for blacklist and peaks.

        cell_type: the name of a row of the table of cell types.
        """
        peaks = [f"--peaks={self.placed(file)}" for file in self.peaks(cell_type)]
        return self.blacklist_option(cell_type) + peaks

    def windows(self, cell_type: str, length: int) -> str:
        """The dataset that windows of a length are read from: the shortest that they can be cropped from.

        cell_type: the name of a row of the table of cell types.
        length: of the windows, bp.
        """
        self.cell_type(cell_type)
        return f"results/windows/{cell_type}/{self.plan.dataset_length(length)}.h5"

    def datasets_for(self, name: str, model: str) -> list[str]:
        """The datasets that a model is trained on.

        name: of a row of the table of cell types, or of a group.
        model: the name of an entry of config/models.yaml.
        """
        return [self.windows(each, self.plan.entries[model].length) for each in self.plan.members(name)]

    def shortest_dataset(self, cell_type: str) -> str:
        """The dataset of the shortest windows, which shows what lies around the TSS.

        cell_type: the name of a row of the table of cell types.
        """
        return self.windows(cell_type, min(self.plan.config["windows"]["lengths"]))

    def all_datasets(self) -> list[str]:
        """Datasets of the chosen cell types, and of the members of groups, at the chosen lengths."""
        lengths = self.plan.config["windows"]["lengths"]
        return [self.windows(name, length) for name in self.plan.described_cell_types for length in lengths]

    def of_runs(self, name: str, cell_type: str | None = None) -> list[str]:
        """One file of every training asked for.

        name: such as metrics.json.
        cell_type: of this one alone; default: of all.
        """
        return [f"{training.folder}/{name}" for training in self.plan.trainings(cell_type)]

    def of_mask_runs(self, name: str, cell_type: str) -> list[str]:
        """One file of every training of a cell type whose learned mask can be drawn.

        name: such as metrics.json.
        cell_type: the name of a row of the table of cell types.
        """
        models = self.plan.mask_models
        trainings = self.plan.trainings(cell_type)
        return [f"{training.folder}/{name}" for training in trainings if training.model in models]

    def all_figures(self) -> list[str]:
        """Every figure of the run, as SVG."""
        chosen, trained = self.plan.described_cell_types, self.plan.trained
        profiled = [name for name in chosen if self.plan.signal_names(name)]
        figures = [f"{FIGURES}/metrics.svg"] if trained else []
        by_cell_type = ["scatter", "training_curves", *(["mask"] if self.plan.mask_models else [])]
        figures += [f"{FIGURES}/{figure}.{name}.svg" for figure in by_cell_type for name in trained]
        return figures + [f"{FIGURES}/signal_profile.{name}.svg" for name in profiled]

    def published_option(self) -> list[str]:
        """The table of published results and the entries that reproduce them, as options of the figure script."""
        published = self.plan.config.get("published")
        if not published:
            return []
        with open(find(published, "published"), newline="") as lines:
            named = {row.get("entry") for row in csv.DictReader(lines, delimiter="\t")}
        entries = self.plan.entries
        references = {name: json.loads(entries[name].canonical()) for name in sorted(named & set(entries))}
        return [f"--published={published}", f"--references={json.dumps(references)}"]

    def all_quality(self) -> list[str]:
        """The page on the data of every chosen cell type, and every member of a group."""
        return [f"{QUALITY}/{name}.html" for name in self.plan.described_cell_types]
