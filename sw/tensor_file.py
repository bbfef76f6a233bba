"""Arrays and a little JSON in one file: safetensors, which holds data and cannot hold code.

The JSON stands under a single key of the file's metadata. safetensors writes several keys in an
order that changes from process to process, and the same network must give the same bytes. It gives
the arrays back in any order too, so the JSON holds their names in the order in which they came.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from arch.errors import InputError
from arch.regular_file import open_regular
from sw.whole_file import write_whole

__all__ = ["BYTES_MAX", "read_any_tensors", "read_tensors", "write_tensors"]

BYTES_MAX = 1 << 30
"""Largest file that is read."""
_KEY = "ohmforge"
_SCHEMA = 1
_DTYPES = ("F32", "F64", "I8", "I64", "BOOL")


def write_tensors(
    path: Path, arrays: Mapping[str, np.ndarray], *, kind: str, content: Mapping[str, Any]
) -> None:
    """Write arrays and JSON; the file is whole or absent, and the same input gives the same bytes.

    Parameters
    ----------
    arrays : mapping of arrays
        float32, float64, int8, int64 or bool, by name.
    kind : str
        What the file is, so that it is not read as something else.
    content : mapping
        What JSON can hold.
    """
    record = {"schema": _SCHEMA, "kind": kind, "arrays": list(arrays), "content": content}
    text = json.dumps(record, sort_keys=True, allow_nan=False)
    # safetensors writes the memory of an array as it lies, so a transposed view must be copied.
    plain = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    write_whole(Path(path), safetensors.numpy.save(plain, metadata={_KEY: text}))


def read_tensors(path: Path, *, kind: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read what :func:`write_tensors` wrote.

    Returns
    -------
    content : dict
    arrays : dict of arrays
        In the order in which they were written.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file is missing, damaged, or of another kind or version.
    """
    data, record = _read(path)
    if not isinstance(record, dict) or record.get("kind") != kind:
        raise InputError(f"{path}: does not hold {kind}")
    if record.get("schema") != _SCHEMA or not isinstance(record.get("content"), dict):
        raise InputError(
            f"{path}: has schema version {record.get('schema')!r}, this program reads {_SCHEMA}"
        )
    names, arrays = record.get("arrays"), safetensors.numpy.load(data)
    if not isinstance(names, list) or sorted(map(repr, names)) != sorted(map(repr, arrays)):
        raise InputError(f"{path}: does not hold the arrays that it lists: write it again")
    for name, array in arrays.items():
        if array.dtype == np.bool_ and array.view(np.uint8).max(initial=0) > 1:
            raise InputError(f"{path}: {name!r} holds a truth value that is neither 0 nor 1")
    return record["content"], {name: arrays[name] for name in names}


def read_any_tensors(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a safetensors file that any program wrote.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file is missing or damaged, or has an array of a type that is not read.
    """
    data, _ = _read(path)
    arrays: dict[str, np.ndarray] = safetensors.numpy.load(data)
    return arrays


def _read(path: Path) -> tuple[bytes, Any]:
    """The bytes of a file whose header is right, and the JSON of this program in it, if any."""
    with open_regular(Path(path), size_max=BYTES_MAX) as (file, _):
        data = file.read()
    try:
        safetensors.deserialize(data)  # checks that header and data agree
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        record = json.loads(header.pop("__metadata__", {}).get(_KEY, "null"))
    except (SafetensorError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: is damaged, or not a safetensors file: write it again"
        ) from error
    for name, entry in header.items():
        if entry["dtype"] not in _DTYPES:
            raise InputError(f"{path}: {name!r} must not be of type {entry['dtype']}")
    return data, record
