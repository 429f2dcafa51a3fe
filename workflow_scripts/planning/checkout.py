"""The folder whose code the rules run: the clone that holds them, or a checkout of the commit that they were read from.

Standard library only, nothing of this repository: rules/common.smk runs this file before it knows where the rest is.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
from pathlib import Path

CHECKOUTS = ".snakemake/prism"  # in the working directory, which every node of a cluster sees


def base(rules, given: str | None = None) -> str:
    """The folder that holds rules/ and the code beside it; made where the rules were read from a git repository.

    rules: Snakemake's source file of the folder rules/ (snakemake.sourcecache).
    given: what the process that the user started found, in a job of it; None in that process. A branch may have moved
        since, and a job's node may not reach the repository.
    Raises ValueError for an address that gives single files, or a repository without the revision.
    """
    if isinstance(rules, os.PathLike):
        return os.path.dirname(os.fspath(rules))
    if given:
        return given
    if hasattr(
        type(rules), "hosted_repo"
    ):  # github, gitlab: Snakemake has cloned it, and fetched a branch just now
        return str(checkout(rules.hosted_repo.repo.git_dir, rules.ref, Path(CHECKOUTS)))
    if hasattr(rules, "repo_path"):  # git+file
        return str(checkout(rules.repo_path, rules.ref, Path(CHECKOUTS)))
    raise ValueError(
        f"workflow: {rules}: an address of single files does not give the code that the rules run; "
        'use github("owner/name", path="Snakefile", tag="..."), gitlab(...), or a clone on this machine'
    )


def checkout(repository: str | Path, revision: str, folder: Path) -> Path:
    """Absolute path of the files of a revision, in a folder named after its commit; made once.

    Several processes may ask at once: each finds the whole or nothing.

    repository: a git repository on this machine, bare or not.
    revision: a commit, tag or branch in it.
    folder: where checkouts lie.
    """
    commit = _git(repository, "rev-parse", "--verify", f"{revision}^{{commit}}")
    made = folder.absolute() / commit
    if made.is_dir():
        return made
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{commit}.", dir=folder) as name:
        part = Path(name)
        _git(repository, "archive", f"--output={part.absolute() / 'files.tar'}", commit)
        with tarfile.open(part / "files.tar") as archive:
            archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.4 and newer
            archive.extractall(part / "files")
        try:
            (part / "files").rename(made)
        except OSError:
            if not made.is_dir():  # else another process was quicker
                raise
    return made


def _git(repository: str | Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ValueError(f"workflow: git {' '.join(arguments)} in {repository}: {done.stderr.strip()}")
    return done.stdout.strip()
