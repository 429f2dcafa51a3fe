"""A package that is missing, and a pin file that does not install, do not go unnoticed."""

from __future__ import annotations

import json
import re
import subprocess

from tests.conda.deployment import pin_file_fell_back

TARGET = "resources/simulated/genome.fa.gz"


def test_a_missing_package_stops_the_rule(new_project):
    project = new_project("missing")
    file = project.workflow / "envs/data.yaml"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if "pybigwig" not in line))
    output = project.snakemake(TARGET, succeeds=False)
    log = project.folder / "logs/simulate.log"
    assert "ModuleNotFoundError: No module named 'pyBigWig'" in log.read_text(), output
    assert "Error in rule simulate" in output
    file.write_text("".join(lines))
    project.snakemake(TARGET)
    assert (project.folder / TARGET).is_file()


def test_a_pin_file_is_used_and_one_that_fails_is_seen(new_project):
    project = new_project("pinned")
    variables = project.conda.environment(project.system)

    def conda(*arguments: str) -> str:
        done = subprocess.run(
            ["conda", *arguments], env=variables, capture_output=True, text=True, check=True
        )
        return done.stdout

    project.snakemake("--conda-create-envs-only", TARGET)
    (prefix,) = project.prefixes().values()
    pin = project.workflow / f"envs/data.{json.loads(conda('info', '--json'))['platform']}.pin.txt"
    pin.write_text(conda("list", "--explicit", "--prefix", str(prefix)))
    output = project.snakemake(TARGET)
    assert re.search(rf"Using pinnings from \S*/envs/{re.escape(pin.name)}\.", output)
    assert not pin_file_fell_back(output)

    nowhere = project.folder / "nowhere/linux-64/python-3.11.15-0.conda"
    pin.write_text(f"@EXPLICIT\n{nowhere.as_uri()}\n")
    output = project.snakemake("--conda-create-envs-only", TARGET, "--forceall")
    assert pin_file_fell_back(output)
