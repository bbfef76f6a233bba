"""Data source ``idx``: the format of MNIST."""

import gzip
import math
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from arch.errors import InputError
from arch.regular_file import open_regular
from sw.datasets.labelled import Labelled, check_size
from sw.datasets.unpacked_size import check_unpacked

__all__ = ["read_idx"]

_FILE_BYTES_MAX = 1 << 30
_NAMES = {"train": "train", "test": "t10k"}


def read_idx(directory: Path, split: str) -> Labelled:
    """Images of a directory with MNIST's files.

    They are ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, ``t10k-images-idx3-ubyte``
    and ``t10k-labels-idx1-ubyte``, with or without ``.gz``, or with a dot before ``idx``.

    Parameters
    ----------
    split : str
        ``train`` or ``test``.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If a file is missing, truncated or of another kind.
    """
    name = _NAMES[split]
    path = _find(directory, f"{name}-images", "idx3-ubyte")
    images = _read(path, dimensions=3)
    labels = _read(_find(directory, f"{name}-labels", "idx1-ubyte"), dimensions=1)
    if len(images) != len(labels):
        raise InputError(f"{path}: has {len(images)} images, but there are {len(labels)} labels")
    return Labelled(
        path=path,
        shape=(1, images.shape[1], images.shape[2]),
        labels=labels.astype(np.int64),
        classes=0,
        take=lambda index: images[index][:, None],
    )


def _find(directory: Path, name: str, kind: str) -> Path:
    for candidate in (f"{name}-{kind}", f"{name}.{kind}"):
        for suffix in ("", ".gz"):
            path = directory / f"{candidate}{suffix}"
            if path.exists():
                return path
    raise InputError(f"{directory / f'{name}-{kind}'}: is missing (also with .gz)")


def _read(path: Path, *, dimensions: int) -> np.ndarray:
    header = 4 + 4 * dimensions
    with open_regular(path, size_max=_FILE_BYTES_MAX) as (file, size):
        if path.suffix != ".gz":
            return _array(file.read(header), file.read, size, path, dimensions)
        try:
            with gzip.open(file) as unpacked:

                def read(count: int) -> bytes:
                    check_unpacked(path, size, count)
                    return unpacked.read(count)

                return _array(unpacked.read(header), read, None, path, dimensions)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{path}: is damaged: {error}") from error


def _array(
    start: bytes, read: Callable[[int], bytes], size: int | None, path: Path, dimensions: int
) -> np.ndarray:
    """The array behind a header; ``size`` is that of the file, None if it is packed."""
    if len(start) != 4 + 4 * dimensions or start[:4] != bytes([0, 0, 8, dimensions]):
        raise InputError(f"{path}: is not an IDX file of bytes in {dimensions} dimensions")
    shape = [int.from_bytes(start[4 * i : 4 * i + 4], "big") for i in range(1, dimensions + 1)]
    check_size(path, *shape, *([1] if dimensions == 1 else []))
    count = math.prod(shape)
    if size is not None and size != len(start) + count:
        raise InputError(
            f"{path}: has {size} bytes, but {len(start) + count} follow from its header"
        )
    data = read(count + 1)
    if len(data) != count:
        raise InputError(f"{path}: has another length than its header says")
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)
