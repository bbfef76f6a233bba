"""Verilator's own library, compiled once for all simulators of a user.

Its objects are the same for every design, and compiling them takes longer than most designs do.
"""

import hashlib
import os
import platform
import shutil
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from platformdirs import user_cache_path

from cosim.toolchain import Toolchain, compiler

__all__ = ["borrow_library", "lend_library", "library_path", "publish"]

_FIRST = "verilated.o"


def library_path(options: Sequence[str], toolchain: Toolchain, *, waves: bool) -> Path:
    """Where the objects are, or would be: in the user's cache, named after all that goes in.

    Parameters
    ----------
    options : sequence of str
        Options of Verilator, flags of the compiler among them.
    toolchain : Toolchain
        What compiles.
    waves : bool
        Whether simulators can write waveforms.

    Raises
    ------
    :exc:`arch.errors.ToolError`
        If there is no C++ compiler.
    """
    found = compiler()
    # Programs before and behind those that are used decide nothing.
    variables = {name: at for name, at in toolchain.environment.items() if name != "PATH"}
    parts = (
        tuple(options),
        waves,
        (toolchain.path, toolchain.version, sorted(variables.items())),
        (found.path, found.version, platform.machine()),
    )
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
    return user_cache_path("ohmforge", appauthor=False) / f"verilator-{digest}"


def borrow_library(library: Path, directory: Path) -> None:
    """Place the objects where a simulator is built, so that make need not compile them again.

    None are placed if one cannot be read.
    """
    later = time.time() + 3600  # make compares with a makefile that is not written yet
    placed = []
    try:
        for compiled in sorted(library.glob("*.o")):
            placed.append(directory / compiled.name)
            shutil.copyfile(compiled, placed[-1])
            os.utime(placed[-1], (later, later))
    except OSError:
        for path in placed:
            path.unlink(missing_ok=True)


def lend_library(directory: Path, library: Path) -> None:
    """Keep the objects of a simulator that was built, unless there are such.

    Where the cache cannot be written, the next simulator takes longer, and that is all.
    """
    if library.exists():
        return
    fresh = library.with_name(f"{library.name}.{uuid.uuid4().hex[:8]}")
    try:
        fresh.mkdir(parents=True)
        for compiled in directory.glob("verilated*.o"):
            shutil.copyfile(compiled, fresh / compiled.name)
        publish(fresh, library, marker=_FIRST)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)


def publish(fresh: Path, target: Path, *, marker: str) -> None:
    """Give a directory that is complete its name, unless another process did so with the same.

    Raises
    ------
    OSError
        If it cannot be renamed, and no complete one is there.
    """
    try:
        fresh.rename(target)
    except OSError:
        if not (target / marker).exists():
            raise
        shutil.rmtree(fresh)
