"""Data source ``npz``: plain arrays of pixels."""

from pathlib import Path

import numpy as np

from arch.errors import InputError
from sw.datasets.array_file import read_arrays
from sw.datasets.labelled import Labelled, check_size

__all__ = ["read_npz"]


def read_npz(path: Path) -> Labelled:
    """Images of an ``.npz`` file.

    ``images`` is uint8 (0 to 255) or floats (0 to 1), of shape (n, H, W) or (n, H, W, C) with 1 or
    3 channels; ``labels`` are integers of shape (n,); ``classes``, which may be absent, names the
    classes.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file cannot be read, or holds anything else.
    """
    arrays = read_arrays(path, ("images", "labels"), ("classes",))
    images, labels = arrays["images"], check_labels(path, arrays["labels"])
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or images.shape[3] not in (1, 3) or len(images) != len(labels):
        raise InputError(
            f"{path}: images must have a shape (n, H, W) or (n, H, W, C), 1 or 3 channels, and "
            f"as many labels, not {arrays['images'].shape} with {len(labels)} labels"
        )
    check_size(path, *images.shape)
    if images.dtype != np.uint8:
        if images.dtype.kind != "f":
            raise InputError(f"{path}: images must be uint8 or floats, not {images.dtype}")
        if not (images.min() >= 0 and images.max() <= 1):  # NaN fails too
            raise InputError(f"{path}: images of floats must be 0 to 1")
        images = images.astype(np.float32)
    images = images.transpose(0, 3, 1, 2)
    channels, height, width = images.shape[1:]
    return Labelled(
        path=path,
        shape=(channels, height, width),
        labels=labels,
        classes=len(arrays.get("classes", ())),
        take=lambda index: np.ascontiguousarray(images[index]),
    )


def check_labels(path: Path, labels: np.ndarray) -> np.ndarray:
    """Labels as int64; raises InputError unless they are a row of integers."""
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise InputError(
            f"{path}: labels must be integers of shape (n,), not {labels.dtype} of {labels.shape}"
        )
    if labels.size and labels.max() > np.iinfo(np.int64).max:
        raise InputError(f"{path}: a label is {labels.max()}")
    return labels.astype(np.int64)
