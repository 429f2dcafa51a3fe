"""Files of cell types and assemblies: what the rules read of them, and what the scripts are told."""

from __future__ import annotations

import json

from prism.fetch.redaction import public
from workflow_scripts.planning import downloads
from workflow_scripts.planning.downloads import FOLDER, Download
from workflow_scripts.planning.plan import Plan
from workflow_scripts.planning.secrets import address_option
from workflow_scripts.planning.tables.cell_types import CellType
from workflow_scripts.planning.tables.names import among


class DataFiles:
    """Answers in paths relative to the working directory; several files are a list, which may be empty.

    Options are a list of words; the rules quote each (`:q`).

    Under `module` with a prefix, Snakemake puts the prefix before what the rules read and write; what a script gets as
    an option or as JSON has it from here.

    plan: of this run of the workflow.
    """

    def __init__(self, plan: Plan):
        self.plan = plan

    def placed(self, path: str) -> str:
        """Where a file of the workflow lies, for an option of a script.

        path: below the folder that the workflow writes to.
        """
        return self.plan.prefix + path

    def cell_type(self, name: str) -> CellType:
        """The row of a cell type.

        name: of the row.
        Raises ValueError for an unknown name, with those that are there.
        """
        if name not in self.plan.cell_types:
            raise ValueError(
                f"cell type {name!r} is not in {self.plan.config['cell_types']}; {among(name, self.plan.cell_types)}"
            )
        return self.plan.cell_types[name]

    def download(self, file: str) -> Download:
        """What the plan knows of a file from outside.

        file: its name under resources/downloads/.
        """
        return self.plan.downloads[f"{FOLDER}/{file}"]

    def download_options(self, file: str) -> list[str]:
        """Options of the download script: address, kind and, where known, checksum and member of the archive.

        file: to download, as the rule names it.
        """
        download = self.download(file)
        options = [address_option(download.address), f"--kind={download.kind}"]
        options += [f"--md5={download.md5}"] if download.md5 else []
        return options + ([f"--member={download.member}"] if download.member else [])

    def checksum_place(self, file: str) -> str:
        """The table or configuration file in which the checksum of a download stands.

        file: to download, as the rule names it.
        """
        return self.download(file).md5_from or "the table"

    def assembly_part(self, assembly: str, part: str) -> list[str]:
        """The file of a part of an assembly, if the configuration names it.

        assembly: a key of `assemblies` in the configuration.
        part: genome, annotation, blacklist, gene_table or strand_table.
        """
        found = downloads.of_assembly(assembly, self.plan.config["assemblies"][assembly], self.plan.prefix)
        return [found[part].file] if part in found else []

    def genome(self, cell_type: str) -> str:
        """The FASTA of a cell type's assembly.

        cell_type: the name of a row of the table of cell types.
        """
        return f"resources/{self.cell_type(cell_type).assembly}/genome.fa"

    def annotation_options(self, assembly: str) -> list[str]:
        """Options of the annotation script: what the configuration says of an assembly's genes.

        assembly: a key of `assemblies` in the configuration.
        """
        settings = self.plan.config["assemblies"][assembly]
        options = []
        parts = {"--gtf": "annotation", "--gene-table": "gene_table", "--strand-table": "strand_table"}
        for flag, part in parts.items():
            options += [f"{flag}={self.placed(file)}" for file in self.assembly_part(assembly, part)]
        if settings.get("gene_table"):
            described = {key: settings["gene_table"][key] for key in ("tss_base", "columns")}
            options += [f"--table-settings={json.dumps(described, sort_keys=True)}"]
        if columns := (settings.get("strand_table") or {}).get("columns"):
            options += [f"--strand-columns={json.dumps(columns, sort_keys=True)}"]
        for flag, key in (("--gene-type", "gene_type"), ("--rna-features", "rna_features")):
            options += [f"{flag}={settings[key]}"] if key in settings else []
        if settings.get("chromosomes"):
            options += ["--chromosomes", *settings["chromosomes"]]
        return options

    def label(self, cell_type: str) -> list[str]:
        """The label's files: plus strand (or table), then minus strand.

        cell_type: the name of a row of the table of cell types.
        """
        plus, minus = downloads.of_label(self.cell_type(cell_type))
        return [each.file for each in plus + minus]

    def label_json(self, cell_type: str) -> str:
        """The label as the scripts receive it, its files in place of the addresses.

        cell_type: the name of a row of the table of cell types.
        """
        row = self.cell_type(cell_type)
        plus, minus = downloads.of_label(row)
        columns = ("kind", "assay", "id_column", "value_column", "transform")
        described = {name: getattr(row.label, name) for name in columns}
        described["files"] = [self.placed(each.file) for each in plus]
        described["minus_files"] = [self.placed(each.file) for each in minus]
        return json.dumps(described, sort_keys=True)

    def training_label(self, name: str) -> str:
        """The label of a training, as its script receives it: of a group what its members share, and each one's.

        name: of a row of the table of cell types, or of a group.
        """
        if name not in self.plan.joint:
            return self.label_json(name)
        each = {member: json.loads(self.label_json(member)) for member in self.plan.members(name)}
        shared = next(iter(each.values()))["assay"]
        return json.dumps({"assay": shared, "cell_types": each}, sort_keys=True)

    def fold_options(self, cell_type: str) -> list[str]:
        """Options of the quality script: the folds that a cell type is trained on; [] where it is not.

        cell_type: the name of a row of the table of cell types.
        """
        folds = [str(fold) for fold in self._folds(cell_type)]
        return [f"--folds={self.plan.config['folds']}", "--fold", *folds] if folds else []

    def splits(self, cell_type: str) -> str:
        """What the folds hold that a cell type is trained on, in one text.

        cell_type: the name of a row of the table of cell types.
        """
        return json.dumps({str(fold): self.plan.splits[str(fold)] for fold in self._folds(cell_type)})

    def _folds(self, cell_type: str) -> list:
        self.cell_type(cell_type)
        return self.plan.chosen["folds"] if self.plan.trains(cell_type) else []

    def activity(self, cell_type: str) -> dict[str, list[str]]:
        """Replicates of each signal of the promoter activity; empty unless the row has all of them.

        cell_type: the name of a row of the table of cell types.
        """
        row = self.cell_type(cell_type)
        names = self.plan.config.get("promoter_activity", [])
        if not all(name in row.signals for name in names):
            return {}
        return {name: [each.file for each in downloads.of_track(row, row.signals[name])] for name in names}

    def activity_files(self, cell_type: str) -> list[str]:
        """The files of the promoter activity, signal after signal.

        cell_type: the name of a row of the table of cell types.
        """
        return [file for files in self.activity(cell_type).values() for file in files]

    def activity_json(self, cell_type: str) -> str:
        """The files of the promoter activity as the scripts receive them.

        cell_type: the name of a row of the table of cell types.
        """
        activity = self.activity(cell_type).items()
        return json.dumps({name: [self.placed(file) for file in files] for name, files in activity})

    def signals(self, cell_type: str) -> list[str]:
        """Files of all signals of the dataset, contacts included.

        cell_type: the name of a row of the table of cell types.
        """
        row = self.cell_type(cell_type)
        names = self.plan.signal_names(cell_type)
        return [each.file for name in names for each in downloads.of_track(row, row.signals[name])]

    def signals_json(self, cell_type: str) -> str:
        """The signals of the dataset as the windows script receives them.

        cell_type: the name of a row of the table of cell types.
        """
        return self._described(cell_type, self.plan.signal_names(cell_type))

    def _described(self, cell_type: str, names: list[str]) -> str:
        """Signals of a cell type as the scripts receive them: canonical JSON."""
        row, described = self.cell_type(cell_type), []
        for track in (row.signals[name] for name in names):
            described.append(
                {
                    "name": track.name,
                    "kind": track.kind,
                    "files": [self.placed(each.file) for each in downloads.of_track(row, track)],
                    "sources": [public(address) for address in track.addresses],
                    "transform": track.transform,
                    "output_type": track.output_type,
                }
            )
        return json.dumps(described, sort_keys=True)

    def blacklist(self, cell_type: str) -> list[str]:
        """The blacklist of a cell type's assembly, if it is named.

        cell_type: the name of a row of the table of cell types.
        """
        return self.assembly_part(self.cell_type(cell_type).assembly, "blacklist")

    def blacklist_option(self, cell_type: str) -> list[str]:
        """The blacklist as an option of a script.

        cell_type: the name of a row of the table of cell types.
        """
        return [f"--blacklist={self.placed(file)}" for file in self.blacklist(cell_type)]
