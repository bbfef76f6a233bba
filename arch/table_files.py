"""Writes mapping tables to a directory and reads them from any directory.

``docs/mapping-tables.md`` describes the files.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from arch.atomic_directory import replace_directory
from arch.errors import InputError
from arch.geometry import Geometry
from arch.manifest import (
    MANIFEST,
    MANIFEST_BYTES_MAX,
    LayerEntry,
    Manifest,
    build_manifest,
    file_name,
    manifest_bytes,
    parse_manifest,
)
from arch.npz import npz_size_max, read_npz, write_npz
from arch.regular_file import open_regular
from arch.tables import LayerTable, MappingTables

__all__ = ["MANIFEST", "load", "read_layers", "read_manifest", "save"]


def save(tables: MappingTables, directory: Path) -> MappingTables:
    """Write tables as a directory; the same tables give the same bytes everywhere and always.

    The directory appears at once and complete. One that exists is replaced if it is empty or
    holds nothing but tables.

    Parameters
    ----------
    tables : MappingTables
        What to write.
    directory : path
        The directory; its parents are made.

    Returns
    -------
    MappingTables
        The same tables with their ``sha256``.

    Raises
    ------
    :exc:`ValueError`
        If the tables are not what :func:`load` would read.
    :exc:`arch.errors.InputError`
        If the directory cannot be written or holds something else.
    """
    directory = Path(directory)
    _check_replaceable(directory)
    try:
        with replace_directory(directory) as new:
            hashes = [
                _write_layer(new / file_name(index, table.spec.name), table)
                for index, table in enumerate(tables.layers)
            ]
            content = build_manifest(tables, hashes)
            _check_written(tables, manifest_bytes(content))
            (new / MANIFEST).write_bytes(manifest_bytes(content))
    except OSError as error:
        raise InputError(f"{directory}: cannot be written: {error.strerror or error}") from error
    return replace(tables, sha256=content["sha256"])


def load(directory: Path) -> MappingTables:
    """Read tables, whoever made them; no more memory is taken than the files have bytes.

    Types, shapes and hashes are checked here; what the records say is checked by
    :func:`arch.validate.validate`.

    Returns
    -------
    MappingTables
        Its arrays are read-only.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If anything is wrong, in one line that names the file.
    """
    manifest = read_manifest(directory)
    return MappingTables(
        name=manifest.name,
        geometry=manifest.geometry,
        layers=tuple(read_layers(directory, manifest)),
        host=manifest.host,
        sha256=manifest.sha256,
        provenance=manifest.provenance,
    )


def read_manifest(directory: Path) -> Manifest:
    """The manifest of tables, checked in itself; their files are not opened.

    Raises
    ------
    :exc:`arch.errors.InputError`
        As :func:`load`.
    """
    path = Path(directory) / MANIFEST
    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: is not a directory of mapping tables")
    with (
        _named(path),
        open_regular(path, size_max=MANIFEST_BYTES_MAX) as (file, size),
    ):
        return parse_manifest(file.read(size))


def read_layers(directory: Path, manifest: Manifest) -> Iterator[LayerTable]:
    """The layers one after the other, so that a caller need not hold more than one.

    Raises
    ------
    :exc:`arch.errors.InputError`
        As :func:`load`, once the layer that is wrong is reached.
    """
    for entry in manifest.layers:
        yield _read_layer(Path(directory) / entry.file, entry, manifest.geometry)


def _check_replaceable(directory: Path) -> None:
    if not directory.exists():
        return
    if not directory.is_dir():
        raise InputError(f"{directory}: is a file; choose a directory for the tables")
    for entry in directory.iterdir():
        if entry.name != MANIFEST and entry.suffix != ".npz":
            raise InputError(
                f"{directory}: holds {entry.name}, which is not a part of tables: "
                f"choose another directory"
            )


def _arrays(table: LayerTable) -> dict[str, np.ndarray]:
    arrays = {
        "crossbar": table.crossbar,
        "slot_row": table.slot_row,
        "slot_col": table.slot_col,
        "inputs": table.inputs,
        "outputs": table.outputs,
        "cells": table.cells,
        "cells_negative": table.cells_negative,
        "multiplier": table.multiplier,
        "shift": table.shift,
        "bias": table.bias,
    }
    return {name: array for name, array in arrays.items() if array is not None}


def _write_layer(path: Path, table: LayerTable) -> str:
    with path.open("wb") as file:
        write_npz(file, _arrays(table))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_written(tables: MappingTables, content: bytes) -> None:
    """Refuse, as the mistake of the caller, what would be refused when read."""
    if len(content) > MANIFEST_BYTES_MAX:
        raise ValueError(f"the manifest takes {len(content)} bytes, more than can be read")
    try:
        manifest = parse_manifest(content)
    except InputError as error:
        raise ValueError(f"these are no tables: {error}") from error
    for table, entry in zip(tables.layers, manifest.layers, strict=True):
        expected = {
            name: (np.dtype(array.descr), array.shape)
            for name, array in entry.arrays(tables.geometry).items()
        }
        found = {name: (array.dtype, array.shape) for name, array in _arrays(table).items()}
        if wrong := sorted(
            name for name in expected | found if expected.get(name) != found.get(name)
        ):
            raise ValueError(
                f"layer {table.spec.name}: array {wrong[0]} is {found.get(wrong[0])}, "
                f"expected {expected.get(wrong[0])}"
            )


def _read_layer(path: Path, entry: LayerEntry, geometry: Geometry) -> LayerTable:
    expected = entry.arrays(geometry)
    with _named(path), open_regular(path, size_max=npz_size_max(expected)) as (file, size):
        needed = sum(spec.nbytes for spec in expected.values())
        if size < needed:
            raise InputError(f"is truncated: it has {size} bytes, its arrays take {needed}")
        if hashlib.file_digest(file, "sha256").hexdigest() != entry.file_sha256:
            raise InputError("has another SHA-256 than the manifest says: was it changed?")
        arrays = read_npz(file, size, expected)
    return LayerTable(
        spec=entry.spec,
        cells_negative=arrays.pop("cells_negative", None),
        segments=entry.segments,
        segments_kept=entry.segments_kept,
        matrix_sha256=entry.matrix_sha256,
        **arrays,
    )


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Put the name of the file in front of what is wrong with it."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
