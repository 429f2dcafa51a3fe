"""A checksum belongs to the address for which it was given, and is named with the file in which it stands."""

from __future__ import annotations

import pytest
import yaml

from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.tables.checksums import BUNDLED, layers_of
from workflow_scripts.planning.tables.configuration import read_configuration

GENOME = "1c9dcaddfa41027f17cd8f7a82c7293b"  # as config/config.yaml gives it
MINE = "d" * 32


def of_genome(*layers: dict) -> tuple[object, str | None]:
    """md5 of hg38's genome, and where it stands, after layers that each give parts of it."""
    named = [(f"{n}.yaml", {"assemblies": {"hg38": {"genome": layer}}}) for n, layer in enumerate(layers)]
    together: dict = {}
    for layer in layers:
        together |= layer
    config, places = read_configuration({"assemblies": {"hg38": {"genome": together}}}, named)
    return config["assemblies"]["hg38"]["genome"].get("md5"), places.get("assemblies.hg38.genome")


def test_another_address_leaves_the_checksum_behind():
    bundled = read_configuration({})[0]["assemblies"]["hg38"]["genome"]["address"]
    assert of_genome({}) == (GENOME, BUNDLED)
    assert of_genome({"address": bundled}) == (GENOME, BUNDLED)
    assert of_genome({"address": "mine.fa"}) == (None, None)
    assert of_genome({"address": "mine.fa", "md5": MINE}) == (MINE, "0.yaml")
    assert of_genome({"md5": MINE}) == (MINE, "0.yaml")
    assert of_genome({"address": "mine.fa", "md5": MINE}, {"address": "theirs.fa"}) == (None, None)
    assert of_genome({"address": "mine.fa"}, {"md5": MINE}) == (MINE, "1.yaml")
    assert of_genome({"address": "mine.fa", "md5": MINE}, {"address": "mine.fa"}) == (MINE, "0.yaml")


@pytest.mark.parametrize("none", [None, ""])
def test_no_checksum_is_a_value(none):
    given = {"assemblies": {"hg38": {"genome": {"md5": none}, "gene_table": {"md5": none}}}}
    plan = make_plan(given)
    assert plan.downloads["resources/downloads/hg38.genome.fa.gz"].md5 == ""
    assert plan.downloads["resources/downloads/hg38.gene_table.csv"].md5 == ""


def test_a_gene_table_elsewhere_keeps_its_columns_but_no_checksum():
    plan = make_plan({"assemblies": {"hg38": {"gene_table": {"address": "genes.csv"}}}})
    assert plan.downloads["resources/downloads/hg38.gene_table.csv"].md5 == ""
    assert plan.config["assemblies"]["hg38"]["gene_table"]["columns"]["tss"] == "TSS"


def test_a_member_goes_with_its_address_too():
    zipped = {"address": "genome.zip", "member": "genome.fa"}
    first = ("a.yaml", {"assemblies": {"toy": {"genome": zipped}}})
    second = ("b.yaml", {"assemblies": {"toy": {"genome": {"address": "genome.fa"}}}})
    given = {"assemblies": {"toy": {"genome": zipped | {"address": "genome.fa"}}}}
    assert read_configuration(given, [first, second])[0]["assemblies"]["toy"]["genome"] == {
        "address": "genome.fa"
    }


def test_a_released_checkpoint_elsewhere_needs_a_checksum_of_its_own():
    entry = {"architecture": "prism", "signals": [], "rna_features": [], "length": 2000}
    layers = [
        (name, {"released": {"theirs": entry | {"checkpoint": checkpoint}}})
        for name, checkpoint in (
            ("a", {"address": "a.ckpt", "md5": MINE}),
            ("b", {"address": "b.ckpt"}),
        )
    ]
    given = {"released": {"theirs": entry | {"checkpoint": {"address": "b.ckpt", "md5": MINE}}}}
    with pytest.raises(ValueError, match="'md5' is a required property"):
        read_configuration(given, layers)


def test_layers_are_the_files_of_the_command_line_then_config(tmp_path):
    first, second = {"device": "cpu", "threads": {"training": 1}}, {"threads": {"training": 2}}
    for name, content in (("a.yaml", first), ("b.yaml", second)):
        (tmp_path / name).write_text(yaml.safe_dump(content))
    files = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    given = {"device": "auto", "threads": {"training": 2}}
    assert layers_of(given, files, {"device": "auto"}) == [
        (str(files[0]), first),
        (str(files[1]), second),
        ("--config", {"device": "auto"}),
    ]
    assert layers_of({"device": "cuda"}, files) == [("the configuration", {"device": "cuda"})]


def test_downloads_know_where_their_checksum_stands():
    downloads = make_plan({}).downloads
    assert downloads["resources/downloads/hg38.genome.fa.gz"].md5_from == BUNDLED
    assert downloads["resources/downloads/K562.DNase.bigWig"].md5_from == "config/cell_types.tsv, row K562"
