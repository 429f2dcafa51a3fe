"""Which files each rule reads and which options its script gets; the rules' input functions."""

from __future__ import annotations

import json
import shlex

from workflow_scripts.planning import downloads
from workflow_scripts.planning.cell_types import CellType, label_json
from workflow_scripts.planning.downloads import FOLDER, Download
from workflow_scripts.planning.plan import Plan

FIGURES = "results/comparison/figures"
QUALITY = "results/qc"


class Files:
    """Answers in paths relative to the working directory.

    Under `module` with a prefix, Snakemake puts the prefix before what the rules read and write; what a script
    gets as an option or as JSON has it from here.
    """

    def __init__(self, plan: Plan):
        self.plan = plan

    def placed(self, path: str) -> str:
        """Where a file of the workflow lies, for an option of a script."""
        return self.plan.prefix + path

    def cell_type(self, name: str) -> CellType:
        """The row of a cell type; an unknown name is refused with those that are there."""
        if name not in self.plan.cell_types:
            known = ", ".join(self.plan.cell_types)
            raise ValueError(
                f"cell type {name!r} is not in {self.plan.config['cell_types']}; there are: {known}"
            )
        return self.plan.cell_types[name]

    def download(self, file: str) -> Download:
        """What the plan knows of a file under resources/downloads/."""
        return self.plan.downloads[f"{FOLDER}/{file}"]

    def download_options(self, file: str) -> str:
        """Options of the download script: address, kind and, where known, checksum and member of the archive."""
        download = self.download(file)
        options = ["--address", download.address, "--kind", download.kind]
        options += ["--md5", download.md5] if download.md5 else []
        options += ["--member", download.member] if download.member else []
        return shlex.join(options)

    def assembly_part(self, assembly: str, part: str) -> list[str]:
        """The file of a part of an assembly (genome, annotation, blacklist, gene_table), if it is named."""
        found = downloads.of_assembly(assembly, self.plan.config["assemblies"][assembly], self.plan.prefix)
        return [found[part].file] if part in found else []

    def genome(self, cell_type: str) -> str:
        """The FASTA of a cell type's assembly."""
        return f"resources/{self.cell_type(cell_type).assembly}/genome.fa"

    def annotation_options(self, assembly: str) -> str:
        """Options of the annotation script: what the configuration says of an assembly's genes."""
        settings = self.plan.config["assemblies"][assembly]
        options = []
        for flag, part in (("--gtf", "annotation"), ("--gene-table", "gene_table")):
            options += [
                word for file in self.assembly_part(assembly, part) for word in (flag, self.placed(file))
            ]
        if settings.get("gene_table"):
            described = {key: settings["gene_table"][key] for key in ("tss_base", "columns")}
            options += ["--table-settings", json.dumps(described, sort_keys=True)]
        for flag, key in (("--gene-type", "gene_type"), ("--rna-features", "rna_features")):
            options += [flag, settings[key]] if key in settings else []
        if settings.get("chromosomes"):
            options += ["--chromosomes", *settings["chromosomes"]]
        return shlex.join(options)

    def label(self, cell_type: str) -> list[str]:
        """The label's files: plus strand (or table), then minus strand."""
        plus, minus = downloads.of_label(self.cell_type(cell_type))
        return [each.file for each in plus + minus]

    def label_json(self, cell_type: str) -> str:
        """The label as the scripts receive it, its files in place of the addresses."""
        row = self.cell_type(cell_type)
        plus, minus = downloads.of_label(row)
        return label_json(
            row.label,
            files=[self.placed(each.file) for each in plus],
            minus_files=[self.placed(each.file) for each in minus],
        )

    def activity(self, cell_type: str) -> dict[str, list[str]]:
        """Replicates of each signal of the promoter activity; empty unless the row has all of them."""
        row = self.cell_type(cell_type)
        names = self.plan.config.get("promoter_activity", [])
        if not all(name in row.signals for name in names):
            return {}
        return {name: [each.file for each in downloads.of_source(row, row.signals[name])] for name in names}

    def activity_files(self, cell_type: str) -> list[str]:
        """The same files in a row."""
        return [file for files in self.activity(cell_type).values() for file in files]

    def activity_json(self, cell_type: str) -> str:
        """The same as the scripts receive it."""
        activity = self.activity(cell_type).items()
        return json.dumps({name: [self.placed(file) for file in files] for name, files in activity})

    def signals(self, cell_type: str) -> list[str]:
        """Files of all signals of the dataset, contacts included."""
        row = self.cell_type(cell_type)
        names = self.plan.signal_names(cell_type)
        return [each.file for name in names for each in downloads.of_source(row, row.signals[name])]

    def peaks(self, cell_type: str) -> list[str]:
        """The peaks of a cell type's windows: its row's, else called ones where a model masks by them."""
        row = self.cell_type(cell_type)
        return self.element_peaks(cell_type) if row.peaks or self.plan.masks_by_peaks(cell_type) else []

    def element_peaks(self, cell_type: str) -> list[str]:
        """The peaks of a cell type: its row's, else those called from its signal; refused where it has neither."""
        row = self.cell_type(cell_type)
        if row.peaks:
            return [each.file for each in downloads.of_source(row, row.peaks)]
        self.peak_signal(cell_type)
        return [f"resources/{cell_type}/called_peaks.narrowPeak"]

    def peak_signal(self, cell_type: str) -> list[str]:
        """BigWig replicates of the signal that peaks are called from."""
        row = self.cell_type(cell_type)
        source = row.signals[self.plan.peak_signal(cell_type)]
        return [each.file for each in downloads.of_source(row, source)]

    def peak_options(self) -> str:
        """Options of macs3 bdgpeakcall."""
        settings = self.plan.config["peak_calling"]
        flags = (("--cutoff", "cutoff"), ("--min-length", "min_length"), ("--max-gap", "max_gap"))
        return shlex.join(word for flag, key in flags for word in (flag, str(settings[key])))

    def contacts(self, cell_type: str) -> list[str]:
        """The contact map of a cell type's elements, if its row has one; of several the first."""
        row = self.cell_type(cell_type)
        return [each.file for name in self.plan.contact_maps(cell_type)[:1]
                for each in downloads.of_source(row, row.signals[name])]  # fmt: skip

    def contacts_json(self, cell_type: str) -> str:
        """The same as the elements script receives it."""
        return self.plan.described(cell_type, self.plan.contact_maps(cell_type)[:1])

    def elements(self, cell_type: str) -> str:
        """The candidate elements of a cell type."""
        return f"results/elements/{cell_type}.h5"

    def elements_for(self, cell_type: str, model: str) -> list[str]:
        """The same if the model reads them, else nothing."""
        return [self.elements(cell_type)] if self.plan.entries[model].reads_elements else []

    def blacklist(self, cell_type: str) -> list[str]:
        """The blacklist of a cell type's assembly, if it is named."""
        return self.assembly_part(self.cell_type(cell_type).assembly, "blacklist")

    def blacklist_option(self, cell_type: str) -> str:
        """The blacklist as an option of a script."""
        return shlex.join(
            word for file in self.blacklist(cell_type) for word in ("--blacklist", self.placed(file))
        )

    def mask_options(self, cell_type: str) -> str:
        """Options of the windows script for blacklist and peaks."""
        peaks = shlex.join(word for file in self.peaks(cell_type) for word in ("--peaks", self.placed(file)))
        return f"{self.blacklist_option(cell_type)} {peaks}".strip()

    def dataset(self, cell_type: str, model: str) -> str:
        """The dataset that a model reads: the smallest that its window can be cropped from."""
        self.cell_type(cell_type)
        return f"results/windows/{cell_type}/{self.plan.dataset_length(self.plan.entries[model].length)}.h5"

    def all_datasets(self) -> list[str]:
        """Datasets of the chosen cell types at the chosen lengths."""
        lengths = self.plan.config["windows"]["lengths"]
        return [
            f"results/windows/{name}/{length}.h5"
            for name in self.plan.chosen["cell_types"]
            for length in lengths
        ]

    def of_runs(self, name: str, cell_type: str | None = None) -> list[str]:
        """The file `name` of every run asked for (of one cell type)."""
        return [f"{run.folder}/{name}" for run in self.plan.runs(cell_type)]

    def of_mask_runs(self, name: str, cell_type: str) -> list[str]:
        """The file `name` of every run of a cell type whose learned mask can be drawn."""
        models = self.plan.mask_models
        return [f"{run.folder}/{name}" for run in self.plan.runs(cell_type) if run.model in models]

    def all_figures(self) -> list[str]:
        """Every figure of the run, as SVG."""
        chosen = self.plan.chosen["cell_types"]
        trained = [name for name in chosen if self.plan.trains(name)]
        profiled = [name for name in chosen if self.plan.signal_names(name)]
        figures = [f"{FIGURES}/metrics.svg"] if trained else []
        by_cell_type = ["scatter", "training_curves", *(["mask"] if self.plan.mask_models else [])]
        figures += [f"{FIGURES}/{figure}.{name}.svg" for figure in by_cell_type for name in trained]
        return figures + [f"{FIGURES}/signal_profile.{name}.svg" for name in profiled]

    def all_quality(self) -> list[str]:
        """The page on the data of every chosen cell type."""
        return [f"{QUALITY}/{name}.html" for name in self.plan.chosen["cell_types"]]
