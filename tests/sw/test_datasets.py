import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets

from sw.datasets import Dataset, Split, load_digits


def split(count=4, *, shape=(1, 2, 2), label=0):
    return Split(images=np.zeros((count, *shape), np.float32), labels=np.full(count, label))


def test_digits_has_every_image_once(digits):
    found = np.concatenate([s.images for s in (digits.train, digits.validation, digits.test)])
    expected = sklearn_datasets.load_digits().images / 16
    assert digits.in_shape == (1, 8, 8)
    assert sorted(map(bytes, found)) == sorted(map(bytes, expected.astype(np.float32)))


def test_digits_labels_belong_to_their_images(digits):
    bunch = sklearn_datasets.load_digits()
    label_of = {
        bytes((image / 16).astype(np.float32)): label
        for image, label in zip(bunch.images, bunch.target, strict=True)
    }
    for part in (digits.train, digits.validation, digits.test):
        assert [label_of[bytes(image)] for image in part.images] == part.labels.tolist()


def test_digits_classes_are_spread_alike(digits):
    assert (len(digits.train), len(digits.validation), len(digits.test)) == (1149, 288, 360)
    for part in (digits.train, digits.validation, digits.test):
        shares = np.bincount(part.labels, minlength=10) / len(part)
        assert 0.09 < shares.min() <= shares.max() < 0.11


def test_digits_seed_decides_the_split(digits):
    again, other = load_digits(seed=0), load_digits(seed=1)
    assert np.array_equal(again.test.images, digits.test.images)
    assert not np.array_equal(other.test.images, digits.test.images)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((0, 1, 2, 2), np.float32), np.zeros(0, np.int64), "not empty"),
        (np.zeros((2, 4), np.float32), np.zeros(2, np.int64), r"shape \(n, C, H, W\)"),
        (np.zeros((2, 1, 2, 2), np.float32), np.zeros(3, np.int64), "need as many labels"),
        (np.zeros((2, 1, 2, 2)), np.zeros(2, np.int64), "not float64 and int64"),
        (np.zeros((2, 1, 2, 2), np.float32), np.zeros(2, np.int32), "not float32 and int32"),
        (np.full((2, 1, 2, 2), 1.5, np.float32), np.zeros(2, np.int64), "must be 0 to 1"),
        (np.full((2, 1, 2, 2), np.nan, np.float32), np.zeros(2, np.int64), "must be 0 to 1"),
        (np.zeros((2, 1, 2, 2), np.float32), np.array([0, -1]), "at least 0, not -1"),
    ],
)
def test_wrong_split(images, labels, message):
    with pytest.raises(ValueError, match=message):
        Split(images=images, labels=labels)


def test_wrong_dataset():
    good = split()
    with pytest.raises(ValueError, match="labels must be below 3, not 3"):
        Dataset(name="x", classes=3, train=good, validation=split(label=3), test=good)
    with pytest.raises(ValueError, match=r"images must be \(1, 2, 2\) in every split"):
        Dataset(name="x", classes=3, train=good, validation=good, test=split(shape=(1, 3, 2)))
