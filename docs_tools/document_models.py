"""Writes docs/models.md from config/models.yaml: python -m docs_tools.document_models > docs/models.md."""

from __future__ import annotations

from itertools import groupby

from docs_tools import model_tables
from prism.models.catalogue import traits
from workflow_scripts.planning.tables.models import read_models
from workflow_scripts.planning.tables.paths import BASE

ENFORMER = traits("enformer")
INTRODUCTION = f"""\
# Models
Made from `config/models.yaml` and `benchmarks/results/model_costs.tsv` by `python -m
docs_tools.document_models`; do not edit.

Parameters are counted on the model as built for three signals (H3K27ac, DNase, contacts) and nine gene features
(eight mRNA features and the promoter activity), or for those that the entry's `gene_features` chooses; not for ridge,
which is solved, nor for Enformer, whose library lives in an environment of its own ({ENFORMER.parameters:,}: see
`tests/unit/models/test_enformer.py`). Steps and batch are those of the entry's protocol; `-` where there is none.

Promoter activity is made of H3K27ac and DNase (`promoter_activity` in the configuration). The papers give it to
every model, those without signals too. So a published baseline without signals reads none along the window, but
still learns of them at the promoter. Only an entry whose signals and gene features are both `none` reads the sequence
alone; EPInformer also reads elements with activities. An ablation of a signal takes `gene_features: [mrna]`; a run
names an entry that leaves a signal out and still gets the promoter activity.

Windows are stored on the + strand: [tss - length/2, tss + length/2), 0-based, with the TSS at position length/2. With
`orientation: plus`, the default and the papers' way, models read them so, whatever the gene's strand. With
`orientation: gene` the windows of genes on the - strand are turned when a batch is made: sequence and candidate
elements are reverse-complemented, signals, peaks and blacklist reversed. The bases are the stored ones, so that the TSS
of a turned window is at length/2 - 1. One dataset file serves both, and whatever is written by position, such as a
learned mask, is on the + strand again.
"""
COSTS = """\
## What training costs
`python -m benchmarks.model_costs` measures; it says how. Memory is what training took beyond the loaded program,
time is that of one optimiser step, of so many genes (those at once in brackets, where fewer go through the model
together). On a CPU a training keeps freed memory where it has room (`prism/compute/malloc.py`); fragments are in
what it took. Where the load of the machine was well above its threads, it was busy with other work, and the time is too
long.
"""
ESTIMATES = """\
## Memory of a GPU, estimated
**No GPU has checked this.** Worked out by `prism/models/memory.py` from what every operation keeps for its
gradient, in bf16 with the fused kernels; the count for a CPU in float32 is checked against the tensors that are
kept, to 2 % (`tests/unit/models/test_memory.py`). Bytes kept for each position are those of the whole model between
the forward and the backward pass of one gene, with the layers checkpointed (`checkpoint_layers`, their inputs
kept alone) or not. The estimates in GB add weights, optimiser and a rough upper count of the layer at work; not
the library, nor the GPU's own context (about 1 GB). The plain twin of the scan (`PRISM_SCAN=reference`) would
need some ten times as much: long windows are not for it.
"""


def document() -> str:
    """The whole page."""
    entries = sorted(
        read_models([BASE / "config" / "models.yaml"]).values(), key=lambda e: (e.architecture, e.name)
    )
    costly = [entry for entry in entries if entry.has_own_cost]
    lines = [INTRODUCTION, COSTS, *model_tables.costs(costly), ESTIMATES, *model_tables.estimates(costly)]
    for architecture, group in groupby(entries, key=lambda entry: entry.architecture):
        lines += [f"## {architecture}", *model_tables.about(architecture), ""]
        lines += model_tables.listing(group)
    return "\n".join(lines)


if __name__ == "__main__":
    print(document(), end="")
