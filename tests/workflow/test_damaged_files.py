"""One changed byte in each kind of file that the workflow makes: it is named, or what is read is the same."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch

from prism.fetch.manifest import Wanted, description, present
from prism.files.checked_json import read_checked
from prism.files.checksums import BESIDE, refuse_damaged
from prism.files.unchanged import refuse_changed
from prism.genome.dataset.windows import Windows
from prism.genome.genes import table as genes
from prism.genome.tracks.fasta import Genome
from prism.runs.checkpoint import read_checkpoint
from prism.runs.history import read_history
from prism.runs.predictions import read_predictions
from prism.runs.record import RunRecord
from tests.unit.damage import never_silent
from tests.workflow.project import Project
from workflow_scripts.figure import read_table

pytestmark = pytest.mark.slow

FLIPS = 25


def bytes_of(check: Callable[[Path], object]) -> Callable[[Path], object]:
    """A file that other libraries read: the check that comes before, then all of it."""
    return lambda path: (check(path), path.read_bytes())[1]


def sequence(path: Path) -> list:
    genome = Genome(path)
    return [genome.codes(chrom, 0, length).tobytes() for chrom, length in genome.lengths.items()]


def windows(path: Path) -> list:
    data = Windows(path)
    batch = data.batch(range(len(data.gene_id)))
    facts = [data.gene_id, data.chrom, data.tss.tolist(), data.signal_names, data.sources, data.identity]
    return [batch.sequence, batch.signals, batch.peaks, batch.blacklist, facts]


def kept(path: Path) -> bytes:
    """The second name of a download, as it is looked at before it is taken."""
    wanted = Wanted(path, Path(f"{path}.json"))
    if present(wanted, [description(wanted.manifest)["requested"]], lambda _: None) is None:
        raise ValueError(f"{path} is not taken")
    return path.read_bytes()


READERS: dict[str, Callable[[Path], object]] = {
    r"resources/downloads/\.kept\..*": kept,
    r"resources/downloads/.*\.json": lambda path: read_checked(path, "download manifest", "download again"),
    r"resources/downloads/[^/]*": bytes_of(refuse_changed),
    rf".*{re.escape(BESIDE)}": lambda path: refuse_damaged(path.with_suffix("")),
    r".*/genome\.fa": sequence,
    r".*/genome\.fa\.fai": lambda path: sequence(path.with_suffix("")),
    r"(resources/[^/]*/genes|results/genes/[^/]*)\.tsv": lambda path: genes.read(path).frame,
    r"resources/simulated/.*": bytes_of(refuse_damaged),
    r"results/windows/.*\.h5": windows,
    r".*/metrics\.json": lambda path: RunRecord.read(path).content,
    r".*/history\.csv": read_history,
    r".*/predictions\.tsv\.gz": read_predictions,
    r".*/best\.ckpt": read_checkpoint,
    r"results/comparison/[^/]*\.tsv": lambda path: read_table(str(path)),
    r"results/(qc|smoke)/.*\.json": lambda path: read_checked(path, "record", "run again"),
}
# Nothing reads these: figures and pages for people, empty marks, and what Snakemake writes about its jobs.
UNREAD = r".*\.(svg|png|html|cleared)|results/job_costs/.*"


def same(found: object, right: object) -> bool:
    """Equal to the last bit."""
    if isinstance(right, torch.Tensor):
        return isinstance(found, torch.Tensor) and torch.equal(found, right)
    if isinstance(right, pd.DataFrame):
        return found.equals(right)
    if isinstance(right, dict):
        return list(found) == list(right) and all(same(found[key], right[key]) for key in right)
    if isinstance(right, list):
        return len(found) == len(right) and all(map(same, found, right))
    return type(found) is type(right) and found == right


def kind_of(name: str) -> str | None:
    return next((kind for kind in READERS if re.fullmatch(kind, name)), None)


def made(folder: Path) -> list[str]:
    """Paths of all files in resources/ and results/."""
    found = [path for top in ("resources", "results") for path in (folder / top).rglob("*")]
    return sorted(str(path.relative_to(folder)) for path in found if path.is_file())


@pytest.fixture(scope="module")
def copy(finished: Project, tmp_path_factory) -> Path:
    """What the finished workflow made; times change while it is damaged."""
    folder = tmp_path_factory.mktemp("damaged") / "project"
    for top in ("resources", "results"):
        shutil.copytree(finished.folder / top, folder / top)
    return folder


def test_every_file_has_a_reader_or_none(copy):
    assert [name for name in made(copy) if not (kind_of(name) or re.fullmatch(UNREAD, name))] == []


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.filterwarnings("ignore:Index file:RuntimeWarning")  # of pyfaidx: the damaged file is newer
def test_damaged_byte_is_never_silent(copy, kind):
    name = next(name for name in made(copy) if kind_of(name) == kind)
    path = copy / name
    named = never_silent(path, lambda: READERS[kind](path), same, FLIPS)
    assert named > 0
