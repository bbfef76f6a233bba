"""Verilator's own library is compiled once, and kept in the user's cache."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from cosim import harness
from cosim.bench import LAYER_BENCH
from cosim.harness import build_simulator
from cosim.runtime_library import borrow_library, lend_library, library_path
from cosim.toolchain import Toolchain

TOOLS = Toolchain(
    path=Path("/opt/verilator"), version="5.048", environment={"PATH": "/bin"}, origin="system"
)
OTHERS = (
    {"toolchain": replace(TOOLS, version="5.050")},
    {"toolchain": replace(TOOLS, path=Path("/usr/bin/verilator"))},
    {"toolchain": replace(TOOLS, environment={"PATH": "/bin", "MAKEFLAGS": "CXX=clang++"})},
    {"options": ("-CFLAGS", "-O2")},
    {"waves": True},
)


def path_of(*, options=("-CFLAGS", "-O1"), toolchain=TOOLS, waves=False):
    return library_path(options, toolchain, waves=waves)


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: next(iter(other)))
def test_named_after_what_goes_in(other):
    assert path_of(**other) != path_of()


def test_other_programs_do_not_matter(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    elsewhere = replace(TOOLS, environment={"PATH": "/somewhere:/bin"})
    assert path_of(toolchain=elsewhere) == path_of()
    assert path_of().parent == tmp_path / "ohmforge"


def test_comes_back(tmp_path):
    """Newer than whatever is compiled in the next minutes; what is no part of it stays."""
    built, library, other = (tmp_path / name for name in ("built", "cache/library", "other"))
    for directory in (built, other):
        directory.mkdir()
    for name in ("verilated.o", "verilated_vpi.o", "Vtop__ALL.o"):
        (built / name).write_bytes(name.encode())
    lend_library(built, library)
    assert [path.name for path in library.parent.iterdir()] == ["library"]
    (built / "verilated.o").write_bytes(b"another")
    lend_library(built, library)
    borrow_library(library, other)
    assert {path.name: path.read_bytes() for path in other.iterdir()} == {
        "verilated.o": b"verilated.o",
        "verilated_vpi.o": b"verilated_vpi.o",
    }
    assert all(path.stat().st_mtime > time.time() + 600 for path in other.iterdir())


def test_without_a_cache(tmp_path):
    """Neither a cache that cannot be written nor objects that cannot be read are an error."""
    (tmp_path / "verilated.o").write_bytes(b"object")
    (tmp_path / "file").touch()
    lend_library(tmp_path, tmp_path / "file" / "library")
    borrow_library(tmp_path / "file" / "library", tmp_path)
    (tmp_path / "library" / "verilated_vpi.o").mkdir(parents=True)
    (tmp_path / "library" / "verilated.o").write_bytes(b"damaged")
    (tmp_path / "build").mkdir()
    borrow_library(tmp_path / "library", tmp_path / "build")
    assert list((tmp_path / "build").iterdir()) == []


def test_second_simulator_takes_it(monkeypatch, tmp_path):
    found = []

    def build(sources, directory, bench, *rest, **options):
        found.append((directory / "verilated.o").exists())
        (directory / "verilated.o").touch()
        (directory / bench.top).touch()

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(harness, "_build", build)
    (tmp_path / "verilog").mkdir()
    (tmp_path / "verilog" / "names.json").write_text('{"ports": {}}')
    bench = replace(LAYER_BENCH, parameters=lambda ports: {})
    for contents in ("module one; endmodule", "module two; endmodule"):
        (tmp_path / "verilog" / "layer_engine.v").write_text(contents)
        build_simulator(tmp_path / "verilog", tmp_path / "builds", bench=bench)
    assert found == [False, True]
