"""Where the files of a signal come from."""

from __future__ import annotations

import pytest

from prism.genome.tracks.signal_sources import Signal, describe


def test_replicates_of_one_content_are_refused(tmp_path):
    files = [tmp_path / name for name in ("one", "copy", "other")]
    for file, content in zip(files, ("a", "a", "b"), strict=True):
        file.write_text(content)
    described = describe(Signal("DNase", "bigwig", (str(files[0]), str(files[2]))))
    assert described["md5"] == "0cc175b9c0f1b6a831c399e269772661,92eb5ffee6ae2fec3ad71c777531578f"
    with pytest.raises(ValueError, match=r"DNase: the replicates .*/one and .*/copy are one file twice"):
        describe(Signal("DNase", "bigwig", (str(files[0]), str(files[1]))))
