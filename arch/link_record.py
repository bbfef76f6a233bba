"""The sizes of a host link as a record, in the file ``link.json`` beside an engine with one."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from arch.errors import InputError
from arch.link_shape import LinkShape
from arch.regular_file import open_regular

__all__ = ["link_from_record", "link_record", "read_link"]

_BOARD = re.compile(r"[A-Za-z0-9_.-]{0,64}")
_SIZE_MAX = 1 << 16


def link_record(link: LinkShape, *, board: str) -> dict[str, Any]:
    """``link`` as plain values, and what it was built for.

    Raises
    ------
    ValueError
        If ``board`` is longer than 64 characters, or has others than letters, digits and ``_.-``.
    """
    if not _BOARD.fullmatch(board):
        raise ValueError(f"board must be at most 64 letters, digits and _.-, not {board!r}")
    return {"board": board, **asdict(link)}


def link_from_record(record: Any, *, origin: str) -> tuple[LinkShape, str]:
    """Link and board of which :func:`link_record` made ``record``.

    Parameters
    ----------
    origin : str
        Where it comes from, for messages.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If it is no such record.
    """
    try:
        names = {"board", *(field.name for field in fields(LinkShape))}
        if not isinstance(record, Mapping) or record.keys() != names:
            raise TypeError(f"it must have {', '.join(sorted(names))}")
        sizes = dict(record)
        board = sizes.pop("board")
        if not isinstance(board, str) or not _BOARD.fullmatch(board):
            raise TypeError("board must be at most 64 letters, digits and _.-")
        for field in fields(LinkShape):
            if type(sizes[field.name]) is not field.type:
                raise TypeError(f"{field.name} must be of type {field.type}")
        return LinkShape(**sizes), board
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{origin}: the sizes of the link are damaged: {error}") from error


def read_link(path: Path) -> tuple[LinkShape, str]:
    """Link and board out of a file.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If it cannot be read, or is not ``link.json`` of an engine.
    """
    with open_regular(path, size_max=_SIZE_MAX) as (file, _size):
        content = file.read(_SIZE_MAX + 1)
    try:
        record = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not link.json of an engine: {error}") from error
    return link_from_record(record, origin=str(path))
