"""Mistakes that neither Python nor ruff reports, and what every component owes its reader."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [path for part in ("hw", "cosim", "tests") for path in (ROOT / part).rglob("*.py")]
HARDWARE = sorted((ROOT / "hw").rglob("*.py"))
TRIGGERS = {"tick", "delay", "changed", "edge", "posedge", "negedge"}
LINES_MAX = 300
ELABORATE_MAX = 100


def unawaited(source):
    """Lines with a bare trigger, which does nothing, silently."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and isinstance(node.value.func.value, ast.Name)
        and node.value.func.value.id == "ctx"
        and node.value.func.attr in TRIGGERS
    ]


def postpones_annotations(source):
    """Whether a module has postponed annotations, which hide the members of a component."""
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in ast.walk(ast.parse(source))
    )


def components(source):
    """Classes of a module that are ``wiring.Component``."""
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base) == "wiring.Component" for base in node.bases)
    ]


def says_its_timing(component):
    """Whether the docstring of a component states latency and throughput."""
    text = ast.get_docstring(component) or ""
    return "Latency" in text and "throughput" in text


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_triggers_are_awaited(path):
    assert unawaited(path.read_text()) == []


@pytest.mark.parametrize("path", HARDWARE, ids=lambda path: path.name)
def test_hw_keeps_annotations(path):
    assert not postpones_annotations(path.read_text())


@pytest.mark.parametrize("path", HARDWARE, ids=lambda path: path.name)
def test_components_say_their_timing(path):
    for component in components(path.read_text()):
        assert says_its_timing(component), f"{component.name} states no latency or throughput"


@pytest.mark.parametrize("path", HARDWARE, ids=lambda path: path.name)
def test_components_are_tested(path):
    """Each component has its own file of tests."""
    if components(path.read_text()):
        place = ROOT / "tests" / path.relative_to(ROOT).parent
        assert (place / f"test_{path.name}").exists()


def test_components_are_found():
    """The checks above see the hardware."""
    found = [c.name for path in HARDWARE for c in components(path.read_text())]
    assert {"LayerEngine", "InputFetch", "OuController", "Drain"} <= set(found)
    assert len(found) == len(set(found)) >= 13


@pytest.mark.parametrize("path", HARDWARE, ids=lambda path: path.name)
def test_hardware_is_readable(path):
    """Files and ``elaborate`` stay short."""
    source = path.read_text()
    assert len(source.splitlines()) <= LINES_MAX
    for component in components(source):
        for node in component.body:
            if isinstance(node, ast.FunctionDef) and node.name == "elaborate":
                assert node.end_lineno - node.lineno < ELABORATE_MAX, component.name


def test_as_many_lines_of_test():
    """At least one line of test for each line of hardware."""

    def lines(paths):
        return sum(len(path.read_text().splitlines()) for path in paths)

    assert lines((ROOT / "tests" / "hw").rglob("*.py")) >= lines(HARDWARE)


def test_checks_can_fail():
    """Each check refuses an example of what it looks for."""
    assert unawaited("async def f(ctx):\n    ctx.tick()\n") == [2]
    assert unawaited("async def f(ctx):\n    await ctx.tick()\n    ctx.set(a, 1)\n") == []
    assert postpones_annotations("from __future__ import annotations\n")
    assert not postpones_annotations("import annotations\n")
    silent, partial, whole = components(
        "class A(wiring.Component):\n    pass\n"
        'class B(wiring.Component):\n    """Latency is one cycle."""\n'
        'class C(wiring.Component):\n    """Latency is 1; throughput is 1."""\n'
        "class D(Enum):\n    pass\n"
    )
    assert not says_its_timing(silent)
    assert not says_its_timing(partial)
    assert says_its_timing(whole)
