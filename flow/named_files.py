"""Files that the configuration names: what is in them decides a stage, not where they are."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from flow.content_hash import hash_files, hash_source, hash_value
from sw.source_files import split_source

__all__ = ["hash_named", "hash_source_of", "without_places"]


def hash_named(path: Path) -> str:
    """Hash of a file, or of all files in a directory, whatever it is called itself."""
    files = hash_files(path.resolve())  # what is called "." has no name to leave out
    return hash_value({name.partition("/")[2]: digest for name, digest in files.items()})


def hash_source_of(source: str) -> str:
    """Hash of the function ``FILE.py:NAME``: its name, and the files that it is made of.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If a file cannot be read.
    """
    _, name = split_source(source)
    return hash_value([name, hash_source(source)])


def without_places(values: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """Values of the configuration without those of ``fields``, which name files.

    Parameters
    ----------
    values : mapping of str to object
        As in :attr:`flow.run_directory.Record.configuration`: by dotted path, sections nested.
    fields : collection of str
        Dotted paths.
    """
    kept: dict[str, Any] = {}
    for path, value in values.items():
        if path in fields:
            continue
        inside = [
            field.removeprefix(f"{path}.") for field in fields if field.startswith(f"{path}.")
        ]
        whole = not inside or not isinstance(value, Mapping)
        kept[path] = value if whole else without_places(value, inside)
    return kept
