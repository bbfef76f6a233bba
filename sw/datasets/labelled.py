"""Images with their labels as a file gives them, decoded when they are taken."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from arch.errors import InputError
from sw.datasets.dataset import PIXELS

__all__ = ["CLASSES_MAX", "VALUES_MAX", "Labelled", "check_size"]

CLASSES_MAX = 10_000
"""Most classes of a data set: a wrong label must not make a network of a billion scores."""
VALUES_MAX = 1 << 29
"""Most pixel values of one file: as float32 they take 2 GiB."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelled:
    """Images of one file or folder.

    Parameters
    ----------
    path : Path
        Where they come from, for messages.
    shape : tuple of int
        Channels, height and width of every image.
    labels : int64 array, shape (n,)
        Class numbers.
    classes : int
        Number of classes; 0 if the file does not say, and then the largest label decides.
    take : callable
        Gives uint8 images (0 to 255) or float32 images, shape (k, C, H, W), of an int array of
        ``k`` places.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there is no image, too much of them, or a label is out of range.
    """

    path: Path
    shape: tuple[int, int, int]
    labels: np.ndarray
    classes: int
    take: Callable[[np.ndarray], np.ndarray]

    def __post_init__(self) -> None:
        check_size(self.path, len(self.labels), *self.shape)
        limit = self.classes or CLASSES_MAX
        if limit > CLASSES_MAX:
            raise InputError(f"{self.path}: has {limit} classes, at most {CLASSES_MAX} are read")
        wrong = (self.labels < 0) | (self.labels >= limit)
        if wrong.any():
            place = int(np.argmax(wrong))
            raise InputError(
                f"{self.path}: label of image {place} is {self.labels[place]}, "
                f"but must be 0 to {limit - 1}"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def images(self, index: np.ndarray, value_range: tuple[float, float] = PIXELS) -> np.ndarray:
        """Images at some places; float32 array of shape (k, C, H, W).

        Bytes become 0 to 1; floats are as they are, and must be within ``value_range``.

        Raises
        ------
        :exc:`arch.errors.InputError`
            If a value is outside, or bytes are to be anything else than 0 to 1.
        """
        images, (low, high) = self.take(index), value_range
        if images.dtype == np.uint8:
            if value_range != PIXELS:
                raise InputError(
                    f"data.range must be [0, 1] for {self.path}, whose images are bytes; "
                    f"data.mean and data.std move them"
                )
            return images.astype(np.float32) / np.float32(255)
        # Written so that NaN fails too.
        if not (images.min() >= low and images.max() <= high):
            raise InputError(
                f"{self.path}: images must be within data.range, {low:g} to {high:g}, not "
                f"{images.min():g} to {images.max():g}"
            )
        return images


def check_size(path: Path, count: int, *sizes: int) -> None:
    """Refuse a file without images, with empty images, or with more than :data:`VALUES_MAX`."""
    if count < 1 or min(sizes) < 1:
        raise InputError(f"{path}: holds no image")
    values = count
    for size in sizes:
        values *= size  # Python's integers: no product overflows
    if values > VALUES_MAX:
        raise InputError(
            f"{path}: holds {values} pixel values, at most {VALUES_MAX} are read: split the file"
        )
