"""Hashes of what a stage reads: files, plain values and the code itself."""

import hashlib
import json
import os
import platform
from collections.abc import Iterable
from importlib import metadata, util
from pathlib import Path
from typing import Any

from arch.errors import InputError
from sw.source_files import source_files, split_source

__all__ = ["BYTES_MAX", "hash_code", "hash_files", "hash_source", "hash_value"]

BYTES_MAX = 1 << 36
"""Largest file that is hashed, in bytes: some minutes of reading."""

_CODE_SUFFIXES = {".py", ".json", ".v", ".sv", ".vlt", ".cpp", ".html", ".css"}


def hash_value(value: Any) -> str:
    """SHA-256 of a value that JSON can hold, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def hash_files(path: Path) -> dict[str, str]:
    """SHA-256 of every file at and below ``path``.

    Returns
    -------
    dict of str to str
        By the path relative to the parent of ``path``, with forward slashes, in order; empty if
        there is nothing at ``path``.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If a file is larger than :data:`BYTES_MAX`.
    """
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    return {file.relative_to(path.parent).as_posix(): _hash_file(file) for file in files}


def hash_source(source: str) -> dict[str, str]:
    """SHA-256 of the file of ``FILE.py:NAME`` and of every file beside it that it imports.

    Returns
    -------
    dict of str to str
        By the path relative to the folder of the file, with forward slashes.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If a file cannot be read.
    """
    path, _ = split_source(source)
    files = source_files(path)
    return {file.relative_to(path.parent).as_posix(): _hash_file(file) for file in files}


def hash_code(modules: Iterable[str], distributions: Iterable[str]) -> str:
    """Hash of the source of ``modules`` and of the versions of ``distributions`` and of Python.

    Parameters
    ----------
    modules : iterable of str
        Importable names; a package stands for everything in it. Nothing is imported.
    distributions : iterable of str
        Names of installed packages.
    """
    files: dict[str, str] = {}
    for name in modules:
        for path in _source_of(name):
            files |= {f"{name}:{key}": value for key, value in _hash_source(path).items()}
    versions = {name: _version(name) for name in distributions}
    return hash_value({"files": files, "versions": versions, "python": platform.python_version()})


def _source_of(name: str) -> list[Path]:
    spec = util.find_spec(name)
    if spec is None:
        raise ValueError(f"no module {name}")
    if spec.submodule_search_locations is not None:
        return [Path(location) for location in spec.submodule_search_locations]
    return [Path(str(spec.origin))]


def _hash_source(path: Path) -> dict[str, str]:
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    return {
        file.relative_to(path.parent).as_posix(): _hash_file(file)
        for file in files
        if file.suffix in _CODE_SUFFIXES and file.is_file()
    }


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size  # a terabyte of nothing takes no room on a disk
        if size > BYTES_MAX:
            raise InputError(f"{path}: has {size} bytes, at most {BYTES_MAX} are read")
        return hashlib.file_digest(file, "sha256").hexdigest()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"
