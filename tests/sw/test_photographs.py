"""Squares of two photographs: all of them, once, in classes by place."""

import numpy as np
from sklearn import datasets as sklearn_datasets

from sw.datasets import load_photographs


def test_has_every_square_once():
    dataset = load_photographs(seed=0)
    parts = (dataset.train, dataset.validation, dataset.test)
    assert dataset.in_shape == (3, 32, 32)
    assert [len(part) for part in parts] == [332, 84, 104]
    first, second = sklearn_datasets.load_sample_images().images
    label_of = {}
    for number, photograph in enumerate((first, second)):
        for top in range(0, 13 * 32, 32):
            for left in range(0, 640, 32):
                square = photograph[top : top + 32, left : left + 32].transpose(2, 0, 1) / 255
                label_of[square.astype(np.float32).tobytes()] = 5 * number + left // 128
    found = [
        (image.tobytes(), label)
        for part in parts
        for image, label in zip(part.images, part.labels.tolist(), strict=True)
    ]
    assert len(found) == len(label_of) == 520
    assert dict(found) == label_of


def test_seed_decides_the_split():
    first, again, other = (load_photographs(seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(first.test.images, again.test.images)
    assert not np.array_equal(first.test.images, other.test.images)
