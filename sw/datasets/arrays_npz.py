"""Data source ``npz``: plain arrays of pixels."""

from pathlib import Path

import numpy as np

from arch.errors import InputError
from sw.datasets.array_file import read_arrays
from sw.datasets.labelled import Labelled, check_size

__all__ = ["as_taken", "check_labels", "class_count", "read_npz"]


def read_npz(path: Path, *, shapes_only: bool = False) -> Labelled:
    """Images of an ``.npz`` file.

    ``images`` is uint8 (0 to 255) or floats, of shape (n, H, W) or (n, H, W, C) with 1 or 3
    channels, or (n, F) for rows of features; ``labels`` are integers of shape (n,); ``classes``,
    which may be absent, names the classes or is their number. With ``shapes_only`` the images are
    zeros.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file cannot be read, or holds anything else.
    """
    unread = ("images",) if shapes_only else ()
    arrays = read_arrays(path, ("images", "labels"), ("classes",), unread=unread)
    images, labels = arrays["images"], check_labels(path, arrays["labels"])
    channels: tuple[int, ...] = (1, 3)
    if images.ndim == 3:
        images = images[..., None]
    elif images.ndim == 2:
        images, channels = images[:, None, None, :], (images.shape[1],)
    if images.ndim != 4 or images.shape[3] not in channels or len(images) != len(labels):
        raise InputError(
            f"{path}: images must have a shape (n, H, W), (n, H, W, C) with 1 or 3 channels, or "
            f"(n, features), and as many labels, not {arrays['images'].shape} with {len(labels)} "
            f"labels"
        )
    check_size(path, *images.shape)
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise InputError(f"{path}: images must be uint8 or floats, not {images.dtype}")
    images = images.transpose(0, 3, 1, 2)
    return Labelled(
        path=path,
        shape=(images.shape[1], images.shape[2], images.shape[3]),
        labels=labels,
        classes=class_count(path, arrays.get("classes")),
        take=lambda index: as_taken(images[index]),
    )


def as_taken(images: np.ndarray) -> np.ndarray:
    """Bytes as they are, floats as float32; in the usual order in memory."""
    with np.errstate(over="ignore"):  # what is infinite then is in no range
        return np.ascontiguousarray(
            images, dtype=np.uint8 if images.dtype == np.uint8 else np.float32
        )


def class_count(path: Path, classes: np.ndarray | None) -> int:
    """Number of classes: of their names, or as it is given; 0 if absent."""
    if classes is None:
        return 0
    if classes.ndim == 1:
        return len(classes)
    if classes.ndim or classes.dtype.kind not in "iu" or classes < 1:
        raise InputError(f"{path}: classes must be a row of names, or their number, at least 1")
    return int(classes)


def check_labels(path: Path, labels: np.ndarray) -> np.ndarray:
    """Labels as int64; raises InputError unless they are a row of integers."""
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise InputError(
            f"{path}: labels must be integers of shape (n,), not {labels.dtype} of {labels.shape}"
        )
    if labels.size and labels.max() > np.iinfo(np.int64).max:
        raise InputError(f"{path}: a label is {labels.max()}")
    return labels.astype(np.int64)
