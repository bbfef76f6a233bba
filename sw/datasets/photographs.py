"""Crops of the two photographs that scikit-learn ships."""

import numpy as np

from sw.datasets.dataset import Dataset
from sw.datasets.splitting import split_in_three

__all__ = ["load_photographs"]

_SIDE = 32
_STRIP = 4


def load_photographs(*, seed: int) -> Dataset:
    """520 crops of 32 x 32 pixels in colour, of two photographs; ten classes.

    The photographs, 427 x 640 pixels of a temple and of a flower, are cut into squares that share
    no pixel. A class is a fifth of a photograph: four columns of squares. That says little about
    objects, but these are natural images of the size of CIFAR-10's that need no download. Each
    class is split alike: 64 % train, 16 % validation, 20 % test.

    Parameters
    ----------
    seed : int
        Decides which image falls into which split.
    """
    from sklearn.datasets import load_sample_images  # which takes a second to import

    images, labels = [], []
    for number, photograph in enumerate(load_sample_images().images):
        rows, columns = (size // _SIDE for size in photograph.shape[:2])
        squares = photograph[: rows * _SIDE, : columns * _SIDE].reshape(
            rows, _SIDE, columns, _SIDE, 3
        )
        images.append(squares.transpose(0, 2, 4, 1, 3).reshape(-1, 3, _SIDE, _SIDE))
        strips = number * (columns // _STRIP) + np.arange(columns) // _STRIP
        labels.append(np.tile(strips, rows))
    pixels = (np.concatenate(images) / 255).astype(np.float32)
    classes = np.concatenate(labels).astype(np.int64)
    return split_in_three("photographs", pixels, classes, seed=seed)
