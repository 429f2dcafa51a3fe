"""What stands around the code: citation, catalog entry, continuous integration and documentation agree with it."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml
from snakemake.cli import parse_args

from workflow_scripts.planning.compose import make_plan

ROOT = Path(__file__).resolve().parents[3]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "TESTING.md", "config/README.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))


def makefile_targets() -> set[str]:
    """Targets with a recipe or prerequisites of their own, patterns and files apart."""
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def anchors(page: Path) -> set[str]:
    """Anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> list[str]:
    """Targets of the links of a page that stay in the repository."""
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    return [target for target in found if "://" not in target]


@cache
def messages() -> list[str]:
    """Every string of the code, formatted values as '…'; texts of rules and shell scripts as they are."""
    found = []
    for folder in ("prism", "workflow_scripts"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(node.value)
                elif isinstance(node, ast.JoinedStr):
                    parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
                    found.append("".join(parts))
    texts = [*(ROOT / "rules").glob("*.smk"), *(ROOT / "workflow_scripts").glob("*.sh")]
    return found + [path.read_text().replace("$python", "…") for path in texts]


def quoted_messages() -> list[str]:
    """Messages of the troubleshooting page, those of Snakemake apart."""
    page = (ROOT / "docs/troubleshooting.md").read_text().split("## Snakemake's own messages")[0]
    return re.findall(r"^\| `([^`]+)` \|", page, flags=re.MULTILINE)


def test_citation_has_what_the_format_needs():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert all(citation[key] for key in ("message", "title", "authors"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    for reference in citation["references"]:
        assert all(reference[key] for key in ("type", "title", "authors"))
        assert "doi" not in reference  # none is known for the preprint


def test_catalog_entry_names_what_works():
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment"}
    works = usage["software-stack-deployment"]
    assert works == {"conda": True, "apptainer": False, "apptainer+conda": False, "report": True}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_github_workflow_calls_what_exists(path):
    text = path.read_text()
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["cancel-in-progress"] is True
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) <= makefile_targets()
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 120
        for step in job["steps"]:
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "a/b@v1"))


def test_every_tier_runs_on_github():
    called = set(re.findall(r"\bmake ([a-z-]+)", "\n".join(path.read_text() for path in WORKFLOWS)))
    assert called >= {"demo"} | {target for target in makefile_targets() if target.startswith("test")}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in links(page):
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_every_page_is_in_the_index():
    linked = {target.partition("#")[0] for target in links(ROOT / "docs/README.md")}
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"} <= linked


def test_every_figure_is_explained():
    rules = "".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))
    drawn = set(re.findall(r"^rule figure_(\w+):", rules, flags=re.MULTILINE))
    page = (ROOT / "docs/figures.md").read_text()
    explained = set(re.findall(r"^## ([a-z_0-9]+)$", page, flags=re.MULTILINE))
    assert drawn == explained
    assert all(re.search(rf"^`{name}[./{{}}\w]*\.svg`", page, flags=re.MULTILINE) for name in drawn)


@pytest.mark.parametrize("message", quoted_messages())
def test_quoted_message_is_one_of_the_code(message):
    pattern = re.compile("[^\n]{0,99}".join(re.escape(part) for part in message.split("…")))
    assert any(pattern.search(text) for text in messages())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("config.yaml", r"\| `snakemake --cores 8` \| (\d+) runs"),
        ("demo.yaml", r"\| `make demo` \| (\d+) runs"),
    ],
)
def test_quick_start_counts_runs_as_the_plan_does(name, said):
    page = (ROOT / "docs/quick_start.md").read_text()
    plan = make_plan(yaml.safe_load((ROOT / "config" / name).read_text()))
    assert int(re.search(said, page)[1]) == len(plan.trainings())


def test_every_target_is_in_the_readme():
    targets = set(re.findall(r"^rule (\w+):", (ROOT / "Snakefile").read_text(), flags=re.MULTILINE))
    listed = re.search(
        r"^Targets: (.*?\(the default\))", (ROOT / "README.md").read_text(), flags=re.MULTILINE
    )[1]
    assert targets == set(re.findall(r"`(\w+)`", listed))


def test_rules_work_as_a_module():
    """A rule's command finds the scripts of its checkout by itself.

    Neither another workflow's shell prefix nor a file of the user's folder (-P) comes in between.
    """
    for path in (ROOT / "rules").glob("*.smk"):
        commands = re.findall(r"(.*)-m workflow_scripts", path.read_text())
        assert all(each.endswith("PYTHONPATH=$PRISM_HOME python -P ") for each in commands), path.name
        assert "shell.prefix" not in re.sub(r"#.*", "", path.read_text()), path.name


def test_tokens_behind_configfile_is_a_configuration_that_names_the_target():
    """Snakemake takes every word after --configfile for a file."""
    _, given = parse_args(["--cores", "2", "--configfile", "config/demo.yaml", "tokens"])
    assert (given.targets, [str(path) for path in given.configfile]) == (
        set(),
        ["config/demo.yaml", "tokens"],
    )
    config = yaml.safe_load((ROOT / "config/demo.yaml").read_text())
    assert make_plan(config).config["target"] == "all"
    named = yaml.safe_load((ROOT / "tokens").read_text())
    target = make_plan(config | named).config["target"]
    text, rule = (
        (ROOT / "Snakefile").read_text(),
        r'^rule (\w+):\n    default_target: PLAN.config\["target"\] == "(\w+)"',
    )
    defaults = re.findall(rule, text, re.MULTILINE)
    assert dict(defaults) == {"all": "all", target: "tokens"}
