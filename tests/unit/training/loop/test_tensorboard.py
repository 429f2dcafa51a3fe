"""Event files, read back by hand: TensorBoard itself is no part of the environment."""

from __future__ import annotations

import math
import struct

import pandas as pd
import pytest

from prism.training.fit import train
from prism.training.loop.tensorboard import EventFile, crc32c
from prism.training.run import Conditions
from tests.unit.training.tiny_training import KillError, die_at, paths_in, run_of


def fields_of(data):
    """(number, value) of the fields of a protocol buffer message: varints, doubles, bytes and floats."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
            continue
        size = varint() if kind == 2 else {1: 8, 5: 4}[kind]
        piece, at = data[at : at + size], at + size
        yield key >> 3, piece if kind == 2 else struct.unpack({1: "<d", 5: "<f"}[kind], piece)[0]


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32


def events(path):
    """[(step, {name: value})] of an event file; checksums are looked at."""
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        length, check = struct.unpack_from("<QI", data, at)
        assert check == masked(data[at : at + 8])
        event = data[at + 12 : at + 12 + length]
        assert struct.unpack_from("<I", data, at + 12 + length)[0] == masked(event)
        at += length + 16
        parsed = dict(fields_of(event))
        if 3 in parsed:
            assert parsed[3] == b"brain.Event:2"
            assert not found
            continue
        values = [dict(fields_of(value)) for _, value in fields_of(parsed[5])]
        found.append((parsed[2], {value[1].decode(): value[2] for value in values}))
    return found


def test_checksum():
    # RFC 3720, appendix B.4, and the usual check value
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(b"123456789") == 0xE3069283


def test_scalars_come_back(tmp_path):
    (tmp_path / "events.out.tfevents.1").write_bytes(b"of an attempt before")
    file = EventFile(tmp_path)
    file.add(300, {"valid_mse": 0.5, "µ": math.nan})
    file.add(70_000, {"valid_mse": -1.25})
    assert list(tmp_path.iterdir()) == [file.path]
    (first, values), second = events(file.path)
    assert (first, values["valid_mse"]) == (300, 0.5)
    assert math.isnan(values["µ"])
    assert second == (70_000, {"valid_mse": -1.25})


def test_a_resumed_run_has_every_step_once(dataset, tmp_path):
    paths, folder = paths_in(tmp_path), tmp_path / "tensorboard"
    with pytest.raises(KillError):
        train(die_at(run_of(dataset), 20), paths, "cpu", Conditions(tensorboard=folder))
    train(run_of(dataset), paths, "cpu", Conditions(tensorboard=folder))
    (file,) = folder.iterdir()
    history = pd.read_csv(paths.history)
    found = events(file)
    assert [step for step, _ in found] == history["step"].tolist()
    assert set(found[0][1]) == set(history.columns) - {"step"}
    assert [values["valid_mse"] for _, values in found] == pytest.approx(history["valid_mse"].tolist())
