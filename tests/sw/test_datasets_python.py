"""Arrays that a function of the user's own gives, and the range of their values."""

import numpy as np
import pytest

from arch.errors import InputError
from sw.datasets import FileShares, load_files, load_python

DATA = """\
import numpy as np
import torch

rng = np.random.default_rng(0)
images = rng.random((60, 2, 4, 5))
labels = np.arange(60) % 3

def pair():
    return images, labels

def bytes_():
    return (images[:, 0] * 255).astype(np.uint8), labels

def tensors():
    return [torch.from_numpy(images), torch.from_numpy(labels)]

def features(seed):
    return {"images": images.reshape(60, 40) * 8 - 4, "labels": labels, "classes": ["a", "b", "c"]}

def apart():
    test = {"test_images": images[:6], "test_labels": labels[:6]}
    return {"images": images, "labels": labels} | test

def from_path(path):
    return np.load(path)["images"], labels

def number(): return 3
def unknown(): return {"images": images, "labels": labels, "lables": 1}
def none(): return {"images": images}
def fewer(): return images, labels[:-1]
def flat(): return labels, labels
def whole(): return (images * 9).astype(int), labels
def objects(): return np.array([{}] * 60), labels
def ragged(): return [[1.0], [1.0, 2.0]], labels
def outside(): return images * 1.5, labels
def nan(): return np.where(images > 0.9, np.nan, images), labels
def negative(): return images, labels - 1
def out_of_range(): return {"images": images, "labels": labels, "classes": 2}
def fails(): return images[100]
"""


@pytest.fixture
def load(tmp_path):
    (tmp_path / "data.py").write_text(DATA)

    def load_named(name, path=None, seed=0, **shares):
        source = f"{tmp_path / 'data.py'}:{name}"
        return load_python(source, path=path, seed=seed, shares=FileShares(**shares))

    return load_named


def everything(dataset):
    splits = (dataset.train, dataset.validation, dataset.test)
    return np.concatenate([split.images.reshape(len(split), -1) for split in splits])


def same(one, other):
    return np.allclose(np.sort(one, axis=0), np.sort(other.reshape(len(other), -1), axis=0))


def test_arrays(load):
    images = np.random.default_rng(0).random((60, 2, 4, 5))
    found = load("pair")
    assert (found.in_shape, found.classes, found.name) == ((2, 4, 5), 3, "python")
    assert [len(s) for s in (found.train, found.validation, found.test)] == [38, 10, 12]
    assert same(everything(found), images)
    assert same(everything(load("tensors")), images)
    found = load("bytes_")
    assert found.in_shape == (1, 4, 5)
    assert same(everything(found) * 255, np.floor(images[:, 0] * 255))
    assert [len(s) for s in vars(load("apart")).values() if hasattr(s, "labels")] == [50, 10, 6]


def test_features_and_their_range(load):
    found = load("features", value_range=(-4.0, 4.0))
    assert (found.in_shape, found.classes) == ((40, 1, 1), 3)
    assert found.value_range == found.test.value_range == (-4.0, 4.0)
    with pytest.raises(InputError, match=r"must be within data\.range, 0 to 1, not -\d.* to "):
        load("features")


def test_path_is_handed_on(load, tmp_path):
    np.savez(tmp_path / "a.npz", images=np.full((60, 2, 2), 0.25))
    assert load("from_path", path=tmp_path / "a.npz").in_shape == (1, 2, 2)
    with pytest.raises(InputError, match="needs path; it can be given seed"):
        load("from_path")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("number", "must give a dictionary with images and labels, not int"),
        ("unknown", "gives 'lables'; known are images, labels"),
        ("none", "gives no labels"),
        ("fewer", "as many labels, not .* with 59 labels"),
        ("flat", "images must have a shape"),
        ("whole", "images must be floats or uint8, not int64"),
        ("objects", "images holds Python objects"),
        ("ragged", "images is no array"),
        ("outside", r"within data\.range, 0 to 1, not 0.* to 1.4"),
        ("nan", r"within data\.range"),
        ("negative", "label of image 0 is -1"),
        ("out_of_range", "label of image 2 is 2, but must be 0 to 1"),
        ("fails", r"data\.py:39: IndexError: index 100 is out of bounds"),
    ],
)
def test_wrong(load, name, message):
    with pytest.raises(InputError, match=message) as caught:
        load(name)
    assert "data.py" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_npz_of_features(tmp_path):
    images = np.random.default_rng(0).normal(size=(30, 7)).clip(-3, 3)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(30) % 2)
    shares = FileShares(value_range=(-3.0, 3.0))
    found = load_files("npz", tmp_path / "a.npz", seed=0, shares=shares)
    assert (found.in_shape, found.value_range) == ((7, 1, 1), (-3.0, 3.0))
    assert same(everything(found), images.astype(np.float32))
    np.savez(tmp_path / "b.npz", images=np.zeros((30, 2, 2), np.uint8), labels=np.arange(30) % 2)
    with pytest.raises(InputError, match=r"data\.range must be \[0, 1\] for .*b\.npz, whose"):
        load_files("npz", tmp_path / "b.npz", seed=0, shares=shares)
