"""The history of a training as TensorBoard shows it; its event files are written without TensorBoard.

Format of a file: a sequence of TFRecords (length as uint64, its masked CRC-32C, data, the data's masked CRC-32C; little
endian), each a protocol buffer `Event` (wall_time = 1, step = 2, file_version = 3, summary = 5) of TensorFlow's
event.proto and summary.proto (Summary.value = 1, of tag = 1 and simple_value = 2).
"""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytorch_lightning as pl

from prism.training.loop.task import Task

VERSION = b"brain.Event:2"
POLYNOMIAL = 0x82F63B78  # of CRC-32C (Castagnoli), reflected


class TensorBoard(pl.Callback):
    """Writes every history row as scalars at its step.

    A resumed run begins the file again with the rows that its state holds: so each step is there once, and none
    that was lost with a kill.

    folder: where the event file goes.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = folder

    def on_train_start(self, trainer: pl.Trainer, task: Task) -> None:
        self._file = EventFile(self.folder)
        for row in task.journal.rows:
            self._add(row)

    def on_validation_end(self, trainer: pl.Trainer, task: Task) -> None:
        self._add(task.journal.rows[-1])

    def _add(self, row: dict[str, float]) -> None:
        self._file.add(int(row["step"]), {name: value for name, value in row.items() if name != "step"})


class EventFile:
    """A new event file in a folder. The folder's other event files are removed: the new one holds all that they held.

    folder: made where it does not exist.
    """

    def __init__(self, folder: str | Path) -> None:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("events.out.tfevents.*"):
            old.unlink()
        # TensorBoard reads on in a file whose name it knows: a new name for each attempt
        self.path = folder / f"events.out.tfevents.{time.time_ns()}"
        self._append(_double(1, time.time()) + _bytes(3, VERSION))

    def add(self, step: int, scalars: dict[str, float]) -> None:
        """Append the scalars of a step.

        step: from 0.
        scalars: values by name, written as float32.
        """
        values = b"".join(
            _bytes(1, _bytes(1, name.encode()) + _float(2, value)) for name, value in scalars.items()
        )
        self._append(_double(1, time.time()) + _integer(2, step) + _bytes(5, values))

    def _append(self, event: bytes) -> None:
        length = struct.pack("<Q", len(event))
        with open(self.path, "ab") as file:
            file.write(length + _checksum(length) + event + _checksum(event))


def crc32c(data: bytes) -> int:
    """The CRC-32C of some bytes (RFC 3720, appendix B.4).

    data: of any length.
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = [_entry(byte) for byte in range(256)]


def _checksum(data: bytes) -> bytes:
    crc = crc32c(data)
    masked = (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
    return struct.pack("<I", masked)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _integer(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | 1) + struct.pack("<d", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _float(field: int, value: float) -> bytes:
    return _varint(field << 3 | 5) + struct.pack("<f", value)
