"""Entries of dynamic tokens in a folder: simulated or real cells, a made-up genome, a small model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from prism.genome.genes.table import gene_table
from prism.genome.genes.table import write as write_genes
from prism.genome.tracks.fasta import write_fasta
from prism.simulate.landscape import lay_out
from prism.simulate.regulation import Regulation, draw_world
from prism.simulate.regulation.files import write_world
from prism.simulate.regulation.network import Sizes
from prism.simulate.sequence import draw_sequence
from prism.simulate.settings import Settings as Genome
from prism.tokens.steps.adapters import train_adapters
from prism.tokens.steps.door import pass_door
from prism.tokens.steps.effects import write_effects
from prism.tokens.steps.factor import measure
from prism.tokens.steps.inputs import CellFiles, DnaFiles
from prism.tokens.steps.measuring import Measuring
from prism.tokens.steps.pretraining import pretrain_small
from prism.tokens.steps.results import write_results
from workflow_scripts.planning.tables.tokens import read_tokens

OUT = {"effects": "effects.tsv", "scores": "scores.tsv", "profile": "profile.tsv", "edges": "edges.tsv",
       "h5ad": "tokens.h5ad", "record": "record.json"}  # fmt: skip
SMALL = {
    "foundation": {"width": 16, "layers": 2, "heads": 2, "context": 96, "steps": 30, "cells_at_once": 4},
    "adapter": {"steps": 6, "cells_at_once": 4},
    "directions": 4,
}


@dataclass
class Entry:
    """An entry whose jobs run in a folder, one after the other."""

    folder: Path
    settings: dict
    files: CellFiles
    dna: DnaFiles

    @property
    def model(self) -> Path:
        return self.folder / "foundation"

    def prepare(self) -> None:
        """The jobs before the factors: door, pretraining, adapters."""
        dictionary = str(self.folder / "dictionary.tsv")
        pass_door(self.files, self.settings, dictionary, self.folder / "door.json")
        self.files = CellFiles(self.files.paths, self.files.genes, dictionary)
        pretrain_small(self.files, self.settings, self.model, self.folder / "pretraining.json")
        self.adapt()

    def adapt(self) -> None:
        """Train the adapters."""
        out, record = self.folder / "adapters.ckpt", self.folder / "adapters.json"
        train_adapters(self.files, self.dna, self.settings, self.model, None, out, record)

    def measuring(self, key: str) -> Measuring:
        return Measuring.read(
            self.files, self.dna, self.settings, self.model, self.folder / "adapters.ckpt", key
        )

    def results(self) -> dict[str, Path]:
        """Measure all factors and write the tables."""
        parts = []
        for key in self.settings["factors"]:
            parts.append(str(self.folder / f"{key}.npz"))
            write_effects(parts[-1], measure(self.measuring(key)))
        out = {name: str(self.folder / file) for name, file in OUT.items()}
        jobs = [str(self.folder / f"{name}.json") for name in ("door", "pretraining", "adapters")]
        write_results(self.files, self.settings, "test", out, parts, [], jobs, [])
        return {name: Path(path) for name, path in out.items()}


def filled(**given) -> dict:
    """Settings of an entry with small sizes and the planning's defaults."""
    config = {"tokens": {"test": SMALL | {"encoder": {"kmers": 3, "cell_type": "any"}} | given}}
    return read_tokens(config)["test"].settings


@pytest.fixture(scope="session")
def small_world():
    """100 genes of a genome of 240, 12 donors."""
    given = {"seed": 3, "n_chromosomes": 4, "genes_per_chromosome": 60, "chromosome_length": 600_000}
    sizes = Sizes(direct=4, repressed=2, mediators=2, indirect=4, redundant=2, co_expressed=2)
    settings = Regulation(n_genes=100, n_donors=12, cells_per_donor=6, sizes=sizes, depth=800)
    return draw_world(settings, lay_out(Genome.read(given)))


@pytest.fixture(scope="session")
def simulated(small_world, tmp_path_factory) -> Entry:
    """The small world's entry, prepared once; tests leave it as it is."""
    folder = tmp_path_factory.mktemp("simulated")
    write_world(small_world, folder)
    landscape = small_world.landscape
    whole = "".join(
        f">{chrom}\n" + "".join("ACGTN"[code] for code in draw_sequence(landscape, chrom)) + "\n"
        for chrom in landscape.settings.chromosomes
    )
    (folder / "raw.fa").write_text(whole)
    write_fasta(folder / "raw.fa", folder / "genome.fa")
    columns = ["gene_id", "symbol", "chrom", "tss", "strand"]
    write_genes(gene_table(small_world.genes[columns], "genes"), folder / "genes.tsv")
    factor = small_world.variants.query("factor == 0 and changing").iloc[0]
    change = f"{factor.chrom}:{factor.position + 1} {factor.ref}>{factor.alt}"
    cells = str(folder / "cells.h5ad")
    settings = filled(
        cells=cells, genotypes=str(folder / "donors.vcf"), targets=str(folder / "targets.tsv"), n_cells=20,
        statistics={"cells": 10, "detections": 3, "draws": 100},
        factors={"F": {"gene": factor.gene_id, "mutation": {"substitutions": [change]},
                       "profile": {"interval": [-60, -40], "top": 5, "random": 5}}},
    )  # fmt: skip
    entry = Entry(folder, settings, CellFiles([cells], str(folder / "genes.tsv")),
                  DnaFiles(str(folder / "genome.fa"), 400, None, None, folder / "cache.sqlite"))  # fmt: skip
    entry.prepare()
    return entry


@pytest.fixture
def around():
    """Function: a folder with a made-up genome in which some genes begin 500 bp apart, and their genes table.

    There is no human genome beside the tests: sequences are random, so that nothing biological can come of them.
    """

    def make(folder: Path, ids: list[str], symbols: list[str]) -> tuple[str, str]:
        random = np.random.default_rng(0)
        codes = random.integers(0, 4, 500 * (len(ids) + 2))
        (folder / "raw.fa").write_text(">made_up\n" + "".join("ACGT"[code] for code in codes) + "\n")
        write_fasta(folder / "raw.fa", folder / "genome.fa")
        table = pd.DataFrame({"gene_id": ids, "symbol": symbols, "chrom": "made_up"})
        table["tss"] = 500 * np.arange(1, len(ids) + 1)
        table["strand"] = np.where(np.arange(len(ids)) % 2, "-", "+")
        write_genes(gene_table(table, "genes"), folder / "genes.tsv")
        return str(folder / "genome.fa"), str(folder / "genes.tsv")

    return make


@pytest.fixture
def entry_of():
    """Function: settings with small sizes and defaults."""
    return filled


@pytest.fixture
def new_entry():
    """The class of entries."""
    return Entry
