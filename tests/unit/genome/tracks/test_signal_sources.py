"""Where the files of a signal come from."""

from __future__ import annotations

import json

import pytest

from prism.genome.tracks.signal_sources import Signal, describe, describe_file


def test_replicates_of_one_content_are_refused(tmp_path):
    files = [tmp_path / name for name in ("one", "copy", "other")]
    for file, content in zip(files, ("a", "a", "b"), strict=True):
        file.write_text(content)
    described = describe(Signal("DNase", "bigwig", (str(files[0]), str(files[2]))))
    assert described["md5"] == "0cc175b9c0f1b6a831c399e269772661,92eb5ffee6ae2fec3ad71c777531578f"
    with pytest.raises(ValueError, match=r"DNase: the replicates .*/one and .*/copy are one file twice"):
        describe(Signal("DNase", "bigwig", (str(files[0]), str(files[1]))))


def test_a_file_that_is_not_the_one_of_its_manifest_is_refused(tmp_path):
    own, link = tmp_path / "own.bw", tmp_path / "A.DNase.bigWig"
    own.write_text("a")
    link.symlink_to(own)
    manifest = {"link": str(own), "md5": "0cc175b9c0f1b6a831c399e269772661", "size": 1}
    (tmp_path / "A.DNase.bigWig.json").write_text(json.dumps(manifest))
    assert describe_file(link)["md5"] == manifest["md5"]
    for content in ("b", "longer"):
        own.write_text(content)
        with pytest.raises(
            ValueError, match=r"own\.bw is not what it was when .*DNase\.bigWig\.json was written"
        ):
            describe_file(link)
