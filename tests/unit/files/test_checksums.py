"""Checksums beside text files, and in JSON records: what they refuse, and what they leave alone."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from prism.files import checksums
from prism.files.checked_json import read_checked, with_checksum
from prism.files.checksums import add_checksum, digits_of, holds, md5_of, refuse_damaged, writing_checked

TEXT = "gene_id\texpression\nG1\t1.5\n"
RECORD = {"seed": 2, "scores": {"pearson": 0.1234567890123456, "r2": None}, "folds": ["1", "2"]}


@pytest.fixture
def table(tmp_path) -> Path:
    with writing_checked(tmp_path / "x.tsv") as part:
        part.write_text(TEXT)
    return tmp_path / "x.tsv"


def test_digits_are_those_of_hashlib(table):
    assert md5_of(table) == hashlib.md5(TEXT.encode()).hexdigest()
    assert digits_of(table) == hashlib.sha256(TEXT.encode()).hexdigest()


def test_file_stays_as_pandas_reads_it_and_sha256sum_knows_the_other(table):
    assert pd.read_csv(table, sep="\t").to_dict("list") == {"gene_id": ["G1"], "expression": [1.5]}
    checked = subprocess.run(
        ["sha256sum", "-c", "x.tsv.sha256"], cwd=table.parent, capture_output=True, text=True
    )
    assert checked.stdout == "x.tsv: OK\n"


def test_changed_file_is_named_with_both_ways_out(table):
    table.write_text(TEXT.replace("1.5", "9.5"))
    with pytest.raises(
        ValueError, match=r"x\.tsv: damaged.*delete it and cut it.*or delete .*x\.tsv\.sha256 if you"
    ):
        refuse_damaged(table, "cut it")
    Path(f"{table}.sha256").unlink()
    refuse_damaged(table)


def test_failed_writing_leaves_both_files_as_they_were(table):
    with pytest.raises(FileNotFoundError), writing_checked(table) as part:
        part.with_name("absent").rename(part)
    assert table.read_text() == TEXT
    refuse_damaged(table)


def test_killed_before_the_checksum_leaves_none(table, monkeypatch):
    """The new file never lies beside the checksum of the old one."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checksums, "_note", killed)
    with pytest.raises(KeyboardInterrupt), writing_checked(table) as part:
        part.write_text("new")
    assert sorted(path.name for path in table.parent.iterdir()) == ["x.tsv"]
    refuse_damaged(table)


def test_checksum_is_added_to_what_another_program_made(tmp_path):
    (tmp_path / "x.bed").write_text("chr1\t1\t2\n")
    add_checksum(tmp_path / "x.bed")
    (tmp_path / "x.bed").write_text("chr1\t1\t3\n")
    with pytest.raises(ValueError, match="damaged"):
        refuse_damaged(tmp_path / "x.bed")


def test_large_file_is_read_again_only_after_a_change(table, monkeypatch):
    monkeypatch.setattr(checksums, "_LARGE", 1)
    monkeypatch.setattr(checksums, "_CLOSE", 0.0)
    reads = []
    monkeypatch.setattr(checksums, "digits_of", lambda *given: reads.append(given) or digits_of(*given))
    note, right = Path(f"{table}.sha256"), digits_of(table)
    os.utime(note, (0, 0))  # as if last checked long ago: every change is later
    assert [holds(table, right, "sha256", note) for _ in range(3)] == [True] * 3
    assert len(reads) == 1
    table.write_text(TEXT.replace("1.5", "9.5"))
    os.utime(table, (0, 0))  # an old time, as rsync -t sets it; the inode's own time tells
    os.utime(note, (1, 1))
    assert not holds(table, right, "sha256", note)


def test_record_is_read_back_without_its_checksum(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(with_checksum(RECORD), indent=3))
    assert read_checked(tmp_path / "x.json", "record", "run") == RECORD


def test_record_of_before_checksums_is_read(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(RECORD))
    assert read_checked(tmp_path / "x.json", "record", "run") == RECORD


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("0.1234567890123456", "0.1234567890123457", "record is damaged.*delete it and run"),
        ('"checksum"', '"cheksum_"', "record is damaged"),
        ('"sha256:', '"sha257:', "record is damaged"),
        ('"seed"', '"seEd"', "record is damaged"),
        ("{", "[", "not JSON"),
    ],
)
def test_changed_record_is_refused(tmp_path, right, wrong, words):
    text = json.dumps(with_checksum(RECORD))
    assert right in text
    (tmp_path / "x.json").write_text(text.replace(right, wrong, 1))
    with pytest.raises(ValueError, match=rf"x\.json: .*{words}"):
        read_checked(tmp_path / "x.json", "record", "run")
