"""The folder whose code the rules run, by Snakemake's own classes of source files; nothing is fetched."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from snakemake.sourcecache import GenericSourceFile, GithubFile, GitlabFile, LocalGitFile, LocalSourceFile

from workflow_scripts.planning import checkout as module
from workflow_scripts.planning.checkout import CHECKOUTS, base, checkout


@pytest.fixture
def repository(tmp_path, git) -> Path:
    """Two commits: `first` carries the annotated tag v1, `second` is where the branch main is."""
    folder = tmp_path / "repository"
    (folder / "rules").mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    for word in ("first", "second"):
        (folder / "rules/word.smk").write_text(word)
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", word)
        if word == "first":
            git(folder, "tag", "--annotate", "v1", "--message", "one")
    return folder


@pytest.fixture
def bare(repository, tmp_path, git) -> Path:
    """Snakemake's bare clone of it, in the cache, as of github.com/<name of the test's folder>/prism."""
    clone = tmp_path / f"cache/snakemake-git-cache/github.com/{tmp_path.name}/prism"
    git(tmp_path, "clone", "--quiet", "--bare", str(repository), str(clone))
    return clone


@pytest.fixture
def commit(git):
    """Function: the commit of a revision in a repository."""
    return lambda repository, revision: git(repository, "rev-parse", f"{revision}^{{commit}}")


def test_files_on_this_machine_are_run_where_they_are():
    assert base(LocalSourceFile("/home/me/prism/rules")) == "/home/me/prism"
    assert base(LocalSourceFile("/home/me/prism/rules"), given="/somewhere/else") == "/home/me/prism"


@pytest.mark.parametrize(("revision", "word"), [("v1", "first"), ("main", "second"), ("main~1", "first")])
def test_a_revision_is_unpacked_under_its_commit(repository, tmp_path, commit, revision, word):
    made = checkout(repository, revision, tmp_path / "made")
    assert made == tmp_path / "made" / commit(repository, revision)
    assert (made / "rules/word.smk").read_text() == word
    assert [each.name for each in (tmp_path / "made").iterdir()] == [made.name]


def test_a_checkout_is_made_once(repository, tmp_path, commit):
    made = checkout(repository, "v1", tmp_path / "made")
    (made / "mine").touch()
    assert checkout(repository, commit(repository, "v1"), tmp_path / "made") == made
    assert (made / "mine").exists()


def test_many_at_once_find_the_same_whole_checkout(repository, tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: checkout(repository, "main", tmp_path / "made"), range(16)))
    assert made == set((tmp_path / "made").iterdir())
    assert len(made) == 1


def test_a_process_that_is_overtaken_takes_what_the_other_made(repository, tmp_path, monkeypatch):
    def overtaken(self, target):
        (target / "rules").mkdir(parents=True)
        raise OSError("not empty")

    monkeypatch.setattr(Path, "rename", overtaken)
    assert checkout(repository, "main", tmp_path / "made").is_dir()


def test_a_checkout_that_cannot_be_placed_is_an_error(repository, tmp_path, monkeypatch):
    def refused(self, target):
        raise PermissionError(str(target))

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(PermissionError):
        checkout(repository, "main", tmp_path / "made")
    assert list((tmp_path / "made").iterdir()) == []


@pytest.mark.parametrize("how", [{"tag": "v1"}, {"branch": "main"}, {"commit": "main~1"}])
def test_a_hosting_site_by_snakemakes_own_clone(bare, tmp_path, commit, monkeypatch, how):
    monkeypatch.chdir(tmp_path)
    cache = bare.parents[2]
    rules = GithubFile(repo=f"{tmp_path.name}/prism", path="rules", cache_path=cache, **how)
    assert base(rules) == str(tmp_path / CHECKOUTS / commit(bare, *how.values()))


def test_another_hosting_site_likewise(bare, tmp_path, commit, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cache, where = bare.parents[2], f"{tmp_path.name}/prism"
    rules = GitlabFile(repo=where, path="rules", cache_path=cache, tag="v1", host="github.com")
    assert base(rules) == str(tmp_path / CHECKOUTS / commit(bare, "v1"))


def test_a_job_runs_what_the_run_began_with(bare, tmp_path, git, monkeypatch):
    """A branch that moved in between: what a job of a cluster, which does not fetch, must not follow."""
    monkeypatch.chdir(tmp_path)
    rules = GithubFile(repo=f"{tmp_path.name}/prism", path="rules", branch="main", cache_path=bare.parents[2])
    begun = base(rules)
    git(bare, "branch", "--force", "main", "main~1")
    assert base(rules, given=begun) == begun
    assert base(rules) != begun


def test_a_git_repository_on_this_machine(repository, tmp_path, commit, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rules = LocalGitFile(str(repository), "rules", ref="main")
    assert base(rules) == str(tmp_path / CHECKOUTS / commit(repository, "main"))


def test_single_files_of_a_server_are_refused_by_name():
    with pytest.raises(ValueError, match=r"^workflow: https://some\.where/prism/rules: an address of single"):
        base(GenericSourceFile("https://some.where/prism/rules"))


def test_a_revision_that_is_not_there_is_named(repository, tmp_path):
    with pytest.raises(ValueError, match=rf"^workflow: git rev-parse .*v9.* in {repository}: .*"):
        checkout(repository, "v9", tmp_path / "made")


def test_it_needs_the_standard_library_only():
    subprocess.run([sys.executable, "-I", "-S", module.__file__], check=True)
