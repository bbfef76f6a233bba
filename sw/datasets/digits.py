"""The handwritten digits that scikit-learn ships."""

import numpy as np

from sw.datasets.dataset import Dataset
from sw.datasets.splitting import split_in_three

__all__ = ["load_digits"]

_LEVELS = 16


def load_digits(*, seed: int) -> Dataset:
    """The 1,797 handwritten digits that scikit-learn ships, 8 x 8 pixels of 17 levels.

    They are the test part of the UCI "Optical Recognition of Handwritten Digits" data set. Each
    class is split alike: 64 % train, 16 % validation, 20 % test.

    Parameters
    ----------
    seed : int
        Decides which image falls into which split.
    """
    from sklearn.datasets import load_digits as given  # which takes a second to import

    bunch = given()
    images = (bunch.images[:, None] / _LEVELS).astype(np.float32)
    labels = bunch.target.astype(np.int64)
    return split_in_three("digits", images, labels, seed=seed)
