"""For notebooks and scripts: a finished run, the windows of a dataset by gene ids, and their tables as pandas.

`prism.load_run` and `prism.open_windows` are these functions; docs/python.md shows them at work.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from torch import nn

from prism.genome.batch import Batch
from prism.genome.dataset.windows import Windows
from prism.genome.genes import table as gene_tables
from prism.genome.reading import PLUS
from prism.inference.prediction import predicted_on, refuse_bad_prediction
from prism.inference.scale_matching import NONE, MatchedWindows, matched
from prism.inference.trained import Trained
from prism.inference.unknown_bases import unknown_warnings
from prism.runs.history import read_history
from prism.runs.paths import CHECKPOINT, HISTORY, PREDICTIONS, RECORD
from prism.runs.predictions import prediction_table, read_predictions
from prism.runs.provenance import feature_scale, signal_scale
from prism.runs.record import RunRecord

log = logging.getLogger("prism")


def load_run(path: str | Path) -> LoadedRun:
    """Load a finished run, or a single checkpoint.

    path: folder of a run, the one that holds its best.ckpt; or a best.ckpt, also one imported from a release.
    Raises ValueError, naming the path, for a folder without a best.ckpt and for a file that is not a checkpoint.
    """
    return LoadedRun(path)


def open_windows(
    path: str | Path,
    genes: str | Path | None = None,
    length: int | None = None,
    signals: Sequence[str] | None = None,
    elements: str | Path | None = None,
    in_memory: bool | str = "auto",
    orientation: str = PLUS,
) -> Dataset:
    """Open the windows that the workflow has cut.

    path: the dataset file of a cell type and a window length (.h5).
    genes: the genes table of the cell type (.tsv), for gene features and expression; None for neither.
    length: bp of the windows, an even number up to the file's; None for the file's.
    signals: names of signals, in the order in which batches shall hold them; None for all.
    elements: file of candidate elements (.h5), which EPInformer reads; None for no elements.
    in_memory: True, False (read from the file whenever asked) or "auto" (in memory up to 2 GiB).
    orientation: plus, or gene for batches in which the genes on the - strand are turned (`Batch` says how).
    Raises ValueError, naming the file and the value, for a file that is not a dataset, a signal that it lacks, a length
    that it cannot give, genes that the table lacks and, with orientation gene, genes of unknown strand.
    """
    return Dataset(path, genes, length, signals, elements, in_memory, orientation)


class Dataset:
    """Windows around the TSS of genes, by gene id; `open_windows` makes it.

    path, genes, length, signals, elements, in_memory, orientation: as for `open_windows`.

    Attributes:
    path: the dataset file.
    genes: DataFrame of gene_id, chrom, tss (0-based bp) and what the genes table says: strand, gene features,
        expression as log10(x + 1).
    gene_ids: ids of all genes, in the file's order.
    signals: names, in the order of a batch's signals.
    length: of the windows, bp.
    orientation: plus or gene.
    cell_type, assembly: names, from the file.
    """

    def __init__(
        self,
        path: str | Path,
        genes: str | Path | None = None,
        length: int | None = None,
        signals: Sequence[str] | None = None,
        elements: str | Path | None = None,
        in_memory: bool | str = "auto",
        orientation: str = PLUS,
    ):
        self.windows = Windows(
            path,
            genes,
            length,
            signals,
            in_memory=in_memory,
            elements=elements,
            orientation=orientation,
        )
        self.path, self.genes_path, self.elements_path = Path(path), genes, elements
        self.gene_ids, self.signals = list(self.windows.gene_id), list(self.windows.signal_names)
        self.length, self.cell_type = self.windows.length, self.windows.cell_type
        self.assembly, self.orientation = self.windows.assembly, orientation
        self._row_of = {gene: row for row, gene in enumerate(self.gene_ids)}
        self.genes = self._gene_table()

    def __len__(self) -> int:
        return len(self.gene_ids)

    def rows(self, gene_ids: Sequence[str] | str | None = None) -> list[int]:
        """Rows of some genes in the dataset, in the order asked for.

        gene_ids: ids, or one id; None for all genes.
        Raises ValueError, naming them, for genes that have no window here.
        """
        if gene_ids is None:
            return list(range(len(self)))
        wanted = [gene_ids] if isinstance(gene_ids, str) else [str(gene) for gene in gene_ids]
        if not wanted:
            raise ValueError(f"{self.path}: no gene id was given; give at least one, or None for all genes")
        if missing := [gene for gene in wanted if gene not in self._row_of]:
            raise ValueError(
                f"{self.path}: has no window of {gene_tables.named(missing)}; its {len(self):,} genes are "
                f"{gene_tables.named(self.gene_ids, 3)} (all of them: dataset.gene_ids)"
            )
        return [self._row_of[gene] for gene in wanted]

    def batch(self, gene_ids: Sequence[str] | str) -> Batch:
        """Windows of some genes as models read them (`prism.genome.batch.Batch`), in the order asked for.

        gene_ids: ids, or one id.
        Raises ValueError, naming them, for genes that have no window here.
        """
        return self.windows.batch(self.rows(gene_ids))

    def _gene_table(self) -> pd.DataFrame:
        loci = pd.DataFrame({"gene_id": self.gene_ids, "chrom": self.windows.chrom, "tss": self.windows.tss})
        if self.genes_path is None:
            return loci
        said = gene_tables.read(self.genes_path).kept.drop(columns=["chrom", "tss", gene_tables.DROPPED])
        return loci.merge(said, on="gene_id", how="left", validate="one_to_one")


class LoadedRun:
    """A trained model with what its run left; `load_run` makes it.

    path: folder of a run, or a best.ckpt.

    Attributes:
    path: the best.ckpt.
    module: the model in eval mode, on the CPU until it predicts elsewhere.
    architecture: a name in `prism.models.catalogue`.
    signals: names, in the model's order.
    length: of the window, bp.
    orientation: plus or gene, the direction in which the model reads genes on the - strand.
    rna_features: names of the gene features.
    """

    def __init__(self, path: str | Path):
        self.path = _checkpoint_of(Path(path))
        self._trained = Trained.load(self.path)
        facts = self._trained.checkpoint
        self.architecture, self.length = facts["architecture"], facts["length"]
        self.orientation = self._trained.orientation
        self.signals, self.rna_features = list(facts["signals"]), list(facts["rna_feature_names"])
        self._compared: set[str] = set()

    @property
    def module(self) -> nn.Module:
        """The trained model."""
        return self._trained.module

    def predict(
        self,
        dataset: Dataset,
        gene_ids: Sequence[str] | str | None = None,
        device: str = "auto",
        cpu_precision: str = "fp32",
        match_scale: str = NONE,
    ) -> pd.DataFrame:
        """Predict the expression of genes: gene_id, chrom, tss, expression where known, prediction; log10(x + 1).

        dataset: of any cell type; the model takes its own signals, window length and orientation from the dataset's
        file, whatever the dataset was opened with.
        gene_ids: ids, or one id; None for all genes.
        device: auto, cpu, cuda or cuda:<number>.
        cpu_precision: of matrix products on a CPU, fp32 or bf16.
        match_scale: none, or quantile: the dataset's signals and promoter activity are brought to training's scale.
        A gene whose window has no known base (all N) has the prediction nan, with a warning. Warns, too, where a signal
        or a gene feature has another scale, output type or transform than in training. Raises ValueError for unknown
        genes, for a dataset that lacks a signal, a gene feature or the window length, and for a checkpoint without the
        quantiles that match_scale needs.
        """
        rows = dataset.rows(gene_ids)
        if self.rna_features and dataset.genes_path is None:
            raise ValueError(
                f"{self.path}: the model reads the gene features {', '.join(self.rna_features)}, but {dataset.path} "
                "was opened without a genes table; give it: prism.open_windows(path, genes=...)"
            )
        data = self._reading(dataset)
        data = matched(self._trained.checkpoint, data, self.path, match_scale)
        self._compare_scales(data, match_scale)
        unknown = data.unknown_share(rows)
        for line in unknown_warnings(unknown, [data.gene_id[row] for row in rows]):
            warnings.warn(line.removeprefix("warning: "), stacklevel=2)
        values, known = np.full(len(rows), np.nan, np.float32), np.array(rows)[unknown < 1]
        if len(known):
            found = predicted_on(self._trained, data, known, device, cpu_precision, log.info)
            refuse_bad_prediction(found, [data.gene_id[row] for row in known])
            values[unknown < 1] = found
        table = prediction_table(data, rows, values)
        numbers = [name for name in ("expression", "prediction") if name in table]
        return table.assign(**{name: pd.to_numeric(table[name]) for name in numbers})

    @property
    def predictions(self) -> pd.DataFrame:
        """What the run predicted of its own valid and test genes."""
        return read_predictions(self._beside(PREDICTIONS))

    @property
    def history(self) -> pd.DataFrame:
        """How the training went, one row a validation; no row of a closed form."""
        return read_history(self._beside(HISTORY))

    @property
    def metrics(self) -> pd.DataFrame:
        """Scores of the run: a row for each split, a column for each score, and n, the number of genes."""
        return pd.DataFrame.from_dict(dict(self.record.metrics), orient="index")

    @property
    def record(self) -> RunRecord:
        """The run's metrics.json: scores, settings, and what the numbers can be traced back to."""
        return RunRecord.read(self._beside(RECORD))

    def _reading(self, dataset: Dataset) -> Windows:
        opened = dataset.windows
        own = self.length, self.signals, self.orientation
        if (opened.length, opened.signal_names, opened.orientation) == own:
            return opened
        return Windows(
            dataset.path,
            dataset.genes_path,
            self.length,
            self.signals,
            in_memory=opened.in_memory,
            elements=dataset.elements_path,
            orientation=self.orientation,
        )

    def _compare_scales(self, data: Windows | MatchedWindows, match_scale: str) -> None:
        """Warn once for each dataset and way to read it."""
        if (seen := f"{data.identity} {match_scale}") in self._compared:
            return
        self._compared.add(seen)
        everything = range(len(data))
        scales = signal_scale(data, everything), feature_scale(data, everything)
        for line in self._trained.scale_warnings(*scales, len(data)) + self._trained.source_warnings(
            data.sources
        ):
            warnings.warn(line.removeprefix("warning: "), stacklevel=3)

    def _beside(self, name: str) -> Path:
        path = self.path.with_name(name)
        if not path.is_file():
            raise ValueError(
                f"{path}: not there; {self.path.parent} is not the folder of a finished run, which holds "
                f"{', '.join((CHECKPOINT, RECORD, PREDICTIONS, HISTORY))}. Load the run from its folder"
            )
        return path


def _checkpoint_of(path: Path) -> Path:
    if path.is_dir():
        checkpoint = path / CHECKPOINT
        if not checkpoint.is_file():
            there = gene_tables.named(sorted(each.name for each in path.iterdir())) or "nothing"
            raise ValueError(
                f"{path}: not a run's folder: it holds {there}, and no {CHECKPOINT}. Give the folder that the "
                "training wrote (.../fold1/seed2), or a best.ckpt"
            )
        return checkpoint
    if not path.is_file():
        raise ValueError(f"{path}: no such folder or file; give a run's folder or its {CHECKPOINT}")
    return path
