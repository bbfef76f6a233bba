"""Kept segments in a file, from the stage that prunes to the one that quantises."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from arch.errors import InputError
from arch.layer import SCHEMES
from sw.tensor_file import read_tensors, write_tensors

__all__ = ["load_kept", "save_kept"]

_KIND = "kept segments"


def save_kept(kept: Mapping[str, np.ndarray], path: Path, *, scheme: str) -> None:
    """Write which segments of every layer are kept, and their sparsity structure."""
    write_tensors(path, kept, kind=_KIND, content={"scheme": scheme})


def load_kept(path: Path) -> tuple[str, dict[str, np.ndarray]]:
    """Read what :func:`save_kept` wrote.

    Returns
    -------
    scheme : str
    kept : dict of bool arrays
        By layer name; whether a shape fits is for its reader to check.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file cannot be read or is damaged.
    """
    content, kept = read_tensors(path, kind=_KIND)
    if content.get("scheme") not in SCHEMES:
        raise InputError(f"{path}: scheme must be {' or '.join(SCHEMES)}")
    for name, array in kept.items():
        if array.dtype != np.bool_ or array.ndim != 2:
            raise InputError(f"{path}: {name!r} must be a bool matrix")
    return content["scheme"], kept
