"""DNA encoders: the embedding of a gene from the sequence around its TSS."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from prism.compute.batches import chunks
from prism.files.checksums import digits_of
from prism.genome.batch import Batch
from prism.genome.reading import GENE
from prism.genome.tracks.sequence import UNKNOWN, one_hot
from prism.inference.trained import Trained
from prism.models.catalogue import traits
from prism.tokens.dna_windows import DnaWindows
from prism.tokens.encoder_kinds import ENFORMER_LENGTH

ENFORMER_BIN, ENFORMER_WIDTH = 447, 3_072


class Encoder(Protocol):
    """From windows to embeddings.

    identity: all that its numbers depend on beside a window.
    at_once: windows that it takes at a time.
    """

    identity: str
    at_once: int

    def __call__(self, windows: DnaWindows) -> np.ndarray:
        """(n, width) float32."""
        ...


class KmerCounts:
    """How often each word of k bases occurs in the window, read along the gene: the floor of all encoders.

    Words with an unknown base are left out; the counts are divided by those that are left in.

    k: bases of a word; default 4, which gives 256 values.
    Raises ValueError unless k is from 1 to 8.
    """

    at_once = 512

    def __init__(self, k: int = 4) -> None:
        if not 1 <= k <= 8:
            raise ValueError(f"k={k}: words of 1 to 8 bases are counted")
        self.k, self.identity = k, f"k-mers {k} along the gene"

    def __call__(self, windows: DnaWindows) -> np.ndarray:
        """Relative frequencies, (n, 4^k) float32, words in the order of A C G T.

        windows: of any length from k.
        """
        codes = windows.read(GENE)[0].numpy().astype(np.int64)
        words = np.lib.stride_tricks.sliding_window_view(codes, self.k, axis=1)
        known = (words < UNKNOWN).all(-1)
        number = words @ (4 ** np.arange(self.k)[::-1])
        rows = np.broadcast_to(np.arange(len(codes))[:, None], number.shape)
        cells = rows[known] * 4**self.k + number[known]
        counts = np.bincount(cells, minlength=len(codes) * 4**self.k).reshape(len(codes), -1)
        return (counts / np.maximum(known.sum(1, keepdims=True), 1)).astype(np.float32)


class TrainedRun:
    """The pooled hidden states of a run of this workflow, averaged over its bins; windows as the run reads them.

    checkpoint: its best.ckpt.
    Raises ValueError for a run of an architecture that has no hidden states (ridge) or reads candidate elements.
    """

    at_once = 8

    def __init__(self, checkpoint: str | Path) -> None:
        self.trained = Trained.load(checkpoint)
        self.name, self.facts = str(checkpoint), self.trained.checkpoint
        known = traits(self.facts["architecture"])
        if known.closed_form or known.reads_elements:
            why = (
                "has no hidden states" if known.closed_form else "reads candidate elements beside the window"
            )
            raise ValueError(
                f"{checkpoint}: {known.name} {why}, so that it gives no embedding of a window; use a run of a network "
                "that reads windows only"
            )
        self.identity = f"run {digits_of(checkpoint)}"
        self.module = self.trained.module.eval()

    def __call__(self, windows: DnaWindows) -> np.ndarray:
        """Embeddings, (n, d_model) float32.

        windows: of the run's length, with its signals where it reads some.
        """
        with torch.inference_mode():
            return self.pooled(windows).float().numpy()

    def pooled(self, windows: DnaWindows) -> Tensor:
        """Embeddings, (n, d_model), with gradients where they are on.

        windows: as for `__call__`.
        Raises ValueError for windows of another length or number of signals than the run's.
        """
        # the features of the mRNA meet the window only behind the pooling
        batch = self._batch(windows, torch.zeros(len(windows), len(self.facts["rna_feature_names"])))
        seen: list[Tensor] = []
        handle = self.module.head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        try:
            self.module(batch)
        finally:
            handle.remove()
        return seen[0].unflatten(1, (getattr(self.module, "pool_bins", 1), -1)).mean(1)

    def predicted(self, windows: DnaWindows, rna_features: np.ndarray | None = None) -> np.ndarray:
        """Expression, log10(x + 1), (n,) float64: with and without a mutation, what it changes of its own gene.

        windows: as for `__call__`.
        rna_features: (n, features), in the order of the run's training; default None, for a run that reads none.
        Raises ValueError as `pooled` does, and for features that are missing.
        """
        names = self.facts["rna_feature_names"]
        features = np.zeros((len(windows), 0)) if rna_features is None else np.asarray(rna_features)
        if features.shape != (len(windows), len(names)):
            raise ValueError(
                f"{self.name}: reads {len(names)} gene features ({', '.join(names) or 'none'}) of {len(windows)} "
                f"windows, and {features.shape} are given; they are in the genes table of its dataset"
            )
        found = []
        with torch.inference_mode():
            for some in chunks(range(len(windows)), self.at_once):
                rows = np.asarray(some)
                batch = self._batch(windows[rows], torch.from_numpy(features[rows].astype(np.float32)))
                found.append(self.module(batch).expression.double().numpy())
        return np.concatenate(found) if found else np.zeros(0)

    def _batch(self, windows: DnaWindows, rna_features: Tensor) -> Batch:
        n, length = windows.sequence.shape
        signals = list(self.facts["signals"])
        given = 0 if windows.signals is None else windows.signals.shape[2]
        if length != self.facts["length"] or given != len(signals):
            raise ValueError(
                f"{self.name}: reads windows of {self.facts['length']:,} bp with {len(signals)} signals "
                f"({', '.join(signals) or 'none'}), and these have {length:,} bp and {given}"
            )
        codes, values = windows.read(self.trained.orientation)
        return Batch(
            sequence=_ONE_HOT[codes.int()],
            signals=torch.zeros(n, length, 0) if values is None else values,
            rna_features=rna_features,
        )


class LiveRun(nn.Module):
    """A run that is trained on together with the adapter: its embeddings, computed anew each time, with gradients.

    run: whose weights learn.
    windows: all rows of the embeddings (`GenomeEmbeddings.values`), in their order.
    """

    def __init__(self, run: TrainedRun, windows: DnaWindows) -> None:
        super().__init__()
        self.module, self._run, self._windows = run.module, run, windows

    def forward(self, rows: Tensor) -> Tensor:
        """Embeddings of some rows, (n, d_model).

        rows: (n,) int64.
        """
        parts = [self._run.pooled(self._windows[part.numpy()]) for part in rows.split(self._run.at_once)]
        return torch.cat(parts)


class EnformerWindows:
    """Enformer (Avsec et al. 2021), by the package enformer-pytorch: bin 447 of 896 (from 0), 3,072 values.

    The window of 196,608 bp is read along the gene. On the - strand the TSS is then in bin 447; on the + strand it is
    the first base of bin 448, and the same bin, which ends at it, is taken.

    folder: weights and config.json, as `save_pretrained` writes them; nothing is fetched.
    Raises ValueError where the folder or the package is missing.
    """

    at_once = 1

    def __init__(self, folder: str | Path) -> None:
        folder = Path(folder)
        weights = sorted([*folder.glob("*.safetensors"), *folder.glob("pytorch_model*.bin")])
        if not (folder / "config.json").is_file() or not weights:
            raise ValueError(
                f"{folder}: holds no config.json with weights of Enformer; copy the folder again"
            )
        try:
            import enformer_pytorch
        except ModuleNotFoundError as error:
            if error.name != "enformer_pytorch":
                raise
            raise ValueError(
                "Enformer as DNA encoder needs the package enformer-pytorch, which is not installed here: pip install "
                "-r requirements-enformer.txt"
            ) from None
        told = hashlib.sha256("".join(digits_of(path) for path in weights).encode()).hexdigest()
        self.identity = f"enformer {told} bin {ENFORMER_BIN}"
        self.module = enformer_pytorch.from_pretrained(str(folder)).eval()

    def __call__(self, windows: DnaWindows) -> np.ndarray:
        """Embeddings, (n, 3,072) float32.

        windows: of 196,608 bp.
        Raises ValueError for another length.
        """
        if windows.sequence.shape[1] != ENFORMER_LENGTH:
            raise ValueError(
                f"Enformer reads windows of {ENFORMER_LENGTH:,} bp, and these have {windows.sequence.shape[1]:,}"
            )
        sequence = functional.one_hot(windows.read(GENE)[0].long(), UNKNOWN + 1)[..., :UNKNOWN].float()
        with torch.inference_mode():
            return self.module(sequence, return_only_embeddings=True)[:, ENFORMER_BIN].float().numpy()


_ONE_HOT = torch.from_numpy(one_hot(np.arange(UNKNOWN + 1)))
