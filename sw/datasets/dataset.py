"""Data sets: images and labels in three splits."""

from dataclasses import dataclass

import numpy as np

__all__ = ["PIXELS", "Dataset", "Split"]

PIXELS = (0.0, 1.0)
"""Range of the values of a picture: black, and white."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Images with their labels.

    Parameters
    ----------
    images : float32 array, shape (n, C, H, W)
        Values within ``value_range``.
    labels : int64 array, shape (n,)
        Class numbers, from 0.
    value_range : tuple of float
        The least and the largest value that an image can have; it decides the input codes.

    Raises
    ------
    :exc:`ValueError`
        If there is no image, or a shape, a dtype or a value is not as above.
    """

    images: np.ndarray
    labels: np.ndarray
    value_range: tuple[float, float] = PIXELS

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.ndim != 4 or images.size == 0:
            raise ValueError(f"images must have a shape (n, C, H, W), not empty: {images.shape}")
        if labels.shape != (len(images),):
            raise ValueError(f"{len(images)} images need as many labels, not {labels.shape}")
        if images.dtype != np.float32 or labels.dtype != np.int64:
            raise ValueError(
                f"images must be float32 and labels int64, not {images.dtype} and {labels.dtype}"
            )
        low, high = self.value_range
        if not low < high:
            raise ValueError(f"value_range must rise, not {low} to {high}")
        # Written so that NaN fails too.
        if not (images.min() >= low and images.max() <= high):
            raise ValueError(
                f"images must be {low:g} to {high:g}, not {images.min()} to {images.max()}"
            )
        if labels.min() < 0:
            raise ValueError(f"labels must be at least 0, not {labels.min()}")

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """A data set in three splits that share no image.

    Parameters
    ----------
    name : str
        What it is called in reports.
    classes : int
        Number of classes.
    train : Split
        For weights, batch normalisation and calibration.
    validation : Split
        For every choice (hyperparameters, ratios).
    test : Split
        For the figures that are reported, and nothing else.

    Raises
    ------
    :exc:`ValueError`
        If a label is out of range, or the splits differ in the shape of an image.
    """

    name: str
    classes: int
    train: Split
    validation: Split
    test: Split

    def __post_init__(self) -> None:
        for split in (self.train, self.validation, self.test):
            if split.labels.max() >= self.classes:
                raise ValueError(
                    f"data set {self.name}: labels must be below {self.classes}, "
                    f"not {split.labels.max()}"
                )
            if split.images.shape[1:] != self.in_shape:
                raise ValueError(
                    f"data set {self.name}: images must be {self.in_shape} in every split, "
                    f"not {split.images.shape[1:]}"
                )
            if split.value_range != self.value_range:
                raise ValueError(f"data set {self.name}: value_range differs between splits")

    @property
    def value_range(self) -> tuple[float, float]:
        """The least and the largest value that an image can have."""
        return self.train.value_range

    @property
    def in_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        channels, height, width = self.train.images.shape[1:]
        return (channels, height, width)
