"""The manifest of a directory of mapping tables: written, hashed, and read from any source.

``docs/mapping-tables.md`` explains every key, ``manifest.schema.json`` describes them for programs.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NoReturn

import jsonschema

from arch.errors import InputError
from arch.fixed import ActFormat, OutFormat
from arch.geometry import Geometry
from arch.group_layout import count_segments
from arch.host import HostSpec
from arch.host_record import host_from_record, host_to_record
from arch.layer import LayerSpec
from arch.npz import ArraySpec
from arch.tables import LayerTable, MappingTables
from arch.tiles import count_crossbars

__all__ = [
    "LAYER_BYTES_MAX",
    "MANIFEST",
    "MANIFEST_BYTES_MAX",
    "SCHEMA_VERSION",
    "TABLES_BYTES_MAX",
    "WEIGHTS_MAX",
    "LayerEntry",
    "Manifest",
    "build_manifest",
    "file_name",
    "manifest_bytes",
    "parse_manifest",
    "tables_sha256",
]

MANIFEST = "manifest.json"
"""Name of the manifest in its directory."""
SCHEMA_VERSION = 1
"""Version of the format that is written, and the only one that is read."""
MANIFEST_BYTES_MAX = 1 << 21
"""Largest manifest: 1,000 layers, which the schema allows, take 1.7 MB."""
LAYER_BYTES_MAX = 7 << 28
"""Largest arrays of a layer, 1.75 GiB: VGG-16's first linear layer, 25088 x 4096 and dense, takes
0.7 GiB, differential 1.1 GiB, with cells of one bit 1.3 GiB. An ordinary zip ends at 2 GiB."""
TABLES_BYTES_MAX = 1 << 32
"""Largest arrays of all layers together: a reader may hold all of them in memory at once."""
WEIGHTS_MAX = 1 << 27
"""Largest weight matrix: checking a layer takes a byte a weight; VGG-16 has 103 million in one."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_PAIRS = ("in_shape", "out_shape", "kernel", "stride", "padding", "dilation")
_MESSAGE_MAX = 200


@dataclass(frozen=True, kw_only=True)
class LayerEntry:
    """What the manifest says of a layer; the fields are those of the schema."""

    spec: LayerSpec
    segments: int
    segments_kept: int
    ous: int
    matrix_sha256: str
    file: str
    file_sha256: str

    def arrays(self, geometry: Geometry) -> dict[str, ArraySpec]:
        """Every array of the file of the layer, in order, with its type and shape."""
        ous, channels = self.ous, (self.spec.cols,)
        cells = ArraySpec("|u1", (ous, geometry.ou_rows, geometry.ou_cols))
        return {
            "crossbar": ArraySpec("<i4", (ous,)),
            "slot_row": ArraySpec("<i4", (ous,)),
            "slot_col": ArraySpec("<i4", (ous,)),
            "inputs": ArraySpec("<i4", (ous, geometry.ou_rows)),
            "outputs": ArraySpec("<i4", (ous, geometry.ou_weights)),
            "cells": cells,
            **({"cells_negative": cells} if geometry.encoding == "differential" else {}),
            "multiplier": ArraySpec("<i8", channels),
            "shift": ArraySpec("<i8", channels),
            "bias": ArraySpec("<i8", channels),
        }


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A manifest that has been checked in itself; the files that it names have not."""

    name: str
    geometry: Geometry
    provenance: Mapping[str, str]
    layers: tuple[LayerEntry, ...]
    host: tuple[HostSpec, ...]
    sha256: str


def file_name(index: int, layer: str) -> str:
    """Name of the file of a layer: its place in the network and its name."""
    return f"{index:03d}-{layer}.npz"


def build_manifest(tables: MappingTables, file_hashes: Sequence[str]) -> dict[str, Any]:
    """The manifest of tables whose files have the given SHA-256."""
    content: dict[str, Any] = {
        "schema": SCHEMA_VERSION,
        "sha256": "",
        "name": tables.name,
        "geometry": tables.geometry.to_dict(),
        "provenance": dict(sorted(tables.provenance.items())),
        "layers": [
            _layer_dict(index, table, tables.geometry, file_sha256)
            for index, (table, file_sha256) in enumerate(
                zip(tables.layers, file_hashes, strict=True)
            )
        ],
    }
    if tables.host:  # A network without any has the manifest that it always had.
        content["host"] = [host_to_record(operation) for operation in tables.host]
    return content | {"sha256": tables_sha256(content)}


def _layer_dict(
    index: int, table: LayerTable, geometry: Geometry, file_sha256: str
) -> dict[str, Any]:
    spec = asdict(table.spec)
    if table.spec.groups == 1:  # A layer of one group has the entry that it always had.
        del spec["groups"]
    return {
        **{key: list(value) if key in _PAIRS else value for key, value in spec.items()},
        "rows": table.spec.rows,
        "cols": table.spec.cols,
        "segments": table.segments,
        "segments_kept": table.segments_kept,
        "ous": table.ous,
        "crossbars": count_crossbars(table.ous, geometry) * geometry.arrays,
        "matrix_sha256": table.matrix_sha256,
        "file": file_name(index, table.spec.name),
        "file_sha256": file_sha256,
    }


def tables_sha256(content: Mapping[str, Any]) -> str:
    """Hash of tables: SHA-256 of the manifest without its ``sha256``, in the form below.

    JSON with sorted keys, no spaces, ASCII only. The manifest holds the hash of every other file,
    so this one stands for all of them.
    """
    rest = {key: value for key, value in content.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def manifest_bytes(content: Mapping[str, Any]) -> bytes:
    """The manifest as it is written: two spaces of indent, lists of numbers on one line."""
    text = json.dumps(content, indent=2, ensure_ascii=True)
    # A string never holds a line break as such, so this touches lists of integers alone.
    text = re.sub(
        r"\[\n\s+(-?\d+(?:,\n\s+-?\d+)*)\n\s+\]",
        lambda match: "[" + re.sub(r"\n\s+", " ", match[1]) + "]",
        text,
    )
    return (text + "\n").encode("ascii")


def parse_manifest(content: bytes) -> Manifest:
    """Check a manifest and what follows from it alone.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If anything is wrong; the message does not name the file.
    """
    manifest = _json(content)
    version = manifest.get("schema") if isinstance(manifest, dict) else None
    if type(version) is int and version != SCHEMA_VERSION:
        raise InputError(
            f"has schema version {version}, this program reads {SCHEMA_VERSION}: "
            f"map the network again"
        )
    for error in _schema().iter_errors(manifest):
        raise InputError(f"{_place(error.absolute_path)}{_one_line(error.message)}")
    if manifest["sha256"] != tables_sha256(manifest):
        raise InputError("sha256 is not the hash of the manifest: was it changed?")
    for name in (manifest["name"], *manifest["provenance"]):
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r} is not a name")
    try:
        geometry = Geometry(**manifest["geometry"])
    except ValueError as error:
        raise InputError(str(error)) from error
    layers = tuple(
        _layer_entry(index, entry, geometry) for index, entry in enumerate(manifest["layers"])
    )
    host = tuple(_host_entry(*item) for item in enumerate(manifest.get("host", ())))
    names = [layer.spec.name for layer in layers] + [operation.name for operation in host]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"layer {doubled[0]} is there twice")
    total = sum(spec.nbytes for layer in layers for spec in layer.arrays(geometry).values())
    if total > TABLES_BYTES_MAX:
        raise InputError(f"its layers take {total} bytes, at most {TABLES_BYTES_MAX} are read")
    return Manifest(
        name=manifest["name"],
        geometry=geometry,
        provenance=manifest["provenance"],
        layers=layers,
        host=host,
        sha256=manifest["sha256"],
    )


def _layer_entry(index: int, entry: dict[str, Any], geometry: Geometry) -> LayerEntry:
    where = f"layers[{index}]"
    fields = {key: entry[key] for key in LayerSpec.__dataclass_fields__ if key in entry}
    fields |= {key: tuple(fields[key]) for key in _PAIRS}
    try:
        fields |= {"activation": ActFormat(**entry["activation"])}
        fields |= {"output": OutFormat(**entry["output"])}
        spec = LayerSpec(**fields)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error
    layer = LayerEntry(
        spec=spec,
        **{key: entry[key] for key in LayerEntry.__dataclass_fields__ if key != "spec"},
    )
    if spec.rows * spec.cols > WEIGHTS_MAX:
        raise InputError(f"{where} has more than {WEIGHTS_MAX} weights")
    follows = {
        "rows": spec.rows,
        "cols": spec.cols,
        "segments": count_segments(spec.rows, spec.cols, spec.groups, spec.scheme, geometry),
        "crossbars": count_crossbars(layer.ous, geometry) * geometry.arrays,
        "file": file_name(index, spec.name),
    }
    for key, value in follows.items():
        if entry[key] != value:
            raise InputError(f"{where}.{key} is {entry[key]!r}, but {value!r} follows")
    if layer.segments_kept > layer.segments:
        raise InputError(f"{where}.segments_kept is more than segments, {layer.segments}")
    size = sum(array.nbytes for array in layer.arrays(geometry).values())
    if size > LAYER_BYTES_MAX:
        raise InputError(f"{where} takes {size} bytes, at most {LAYER_BYTES_MAX} are read")
    return layer


def _host_entry(index: int, entry: dict[str, Any]) -> HostSpec:
    try:
        return host_from_record(entry)
    except ValueError as error:
        raise InputError(f"host[{index}]: {error}") from error


def _json(content: bytes) -> Any:
    try:
        return json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    # Also numbers of thousands of digits (ValueError) and very deep nesting (RecursionError).
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not JSON that can be read: {_one_line(str(error))}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content:
            raise InputError(f"key {_one_line(repr(key))} is there twice")
        content[key] = value
    return content


def _no_number(text: str) -> NoReturn:
    raise InputError(f"holds the number {_one_line(text)}; only integers are allowed")


def _one_line(message: str) -> str:
    short = message if len(message) <= _MESSAGE_MAX else f"{message[:_MESSAGE_MAX]}..."
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in short)


def _place(path: Sequence[str | int]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return f"{_one_line(text.lstrip('.'))}: " if text else ""


@cache
def _schema() -> Any:
    text = files("arch").joinpath("manifest.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))
