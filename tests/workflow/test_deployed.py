"""The workflow deployed from a git address, by tag and by branch, into a repository of the user's own.

Git's own `insteadOf` puts a folder of this machine in the place of github.com; all else, Snakemake's clone and cache of
source files included, is as it is with the real address.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import threading
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from tests.workflow.project import CONFIG, Project, make_project
from workflow_scripts.planning.checkout import CHECKOUTS

pytestmark = pytest.mark.slow

RUN = "results/runs/simA/floor/fold1/seed2"
SECOND = "# the branch `later` has this line, the tag v1 has not\n"
# What `snakedeploy deploy-workflow` writes, beside the copies of config/ and profiles/.
SNAKEFILE = """from snakemake.utils import min_version


min_version("6.10.0")


configfile: "config/config.yaml"


# declare https://github.com/owner/prism as a module
module prism:
    snakefile:
        github("owner/prism", path="Snakefile", {revision})
    config:
        config


# use all rules from https://github.com/owner/prism
use rule * from prism
"""


@dataclass(frozen=True)
class Site:
    """The repository as https://github.com/owner/prism.

    source: a clone of it. commits: of the tag v1 and of the branch `later`.
    """

    source: Path
    commits: dict[str, str]


@pytest.fixture(scope="module")
def site(tmp_path_factory, root, git):
    """The working tree as a repository on a server, and caches that belong to this module alone."""
    folder = tmp_path_factory.mktemp("site")
    source, served = folder / "source", folder / "served/owner/prism.git"
    apart = (".venv*", ".git", "results", "resources", ".snakemake", "logs", "__pycache__")
    shutil.copytree(root, source, ignore=shutil.ignore_patterns(*apart))
    git(source, "init", "--quiet", "--initial-branch=main")
    git(source, "add", "--all")
    git(source, "commit", "--quiet", "--message", "first")
    git(source, "tag", "v1")
    git(source, "checkout", "--quiet", "-b", "later")
    with open(source / "rules/common.smk", "a") as rules:
        rules.write(SECOND)
    git(source, "commit", "--quiet", "--all", "--message", "second")
    git(folder, "clone", "--quiet", "--bare", str(source), str(served))
    (folder / "gitconfig").write_text(f'[url "file://{folder}/served/"]\n\tinsteadOf = https://github.com/\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(folder / "gitconfig"))
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.delenv("GITHUB_TOKEN", raising=False)
        yield Site(source, {name: git(source, "rev-parse", name) for name in ("v1", "later")})


def deploy(site: Site, folder: Path, revision: str) -> Project:
    """What snakedeploy makes in an empty folder, with the tables of a small simulated project beside it."""
    (folder / "workflow").mkdir(parents=True)
    (folder / "workflow/Snakefile").write_text(SNAKEFILE.format(revision=revision))
    for name in ("config", "profiles"):
        shutil.copytree(site.source / name, folder / name)
    make_project(folder, folder / "workflow")
    return Project(folder, folder / "workflow")


@pytest.mark.parametrize(("kind", "name"), [("tag", "v1"), ("branch", "later")])
def test_it_runs_the_code_of_its_commit_and_says_so(site, tmp_path, git, kind, name):
    project = deploy(site, tmp_path / "mine", f'{kind}="{name}"')
    git(project.folder, "init", "--quiet")
    git(project.folder, "add", "--all")
    git(project.folder, "commit", "--quiet", "--message", "a project of the user's own")
    with open(project.workflow / "Snakefile", "a") as snakefile:
        snakefile.write("onstart:\n    prism.onstart()\n")
    said = project.snakemake(f"{RUN}/metrics.json")
    assert re.search(r"^Jobs: \d+ \(.*1 train_ridge.*\)\nDownload: [1-9]", said, flags=re.MULTILINE)
    record = json.loads((project.folder / RUN / "metrics.json").read_text())
    assert record["provenance"]["git_revision"] == site.commits[name]
    assert record["metrics"]["test"]["n"] == 20
    (code,) = (project.folder / CHECKOUTS).iterdir()
    assert code.name == site.commits[name]
    assert (SECOND in (code / "rules/common.smk").read_text()) == (name == "later")


def test_a_plain_snakemake_makes_what_the_workflow_does_alone(site, tmp_path):
    """The configuration is the deployed one, the target the workflow's `all`."""
    project = deploy(site, tmp_path / "mine", 'tag="v1"')
    run = CONFIG["run"] | {"models": ["floor"], "seeds": [2]}
    (project.folder / "config/config.yaml").write_text(yaml.safe_dump(CONFIG | {"run": run}))
    (project.folder / "config.yaml").write_text("{}\n")
    jobs = project.planned()
    assert jobs["all"] == jobs["train_ridge"] == jobs["quality"] == 1


def test_nothing_is_fetched_twice(site, tmp_path):
    """A tag is read from the clone that Snakemake has: also without a network, into another folder."""
    deploy(site, tmp_path / "mine", 'tag="v1"').planned("windows")
    served = site.source.parent / "served"
    served.rename(tmp_path / "away")
    try:
        jobs = deploy(site, tmp_path / "other", 'tag="v1"').planned("windows")
    finally:
        (tmp_path / "away").rename(served)
    assert jobs["cut_windows"] == 1


def test_a_job_of_a_cluster_runs_what_the_run_began_with(site, tmp_path, git, monkeypatch):
    """Called as an executor calls it, after the branch has moved; the next run follows the branch."""
    served = site.source.parent / "served/owner/prism.git"
    git(site.source, "push", "--quiet", str(served), "v1:refs/heads/moving")
    project = deploy(site, tmp_path / "mine", 'branch="moving"')
    project.planned("windows")
    made = project.folder / CHECKOUTS
    git(site.source, "push", "--quiet", str(served), "later:moving")
    with monkeypatch.context() as job:
        job.setenv("PRISM_HOME", str(made / site.commits["v1"]))
        project.snakemake("--mode", "remote", "--nolock", "--target-jobs", "simulate:")
    assert (project.folder / "resources/simulated/genome.fa.gz").is_file()
    assert {each.name for each in made.iterdir()} == {site.commits["v1"]}
    project.planned("windows")
    assert {each.name for each in made.iterdir()} == set(site.commits.values())


def test_rules_that_are_read_file_by_file_are_refused(site, tmp_path):
    handler = functools.partial(SimpleHTTPRequestHandler, directory=site.source)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    project = deploy(site, tmp_path / "mine", 'tag="v1"')
    snakefile = project.workflow / "Snakefile"
    text = snakefile.read_text().replace(
        'github("owner/prism", path="Snakefile", tag="v1")', f'"{address}/Snakefile"'
    )
    snakefile.write_text(text)
    try:
        said = project.snakemake("--dry-run", succeeds=False)
    finally:
        server.shutdown()
        server.server_close()
    assert f"workflow: {address}/rules: an address of single files does not give the code" in said


@pytest.mark.skipif(
    not shutil.which("snakedeploy"), reason="no snakedeploy on the PATH (pip install snakedeploy)"
)
@pytest.mark.parametrize(("kind", "name"), [("tag", "v1"), ("branch", "later")])
def test_snakedeploy_deploys_what_runs(site, tmp_path, kind, name):
    folder = tmp_path / "mine"
    command = [
        "snakedeploy",
        "deploy-workflow",
        "https://github.com/owner/prism",
        str(folder),
        f"--{kind}",
        name,
    ]
    subprocess.run(command, check=True)
    assert (folder / "workflow/Snakefile").read_text().split() == SNAKEFILE.format(
        revision=f'{kind}="{name}"'
    ).split()
    make_project(folder, folder / "workflow")
    jobs = Project(folder, folder / "workflow").planned()
    assert jobs["all"] == jobs["quality"] == 1
