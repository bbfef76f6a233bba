"""Cutting images into splits, each class alike."""

import math
from dataclasses import replace

import numpy as np

from sw.datasets.dataset import Dataset, Split

__all__ = ["split_in_three", "spread", "stratified"]

_TEST_SHARE = 0.20
_VALIDATION_SHARE = 0.16


def split_in_three(name: str, images: np.ndarray, labels: np.ndarray, *, seed: int) -> Dataset:
    """64 % train, 16 % validation, 20 % test, each class alike.

    Parameters
    ----------
    name : str
        What the data set is called.
    images : float32 array, shape (n, C, H, W)
        Values 0 to 1.
    labels : int64 array, shape (n,)
        Class numbers, without gaps.
    seed : int
        Decides which image falls into which split.
    """
    rest, test = stratified(labels, np.arange(len(labels)), _TEST_SHARE, seed)
    train, validation = stratified(labels, rest, _VALIDATION_SHARE / (1 - _TEST_SHARE), seed)
    splits = {
        part: Split(images=images[index], labels=labels[index])
        for part, index in (("train", train), ("validation", validation), ("test", test))
    }
    return Dataset(name=name, classes=int(labels.max()) + 1, **splits)


def stratified(
    labels: np.ndarray, index: np.ndarray, share: float | int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cut ``index`` in two, ``share`` of each class in the second part.

    Parameters
    ----------
    labels : int array, shape (n,)
        Class of every image.
    index : int array
        Images to cut.
    share : float or int
        Share of the second part, or its number of images.
    seed : int
        Decides which image falls into which part.

    Returns
    -------
    first, second : int array
        Ascending.

    Raises
    ------
    :exc:`ValueError`
        If a class has fewer than two images, or a part would have fewer images than classes.
    """
    from sklearn.model_selection import train_test_split  # which takes a second to import

    _check_enough(labels[index], share if share >= 1 else math.ceil(share * len(index)))
    first, second = train_test_split(
        index, test_size=share, stratify=labels[index], random_state=seed
    )
    return np.sort(first), np.sort(second)


def _check_enough(labels: np.ndarray, second: float | int) -> None:
    """Refuse what cannot be cut, in words that do not speak of the library."""
    classes, counts = np.unique(labels, return_counts=True)
    for part in (len(labels) - second, second):
        if part < len(classes):
            raise ValueError(
                f"a split of {part} cannot have an image of each of {len(classes)} classes"
            )
    if counts.min() < 2:
        raise ValueError(f"class {classes[counts.argmin()]} has one image, but each split needs it")


def spread(split: Split, count: int | None) -> Split:
    """``count`` images of a split, evenly spread over it; all if it is None or there are no more.

    Raises
    ------
    :exc:`ValueError`
        If ``count`` is not positive.
    """
    if count is None:
        return split
    if count < 1:
        raise ValueError(f"there must be at least one image, not {count}")
    if count >= len(split):
        return split
    chosen = np.linspace(0, len(split) - 1, count).round().astype(np.int64)
    return replace(split, images=split.images[chosen], labels=split.labels[chosen])
