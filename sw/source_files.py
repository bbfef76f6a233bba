"""Which files a Python file of the user's own consists of, without executing it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from arch.errors import InputError
from arch.regular_file import open_regular

__all__ = ["source_files", "split_source"]

_FILE_BYTES_MAX = 1 << 22
_FILES_MAX = 1000


def split_source(source: str) -> tuple[Path, str]:
    """File and name of ``FILE.py:NAME``.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If it is not of that form.
    """
    file, colon, name = source.rpartition(":")
    if not colon or not file.endswith(".py") or not name.isidentifier():
        raise InputError(f"{source!r}: must be FILE.py:NAME, a file and a function in it")
    return Path(file), name


def source_files(path: Path) -> tuple[Path, ...]:
    """A Python file, and the files beside it that it imports, and those that they import.

    Only imports that stand in the text are found, and only modules in the folder of the file and
    below it.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If a file cannot be read.
    """
    folder = path.parent
    found: dict[Path, None] = {path: None}
    waiting = [path]
    while waiting:
        file = waiting.pop()
        for module in _imports(file, folder):
            for candidate in _files_of(folder, module):
                if candidate not in found:
                    found[candidate] = None
                    waiting.append(candidate)
        if len(found) > _FILES_MAX:
            raise InputError(f"{path}: imports more than {_FILES_MAX} files beside it")
    return tuple(found)


def _imports(file: Path, folder: Path) -> Iterator[tuple[str, ...]]:
    """Modules that a file imports, as names from ``folder`` down; most are not there."""
    with open_regular(file, size_max=_FILE_BYTES_MAX) as (opened, _):
        text = opened.read()
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # the file says where it is wrong when it is executed
    package = file.parent.relative_to(folder).parts
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield tuple(alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else ()
            module = (*base, *(node.module.split(".") if node.module else ()))
            yield module
            for alias in node.names:
                yield (*module, alias.name)


def _files_of(folder: Path, module: tuple[str, ...]) -> Iterator[Path]:
    """Files that are read when a module is imported."""
    place = folder
    for part in module:
        place = place / part
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.is_file():
                yield file
