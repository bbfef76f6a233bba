"""JSON files that are whole or absent, and one line if one cannot be read."""

import json
import math
import os
from pathlib import Path
from typing import Any

from arch.errors import InputError
from arch.regular_file import open_regular

__all__ = ["BYTES_MAX", "HIDDEN", "read_json", "write_bytes", "write_json", "write_text"]

HIDDEN = ".ohmforge"
"""How the names of files begin that no one but this program should see."""


BYTES_MAX = 1 << 26
"""Largest JSON file that is read, in bytes; as Python's objects it takes some ten times as many."""


def read_json(path: Path) -> Any:
    """The value in a JSON file; raises InputError if it cannot be read or is not JSON.

    NaN and infinity, which JSON lacks, are not JSON; nor is a number that becomes infinite.
    """
    with open_regular(path, size_max=BYTES_MAX) as (file, _):
        text = file.read()
    try:
        return json.loads(text.decode("utf-8"), parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not JSON") from error


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not finite")
    return value


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as JSON; NaN and infinity, which JSON lacks, raise ValueError."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all; its directory is made."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all; its directory is made."""
    path.parent.mkdir(exist_ok=True)
    partial = path.with_name(f"{HIDDEN}.{path.name}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
