"""Pickles of plain mappings are read; whatever else one holds is refused and never run."""

from __future__ import annotations

import collections
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from prism.files.plain_pickle import read_mapping, read_plain_pickle, whole_number


class Command:
    """Leaves a file behind where it is unpickled by anything that runs what a pickle names."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_values_and_numpys_numbers(tmp_path, protocol):
    values = {"a": 1, "b": [2.5, None, True], "c": np.float64(1 / 3), "d": np.int32(-7), "e": np.float32(0.5)}
    (tmp_path / "p.pkl").write_bytes(pickle.dumps(values, protocol))
    found = read_mapping(tmp_path / "p.pkl")
    assert found == {"a": 1, "b": [2.5, None, True], "c": 1 / 3, "d": -7, "e": 0.5}
    assert [type(found[key]) for key in "cde"] == [float, int, float]


def test_numbers_of_the_other_byte_order(tmp_path):
    body = pickle.dumps({"a": np.float64(1.5)}, 3).replace(
        np.float64(1.5).tobytes(), np.array(1.5, ">f8").tobytes()
    )
    (tmp_path / "p.pkl").write_bytes(body.replace(b"X\x01\x00\x00\x00<", b"X\x01\x00\x00\x00>"))
    assert read_mapping(tmp_path / "p.pkl") == {"a": 1.5}


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_nothing_that_a_pickle_names_is_run(tmp_path, protocol):
    (tmp_path / "p.pkl").write_bytes(pickle.dumps({"a": Command(tmp_path / "mark")}, protocol))
    with pytest.raises(
        ValueError, match=r"p\.pkl: cannot be read as a plain pickle \(it names posix.mkdir, which is not"
    ):
        read_plain_pickle(tmp_path / "p.pkl")
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (pickle.dumps(collections.OrderedDict(a=1)), "it names collections.OrderedDict"),
        (pickle.dumps(np.ones(3)), "it names numpy"),
        (pickle.dumps(np.array(["x"], dtype="O"), 2), "it names numpy"),
        (b"\x80\x02r\xff\xff\xff\x7f.", "LONG_BINPUT 2147483647 in a file of"),
        (b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x00N.", "FRAME 72057594037927935 in a file of"),
        (b"(cos\nsystem\n", "exhausted"),
        (b"(i__main__\nX\n.", r"it holds objects \(INST\)"),
        (
            b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'O'\ntRS'12345678'\ntR.",
            "of type 'O' is no number",
        ),
        (b"", "exhausted"),
    ],
)
def test_what_is_no_plain_pickle_is_refused(tmp_path, body, reason):
    (tmp_path / "p.pkl").write_bytes(body)
    with pytest.raises(
        ValueError, match=rf"plain pickle \(.*{reason}.*\); get the file again, or, where you trust it"
    ):
        read_plain_pickle(tmp_path / "p.pkl")


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("p.pkl", pickle.dumps([1, 2]), "holds list, not a mapping from texts"),
        ("p.pkl", pickle.dumps({1: 2}), "holds dict, not a mapping from texts"),
        ("p.json", b'{"a": 1, "a": 2}', r"not JSON \('a' stands twice\)"),
        ("p.json", b"{", "not JSON"),
        ("p.pkl", b"version https://git-lfs.github.com/spec/v1\n", "only Git LFS's pointer to the file"),
    ],
)
def test_what_is_no_mapping_is_refused(tmp_path, name, body, message):
    (tmp_path / name).write_bytes(body)
    with pytest.raises(ValueError, match=rf"{name}: (is )?{message}"):
        read_mapping(tmp_path / name)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3),
        (3.0, 3),
        (3.5, None),
        ("3", None),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        (-1, -1),
    ],
)
def test_whole_numbers(value, number):
    assert whole_number(value) == number
