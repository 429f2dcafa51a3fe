"""The md5 of local files, remembered as long as a file is the same."""

from __future__ import annotations

import hashlib
import json
import os

from workflow_scripts.planning.checks.local_content import LocalContent

A, B = (hashlib.md5(text).hexdigest() for text in (b"aaaa", b"bbbb"))


def test_another_content_is_another_md5_whatever_the_time(tmp_path):
    file, memory = tmp_path / "track.bw", tmp_path / "state" / "md5.json"
    file.write_bytes(b"aaaa")
    os.utime(file, (2e9, 2e9))
    assert LocalContent(memory).md5(file) == A
    file.write_bytes(b"bbbb")  # the same size and inode
    os.utime(file, (2e9, 2e9))
    assert LocalContent(memory).md5(file) == B
    other = tmp_path / "other.bw"
    other.write_bytes(b"aaaa")
    os.utime(other, (1e9, 1e9))
    os.replace(other, file)
    assert LocalContent(memory).md5(file) == A


def test_a_file_is_read_once_and_a_moved_one_again_with_the_same_md5(tmp_path):
    file, memory = tmp_path / "track.bw", tmp_path / "md5.json"
    file.write_bytes(b"aaaa")
    assert LocalContent(memory).md5(file) == A
    kept = json.loads(memory.read_text())
    kept[str(file)][-1] = "kept"
    memory.write_text(json.dumps(kept))
    assert LocalContent(memory).md5(file) == "kept"
    file.rename(tmp_path / "moved.bw")
    assert LocalContent(memory).md5(tmp_path / "moved.bw") == A
    assert LocalContent(memory).md5(file) == ""


def test_a_damaged_memory_is_forgotten(tmp_path):
    file, memory = tmp_path / "track.bw", tmp_path / "md5.json"
    file.write_bytes(b"aaaa")
    for text in ("", "{", "[1]", "null"):
        memory.write_text(text)
        assert LocalContent(memory).md5(file) == A
