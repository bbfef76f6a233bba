"""The first images of the test split as codes, with their classes: what a device is tried with."""

from math import prod
from pathlib import Path

import numpy as np

from arch.errors import InputError
from arch.npz import ArraySpec, npz_size_max, read_npz, write_npz
from arch.regular_file import open_regular

__all__ = ["NO_CLASS", "images_kept", "read_known_images", "write_known_images"]

_IMAGES_MAX = 256
_BYTES_MAX = 1 << 22
NO_CLASS = -1
"""Label of an image whose class is not the number of the largest result."""


def images_kept(shape: tuple[int, int, int]) -> int:
    """Images of a shape of which a file has room; at least one."""
    return max(1, min(_IMAGES_MAX, _BYTES_MAX // prod(shape)))


def write_known_images(path: Path, codes: np.ndarray, labels: np.ndarray) -> None:
    """Write the first images, as many as a file has room for.

    Parameters
    ----------
    codes : int array, shape (n, C, H, W)
        As the first layer reads them, in 8 bits; at least one image.
    labels : int array, shape (n,)
        Classes, or :data:`NO_CLASS`.
    """
    room = images_kept(codes.shape[1:])
    count = min(room, len(codes))
    held = np.zeros((room, *codes.shape[1:]), dtype=np.uint8)
    held[:count] = codes[:count].astype(np.int64) & 0xFF
    classes = np.full(room, NO_CLASS, dtype=np.int32)
    classes[:count] = labels[:count]
    with path.open("wb") as file:
        write_npz(file, {"count": np.array([count], np.int32), "codes": held, "labels": classes})


def read_known_images(
    path: Path, shape: tuple[int, int, int], *, signed: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The images and classes in a file.

    Parameters
    ----------
    shape : tuple of int
        Channels, height and width of an image.
    signed : bool
        Whether the first layer reads signed codes.

    Returns
    -------
    codes : int64 array, shape (n, C, H, W)
    labels : int64 array, shape (n,)

    Raises
    ------
    :exc:`arch.errors.InputError`
        If it cannot be read, or holds anything else.
    """
    room = images_kept(shape)
    expected = {
        "count": ArraySpec("<i4", (1,)),
        "codes": ArraySpec("|u1", (room, *shape)),
        "labels": ArraySpec("<i4", (room,)),
    }
    with open_regular(path, size_max=npz_size_max(expected)) as (file, size):
        try:
            arrays = read_npz(file, size, expected)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
    count = int(arrays["count"][0])
    if not 1 <= count <= room:
        raise InputError(f"{path}: states {count} images, it has room for {room}")
    codes = arrays["codes"].view(np.int8) if signed else arrays["codes"]
    return codes[:count].astype(np.int64), arrays["labels"][:count].astype(np.int64)
