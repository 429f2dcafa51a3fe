"""Pickles of plain mappings, such as Geneformer's dictionaries, read without running anything that they name."""

from __future__ import annotations

import json
import math
import pickle
import pickletools
from pathlib import Path
from typing import Any

import numpy as np

_POINTER = b"version https://git-lfs"
_SCALARS = {("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar")}
_BYTES = ("_codecs", "encode")  # how protocols below 3 write a number's bytes: as latin1
_TYPES = {("numpy", "dtype")}
# Objects, buffers and names by number from outside the file, which no plain mapping needs.
_REFUSED = {
    "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID", "NEXT_BUFFER",
    "READONLY_BUFFER",
}  # fmt: skip
_BOUNDED = {"PUT", "BINPUT", "LONG_BINPUT", "FRAME"}  # memory is taken by their argument
_DAMAGED = (
    pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, LookupError, OverflowError,
    MemoryError, RecursionError, UnicodeError,
)  # fmt: skip


class _NumberType:
    """Stands in for numpy.dtype: what a pickled number's bytes mean."""

    def __init__(self, code: str, *flags: Any) -> None:
        self.code, self.order = code, "="

    def __setstate__(self, state: tuple) -> None:
        self.order = state[1] if state[1] in ("<", ">") else "="


def _number(kind: _NumberType, raw: bytes | str) -> float | int:
    raw = raw.encode("latin1") if isinstance(raw, str) else raw  # of Python 2
    made = np.dtype(kind.code).newbyteorder(kind.order)
    if made.kind not in "iuf" or len(raw) != made.itemsize:
        raise pickle.UnpicklingError(f"a numpy scalar of type {kind.code!r} is no number")
    return np.frombuffer(raw, made)[0].item()


class _Plain(pickle.Unpickler):
    """Knows nothing but numpy's numbers, which it makes itself."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _SCALARS:
            return lambda kind, raw: _number(
                kind, raw
            )  # made anew: a file may set attributes of what it is given
        if (module, name) in _TYPES:
            return _NumberType
        if (module, name) == _BYTES:
            return lambda text, _: text.encode("latin1")
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is not run")


def read_plain_pickle(path: str | Path) -> Any:
    """The object of a pickle that holds plain values: mappings, lists, texts, numbers (numpy's become Python's).

    Nothing that the file names is imported or called. Its instructions are looked through first, so that none can
    ask for more memory than the file has bytes for.

    path: the file.
    Raises ValueError, naming file, reason and fix, for a file that holds anything else or is damaged.
    """
    try:
        with open(path, "rb") as file:
            _look_through(file, Path(path).stat().st_size)
            file.seek(0)
            return _Plain(file).load()
    except _DAMAGED as error:
        raise ValueError(
            f"{path}: cannot be read as a plain pickle ({error}); get the file again, or, where you trust it, write "
            "it as JSON: json.dump(pickle.load(open(FILE, 'rb')), open(NEW, 'w'))"
        ) from None


def _look_through(file: Any, size: int) -> None:
    for operation, argument, _ in pickletools.genops(file):  # ends at the first STOP, as loading does
        if operation.name in _REFUSED:
            raise pickle.UnpicklingError(f"it holds objects ({operation.name})")
        if operation.name in _BOUNDED and int(argument) > size:
            raise pickle.UnpicklingError(f"{operation.name} {argument} in a file of {size} bytes")


def read_mapping(path: str | Path) -> dict[str, Any]:
    """A mapping from texts, of a pickle (`.pkl`, `.pickle`) or of JSON (any other name).

    path: the file.
    Raises ValueError, naming file, what it holds and the fix, for anything but a mapping whose keys are texts.
    """
    with open(path, "rb") as file:
        if file.read(len(_POINTER)) == _POINTER:
            raise ValueError(
                f"{path}: is only Git LFS's pointer to the file; fetch it, such as with git lfs pull"
            )
    found = (
        read_plain_pickle(path)
        if Path(path).suffix.lower() in (".pkl", ".pickle")
        else _read_json(Path(path))
    )
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise ValueError(
            f"{path}: holds {type(found).__name__}, not a mapping from texts; give a file with one, such as "
            "Geneformer's token_dictionary"
        )
    return found


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"), object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:  # JSON's and UTF-8's are such
        raise ValueError(f"{path}: not JSON ({error}); correct the file or get it again") from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise ValueError(f"{twice!r} stands twice")
    return found


def whole_number(value: Any) -> int | None:
    """A value as a whole number; None for anything else, True and False among it.

    value: of a file.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return int(value) if value == int(value) else None
