"""Cutting images into splits, each class alike."""

import math

import numpy as np
from sklearn.model_selection import train_test_split

from sw.datasets.dataset import Split

__all__ = ["spread", "stratified"]


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
    return Split(images=split.images[chosen], labels=split.labels[chosen])
