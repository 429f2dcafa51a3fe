"""best.ckpt: the chosen weights of a run, and what was said of its data when it was trained."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path
from typing import Any

import torch

from prism.files.atomic import writing
from prism.files.zipped import check_zip

# raised when a key that is needed changes; `feature_scale`, which older files lack, is not needed
FORMAT = 1
# what PyTorch's reader raises on bytes that are no checkpoint: it takes them for the instructions of one
UNREADABLE = (
    RuntimeError,
    EOFError,
    pickle.UnpicklingError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    struct.error,
)
IMPORT = "import it with python -m workflow_scripts.training.import_checkpoint"


def write_checkpoint(path: str | Path, checkpoint: dict[str, Any]) -> None:
    """Write a best.ckpt; it appears whole or not at all.

    path: the file to write.
    checkpoint: tensors and plain values only, so that it loads with weights_only=True; `format` is added.
    """
    with writing(path) as part:
        torch.save({"format": FORMAT} | checkpoint, part)


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read a best.ckpt onto the CPU; only tensors and plain values are ever unpickled.

    path: the file that a training or an import wrote.
    Raises ValueError, naming the file and the fix, for a file that is damaged or not a best.ckpt.
    """
    try:
        check_zip(path)
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        raise ValueError(
            f"{path}: cannot be read, it is damaged or another kind of file ({type(error).__name__}: {_told(error)}); "
            f"delete it and re-run the training, or, where it was released by others, {IMPORT}"
        ) from None
    if not isinstance(checkpoint, dict) or checkpoint.get("format") != FORMAT:
        found = checkpoint.get("format") if isinstance(checkpoint, dict) else type(checkpoint).__name__
        raise ValueError(
            f"{path}: not a best.ckpt of this workflow (format {found}, not {FORMAT}); where it was "
            f"released by others, {IMPORT}"
        )
    return checkpoint


def _told(error: Exception) -> str:
    """What was wrong, in one line and without torch's advice."""
    return str(error).partition("\n")[0][:120]
