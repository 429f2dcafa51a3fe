"""The embeddings of windows, each computed once: one cache for all encoders, genomes and mutations."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from prism.compute.batches import chunks
from prism.tokens.dna_windows import DnaWindows
from prism.tokens.encoders import Encoder

PAUSE = 60.0  # seconds to wait for another job that writes
ASKED_AT_ONCE = 500


def embed(
    encoder: Encoder,
    windows: DnaWindows,
    cache: str | Path,
    reached: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Embeddings of windows; only those that the cache lacks are computed, each window once.

    encoder: of `prism.tokens.encoders`.
    windows: of n genes.
    cache: file that holds what was computed before, by whichever encoder; it is made where it is missing.
    reached: is told how many windows have been computed; default None, for nobody.
    Raises ValueError, naming the file and the fix, where it is no such cache, and for an embedding that is not finite.

    Returns (n, width) float32.
    """
    keys = windows.keys(encoder.identity)
    Path(cache).parent.mkdir(parents=True, exist_ok=True)
    try:
        with closing(sqlite3.connect(cache, timeout=PAUSE)) as file:
            file.execute(
                "create table if not exists embeddings (key blob primary key, value blob, checksum blob)"
            )
            found = _known(file, keys)
            first = {key: row for row, key in reversed(list(enumerate(keys))) if key not in found}
            done = 0
            for some in chunks(sorted(first.values()), encoder.at_once):
                values = np.ascontiguousarray(encoder(windows[np.asarray(some)]), np.float32)
                if not np.isfinite(values).all():
                    raise ValueError(
                        f"{encoder.identity}: gives an embedding that is not finite; look at its weights"
                    )
                rows = [(keys[row], value) for row, value in zip(some, values, strict=True)]
                with file:  # a job that is killed has written a chunk whole or not at all
                    file.executemany(
                        "insert or replace into embeddings values (?, ?, ?)",
                        [(key, value.tobytes(), _checksum(key, value.tobytes())) for key, value in rows],
                    )
                found |= dict(rows)
                done += len(some)
                if reached is not None:
                    reached(done)
    except sqlite3.Error as error:
        raise ValueError(f"{cache}: not a readable cache of embeddings ({error}); delete it") from error
    return np.stack([found[key] for key in keys])


def _known(file: sqlite3.Connection, keys: list[bytes]) -> dict[bytes, np.ndarray]:
    """What the cache holds whole; a damaged embedding counts as missing, and is computed again."""
    found = {}
    once = list(dict.fromkeys(keys))
    for start in range(0, len(once), ASKED_AT_ONCE):
        some = once[start : start + ASKED_AT_ONCE]
        marks = ",".join("?" * len(some))
        rows = file.execute(f"select key, value, checksum from embeddings where key in ({marks})", some)
        for key, value, checksum in rows:
            if checksum == _checksum(key, value):
                found[key] = np.frombuffer(value, np.float32)
    return found


def _checksum(key: bytes, value: bytes) -> bytes:
    return hashlib.sha256(key + value).digest()[:8]
