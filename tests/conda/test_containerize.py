"""The container recipe that Snakemake writes (make containerize)."""

from __future__ import annotations

import shutil
import subprocess
import sys

from tests.unit.house.environments import uses


def test_recipe_names_every_environment(conda, root, new_project):
    project = new_project("container")
    shutil.copy(root / "Makefile", project.workflow)
    variables = project.conda.environment(project.system)
    command = ["make", "containerize", "CUDA=12.9", f"SNAKEMAKE={sys.executable} -m snakemake"]
    done = subprocess.run(command, cwd=project.workflow, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    recipe = (project.workflow / "Dockerfile").read_text().splitlines()
    assert recipe[0].startswith("FROM ")
    assert recipe[1] == "ENV CONDA_OVERRIDE_CUDA=12.9"
    for environment in {name for _, name in uses()}:
        assert f"#   source: envs/{environment}.yaml" in recipe
        assert any(line.startswith(f"COPY envs/{environment}.yaml /conda-envs/") for line in recipe)
