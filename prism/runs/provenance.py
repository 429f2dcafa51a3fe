"""What a run is made of: hashes, code revision, package versions, scales of its inputs."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from prism import NUMBERS_VERSION
from prism.models.catalogue import ARCHITECTURES
from prism.runs.archived_commit import COMMIT

PACKAGES = (
    *("torch", "pytorch-lightning", "numpy", "numba", "h5py"),
    *(entry.package for entry in ARCHITECTURES.values() if entry.package),
)
# enough positions for a steady 99th percentile, few enough for a second
POSITIONS_FOR_SCALE = 4_000_000


def canonical(value: Any) -> str:
    """JSON with sorted keys and no blanks: equal values have equal text.

    value: of types that JSON has; nan and infinity are refused with ValueError.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def settings_hash(entry: dict) -> str:
    """sha256 of an entry of config/models.yaml.

    entry: the entry, resolved.
    """
    return _sha256(canonical(entry))


def split_hash(gene_id: Sequence[str], splits: np.ndarray) -> str:
    """sha256 of which gene is in which split: a fold's name alone does not say what its table held.

    gene_id: ids, in the dataset's order.
    splits: (n,), the split of each gene; empty for a gene outside the fold.
    """
    return _sha256(
        canonical([[gene, str(split)] for gene, split in zip(gene_id, splits, strict=True) if split])
    )


def run_identity(
    entry: dict,
    dataset: str,
    split: str,
    fold: int | str,
    seed: int,
    cpu_precision: str = "fp32",
    start: str = "",
) -> str:
    """The hash under which training state is kept: 16 hex digits.

    Anything that moves the numbers of a run is in it, except the device and the code; NUMBERS_VERSION takes
    the place of the code.

    entry: the model's entry of config/models.yaml, resolved.
    dataset: identity of the windows, `Windows.identity`.
    split: which gene is in which split, `split_hash`.
    fold: name of the fold.
    seed: of the run.
    cpu_precision: of matrix products on a CPU, should the run come to one; default fp32.
    start: sha256 of the checkpoint that the training starts from; default "", from random weights.
    """
    parts = {"entry": entry, "dataset": dataset, "split": split, "fold": str(fold), "seed": int(seed)}
    if cpu_precision != "fp32":
        parts["cpu_precision"] = cpu_precision
    if start:
        parts["start"] = start
    return _sha256(canonical(parts | {"numbers_version": NUMBERS_VERSION}))[:16]


def git_revision() -> str | None:
    """The commit of this code: of the archive that it was unpacked from, else of its own clone.

    None where the code is neither: a repository that it only lies in, such as the user's own, has another history.
    """
    if not COMMIT.startswith("$"):
        return COMMIT
    home = Path(__file__).resolve().parents[2]
    asked = ["git", "-C", str(home), "rev-parse", "--show-toplevel", "HEAD"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    repository, revision = done.stdout.splitlines()
    return revision if Path(repository).resolve() == home else None


def package_versions() -> dict[str, str]:
    """Versions of the installed packages that numbers may depend on."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def signal_scale(windows, indices: Sequence[int]) -> dict[str, dict[str, float]]:
    """Mean and 99th percentile of every signal over the windows of some genes, as the models see them.

    Where all genes together have more than `POSITIONS_FOR_SCALE` positions, an even choice of them is taken.

    windows: the dataset, a `prism.genome.dataset.windows.Windows`.
    indices: rows of the genes.
    """
    if not windows.signal_names or not len(indices):
        return {}
    most = max(1, POSITIONS_FOR_SCALE // windows.length)
    if len(indices) > most:
        indices = np.asarray(indices)[np.linspace(0, len(indices) - 1, most).astype(int)]
    at_once = max(1, 262_144 // windows.length)
    pieces = [
        windows.batch([int(i) for i in indices[start : start + at_once]]).signals.flatten(0, 1).cpu().numpy()
        for start in range(0, len(indices), at_once)
    ]
    values = np.concatenate(pieces)
    return {
        name: {
            "mean": float(values[:, column].mean(dtype=np.float64)),
            "p99": float(np.quantile(values[:, column], 0.99)),
        }
        for column, name in enumerate(windows.signal_names)
    }


def feature_scale(windows, indices: Sequence[int]) -> dict[str, dict[str, float]]:
    """Mean and standard deviation of every gene feature over some genes.

    windows: the dataset, a `prism.genome.dataset.windows.Windows`.
    indices: rows of the genes.
    """
    if not windows.rna_feature_names or not len(indices):
        return {}
    values = windows.rna_features[np.asarray(indices)].double().cpu().numpy()
    return {
        name: {"mean": float(values[:, column].mean()), "sd": float(values[:, column].std())}
        for column, name in enumerate(windows.rna_feature_names)
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
