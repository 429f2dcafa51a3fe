"""The docstring of a public function says what it means, then has a line for every argument.

`name: what it is`, or `a, b: what they are`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("prism", "workflow_scripts")
# Any edit of these, even of a docstring, makes every user's kernels compile again; prism.ops explains the shapes.
KERNELS = ("prism/ops/lane*.py", "prism/ops/*_kernels.py", "prism/ops/triton_*.py")
# Arguments that a base class explains, once: prism.models.architecture, torch.autograd.Function, Lightning.
OF_ARCHITECTURE = {"kept_per_gene", "authors_sizes"}
OF_FORWARD = ["batch", "with_details"]
OF_AUTOGRAD = ["ctx"]
OF_LIGHTNING = {
    "backward",
    "configure_gradient_clipping",
    "load_state_dict",
    "on_exception",
    "on_train_batch_end",
    "on_train_batch_start",
    "on_train_start",
    "on_validation_end",
    "optimizer_step",
    "teardown",
    "training_step",
    "transfer_batch_to_device",
    "validation_step",
}
LINE = re.compile(r"^\s*(?P<names>\*{0,2}\w+(?:, \*{0,2}\w+)*):(?:\s|$)", re.MULTILINE)
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def sources() -> list[str]:
    """The Python files of both packages, relative to the repository, without the kernels."""
    paths = [path.relative_to(ROOT) for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path.as_posix() for path in paths if not any(path.match(kernel) for kernel in KERNELS)]


def last_name(node: ast.expr) -> str:
    """The last name of a decorator or a base class: `property` of `@property`, `Protocol` of `typing.Protocol`."""
    node = (
        node.func if isinstance(node, ast.Call) else node.value if isinstance(node, ast.Subscript) else node
    )
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def arguments(function: ast.FunctionDef) -> list[str]:
    """The names of a function's arguments, without `self` and `cls`."""
    given = function.args
    every = [*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg]
    return [one.arg for one in every if one is not None and one.arg not in ("self", "cls")]


def explained_elsewhere(owner: str, function: ast.FunctionDef) -> bool:
    """Whether a method's arguments are explained by the base of its class, or it is no more than an attribute."""
    given = arguments(function)
    return (
        given == OF_FORWARD
        or given[:1] == OF_AUTOGRAD
        or function.name in OF_LIGHTNING
        or (function.name in OF_ARCHITECTURE and owner != "Architecture")
        or not {"property", "cached_property", "setter"}.isdisjoint(map(last_name, function.decorator_list))
    )


def constructor(node: ast.ClassDef) -> ast.FunctionDef | None:
    """The `__init__` of a class; None for an architecture, whose settings prism.models.catalogue explains."""
    if "Architecture" in map(last_name, node.bases):
        return None
    return next((one for one in node.body if isinstance(one, FUNCTION) and one.name == "__init__"), None)


def public(body: list[ast.stmt], owner: str = "") -> Iterator[tuple[str, ast.FunctionDef, str]]:
    """Name, function and docstring of the public functions of a module, and of the methods of its public classes.

    A constructor's docstring is that of its class.
    """
    for node in body:
        if getattr(node, "name", "_").startswith("_"):
            continue
        if isinstance(node, ast.ClassDef) and "Protocol" not in map(last_name, node.bases):
            if made := constructor(node):
                yield node.name, made, ast.get_docstring(node) or ""
            yield from public(node.body, node.name)
        elif isinstance(node, FUNCTION) and not (owner and explained_elsewhere(owner, node)):
            yield f"{owner}.{node.name}".lstrip("."), node, ast.get_docstring(node) or ""


def unexplained(source: str) -> list[str]:
    """`function: argument, ...` of every public function of a module that leaves arguments without a line.

    `function: what it does`, where its docstring begins with an argument, not with a sentence of meaning.
    """
    found = []
    for name, function, said in public(ast.parse(source).body):
        told = {one.strip(" *") for line in LINE.finditer(said) for one in line["names"].split(",")}
        missing = [argument for argument in arguments(function) if argument not in told]
        missing += ["what it does"] if LINE.match(said) else []
        if missing:
            found.append(f"{name}: {', '.join(missing)}")
    return found


@pytest.mark.parametrize("path", sources())
def test_every_argument_of_a_public_function_has_a_line(path):
    assert unexplained((ROOT / path).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ('def f(a, b):\n    """Sum.\n\n    a, b: two numbers.\n    """', []),
        ('def f(a, *, b=1):\n    """Sum of a: and b.\n\n    a: a number.\n    """', ["f: b"]),
        ('def f(*rows, **words):\n    """Join.\n\n    rows: one.\n    **words: two.\n    """', []),
        ("def f(a): ...", ["f: a"]),
        ('def f(a):\n    """a: a number."""', ["f: what it does"]),
        ('def f():\n    """Nothing."""', []),
        ("def _f(a): ...", []),
        ("class C:\n    def m(self, a): ...\n    def _n(self, a): ...", ["C.m: a"]),
        ("class C:\n    @classmethod\n    def m(cls, a): ...", ["C.m: a"]),
        (
            "class C:\n    @x.setter\n    def m(self, a): ...\n    def forward(self, batch, with_details): ...",
            [],
        ),
        ('class C:\n    """Of a.\n\n    a: one.\n    """\n    def __init__(self, a, b): ...', ["C: b"]),
        ("class C(Architecture):\n    def __init__(self, a): ...", []),
        ("class C(typing.Protocol):\n    def m(self, a): ...", []),
        ("class _C:\n    def m(self, a): ...", []),
        ("def f():\n    def g(a): ...", []),
    ],
)
def test_what_the_rule_asks_for(source, missing):
    assert unexplained(source) == missing
