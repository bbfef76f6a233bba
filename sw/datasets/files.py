"""A data set from files: which kind, which images, which split."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from arch.errors import InputError
from sw.datasets.arrays_npz import read_npz
from sw.datasets.cifar_binary import read_cifar10
from sw.datasets.dataset import PIXELS, Dataset, Split
from sw.datasets.idx import read_idx
from sw.datasets.image_folder import read_folder
from sw.datasets.jpeg_npz import read_jpeg_npz
from sw.datasets.labelled import Labelled
from sw.datasets.splitting import stratified

__all__ = ["FILE_KINDS", "FileShares", "image_shape", "load_files", "split_labelled"]

_ONE = {"jpeg-npz": read_jpeg_npz, "npz": read_npz, "folder": read_folder}
"""Kinds of one file (or folder) a split."""
_BOTH = {"idx": read_idx, "cifar10-binary": read_cifar10}
"""Kinds whose directory has files for training and for testing."""
FILE_KINDS = (*_ONE, *_BOTH)
"""Kinds of :func:`load_files`."""


def image_shape(kind: str, path: Path) -> tuple[tuple[int, int, int], int]:
    """Shape of the images of files and number of classes; no image is decoded.

    Parameters
    ----------
    kind : str
        One of :data:`FILE_KINDS`.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If a file is missing or wrong.
    """
    if kind in _BOTH:
        source = _BOTH[kind](path, "train")
    elif kind == "npz":
        source = read_npz(path, shapes_only=True)
    else:
        source = _ONE[kind](path)
    return source.shape, source.classes or int(source.labels.max()) + 1


@dataclass(frozen=True, kw_only=True)
class FileShares:
    """How much of the files is used, and for what.

    Parameters
    ----------
    validation, test : float
        Shares of the images that are validation and test split; ``test`` applies where the source
        has no test images of its own, and ``validation`` is then a share of all images, else one
        of the training images.
    validation_from : str
        ``train`` or ``test``: of which images the validation split is cut. Weights that were
        trained elsewhere have seen the training images, so that only test images can tell what
        they lose; the part that is cut off is then not tested.
    train_limit, test_limit : int or None
        Most images that are used for training and validation, and for testing; the seed chooses.
    value_range : tuple of float
        The least and the largest value that an image can have; bytes are always 0 to 1.
    """

    validation: float = 0.16
    test: float = 0.20
    validation_from: str = "train"
    train_limit: int | None = None
    test_limit: int | None = None
    value_range: tuple[float, float] = PIXELS


def load_files(
    kind: str, path: Path, *, seed: int, test_path: Path | None = None, shares: FileShares
) -> Dataset:
    """A data set from files.

    Parameters
    ----------
    kind : str
        One of :data:`FILE_KINDS`.
    path : Path
        The file or directory.
    seed : int
        Decides which image falls into which split, and which are left out by a limit.
    test_path : Path, optional
        The file or folder of test images; for the kinds that keep them apart anyway it must be
        left out.
    shares : FileShares
        How much is used, and for what.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If a file is missing or wrong, or there are too few images to split.
    """
    test: Labelled | None
    if kind in _BOTH:
        if test_path is not None:
            raise InputError(
                f"data.test_path: {kind} has its test images in data.path; leave it out"
            )
        train = _BOTH[kind](path, "train")
        test = _BOTH[kind](path, "test")
    else:
        train = _ONE[kind](path)
        test = None if test_path is None else _ONE[kind](test_path)
    return split_labelled(kind, train, test, shares=shares, seed=seed)


def split_labelled(
    name: str, train: Labelled, test: Labelled | None, *, shares: FileShares, seed: int
) -> Dataset:
    """A data set of images with their labels.

    Parameters
    ----------
    name : str
        What it is called.
    train : Labelled
        Images for training and validation, and for testing if there are no others.
    test : Labelled or None
        Images for testing.
    shares : FileShares
        How much is used, and for what.
    seed : int
        Decides which image falls into which split, and which are left out by a limit.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If they do not go together, a value is out of range, or there are too few to split.
    """
    classes = train.classes or int(train.labels.max()) + 1
    if test is not None:
        _check_alike(train, test, classes)
        return _of_two(name, classes, train, test, shares, seed)
    if shares.validation_from == "test":
        raise InputError("data.validation_from: test needs test images; give data.test_path")
    rest, test_index = _cut(train, np.arange(len(train)), shares.test, seed)
    rest = _limited(train, rest, shares.train_limit, seed)
    train_index, validation_index = _cut(train, rest, shares.validation / (1 - shares.test), seed)
    return Dataset(
        name=name,
        classes=classes,
        train=_training_split(train, train_index, shares),
        validation=_split(train, validation_index, shares),
        test=_split(train, _limited(train, test_index, shares.test_limit, seed), shares),
    )


def _of_two(
    name: str, classes: int, train: Labelled, test: Labelled, shares: FileShares, seed: int
) -> Dataset:
    """The data set of a source that keeps training and test images apart."""
    train_index = _limited(train, np.arange(len(train)), shares.train_limit, seed)
    test_index = np.arange(len(test))
    if shares.validation_from == "test":
        test_index, validation_index = _cut(test, test_index, shares.validation, seed)
    else:
        train_index, validation_index = _cut(train, train_index, shares.validation, seed)
    held_out = test if shares.validation_from == "test" else train
    return Dataset(
        name=name,
        classes=classes,
        train=_training_split(train, train_index, shares),
        validation=_split(held_out, validation_index, shares),
        test=_split(test, _limited(test, test_index, shares.test_limit, seed), shares),
    )


def _check_alike(train: Labelled, test: Labelled, classes: int) -> None:
    if train.shape != test.shape:
        raise InputError(
            f"{test.path}: images are {test.shape} (channels, height, width), but those of "
            f"{train.path} are {train.shape}"
        )
    if test.labels.max() >= classes or (test.classes and test.classes != classes):
        raise InputError(
            f"{test.path}: has {max(test.classes, int(test.labels.max()) + 1)} classes, but "
            f"{train.path} has {classes}"
        )


def _cut(
    source: Labelled, index: np.ndarray, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    try:
        return stratified(source.labels, index, max(1, round(share * len(index))), seed)
    except ValueError as error:
        raise InputError(
            f"{source.path}: {len(index)} images are too few to split: {error}; give more images "
            f"or larger shares"
        ) from error


def _limited(source: Labelled, index: np.ndarray, limit: int | None, seed: int) -> np.ndarray:
    if limit is None or limit >= len(index):
        return index
    return np.sort(np.random.default_rng(seed).choice(index, limit, replace=False))


def _training_split(source: Labelled, index: np.ndarray, shares: FileShares) -> Split:
    if len(index) < 2:
        raise InputError(
            f"{source.path}: one image is too few to train on; give more images, or raise "
            f"data.train_limit"
        )
    return _split(source, index, shares)


def _split(source: Labelled, index: np.ndarray, shares: FileShares) -> Split:
    return Split(
        images=source.images(index, shares.value_range),
        labels=source.labels[index],
        value_range=shares.value_range,
    )
