"""Data source ``cifar10-binary``: the binary version of CIFAR-10, which holds no pickle."""

from pathlib import Path

import numpy as np

from arch.errors import InputError
from arch.regular_file import open_regular
from sw.datasets.labelled import Labelled

__all__ = ["read_cifar10"]

_SHAPE = (3, 32, 32)
_RECORD = 1 + 3 * 32 * 32
_FILE_BYTES_MAX = 1 << 28
_FILES = {
    "train": tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
    "test": ("test_batch.bin",),
}


def read_cifar10(directory: Path, split: str) -> Labelled:
    """Images of ``data_batch_1.bin`` to ``data_batch_5.bin``, or of ``test_batch.bin``.

    A record is one byte of label and 3 x 32 x 32 bytes of red, green and blue.

    Parameters
    ----------
    split : str
        ``train`` or ``test``.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If a file is missing or is not a whole number of records.
    """
    parts = []
    for name in _FILES[split]:
        path = directory / name
        with open_regular(path, size_max=_FILE_BYTES_MAX) as (file, size):
            if size % _RECORD:
                raise InputError(f"{path}: has {size} bytes, which are no records of {_RECORD}")
            parts.append(np.frombuffer(file.read(size), dtype=np.uint8).reshape(-1, _RECORD))
    records = np.concatenate(parts)
    return Labelled(
        path=directory / _FILES[split][0],
        shape=_SHAPE,
        labels=records[:, 0].astype(np.int64),
        classes=10,
        take=lambda index: records[index, 1:].reshape(-1, *_SHAPE),
    )
