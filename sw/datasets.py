"""Data sets: images and labels in three splits."""

from dataclasses import dataclass

import numpy as np
from sklearn import datasets as sklearn_datasets
from sklearn.model_selection import train_test_split

__all__ = ["Dataset", "Split", "load_digits"]

_TEST_SHARE = 0.20
_VALIDATION_SHARE = 0.16
_DIGITS_LEVELS = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Images with their labels.

    Parameters
    ----------
    images : float32 array, shape (n, C, H, W)
        Values 0 to 1.
    labels : int64 array, shape (n,)
        Class numbers, from 0.

    Raises
    ------
    :exc:`ValueError`
        If there is no image, or a shape, a dtype or a value is not as above.
    """

    images: np.ndarray
    labels: np.ndarray

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
        # Written so that NaN fails too.
        if not (images.min() >= 0 and images.max() <= 1):
            raise ValueError(f"images must be 0 to 1, not {images.min()} to {images.max()}")
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

    @property
    def in_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        channels, height, width = self.train.images.shape[1:]
        return (channels, height, width)


def load_digits(*, seed: int) -> Dataset:
    """The 1,797 handwritten digits that scikit-learn ships, 8 x 8 pixels of 17 levels.

    They are the test part of the UCI "Optical Recognition of Handwritten Digits" data set. Each
    class is split alike: 64 % train, 16 % validation, 20 % test.

    Parameters
    ----------
    seed : int
        Decides which image falls into which split.
    """
    bunch = sklearn_datasets.load_digits()
    images = (bunch.images[:, None] / _DIGITS_LEVELS).astype(np.float32)
    labels = bunch.target.astype(np.int64)
    rest, test = _stratified(labels, np.arange(len(labels)), _TEST_SHARE, seed)
    train, validation = _stratified(labels, rest, _VALIDATION_SHARE / (1 - _TEST_SHARE), seed)
    splits = {
        name: Split(images=images[index], labels=labels[index])
        for name, index in (("train", train), ("validation", validation), ("test", test))
    }
    return Dataset(name="digits", classes=10, **splits)


def _stratified(
    labels: np.ndarray, index: np.ndarray, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cut ``index`` in two, ``share`` of each class in the second part."""
    first, second = train_test_split(
        index, test_size=share, stratify=labels[index], random_state=seed
    )
    return np.sort(first), np.sort(second)
