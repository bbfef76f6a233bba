"""Data source ``folder``: a folder of pictures for each class."""

from pathlib import Path

import numpy as np

from arch.errors import InputError
from arch.regular_file import open_regular
from sw.datasets.labelled import CLASSES_MAX, Labelled, check_size
from sw.datasets.picture import decode, picture_shape

__all__ = ["read_folder"]

_FILE_BYTES_MAX = 1 << 24
_SUFFIXES = {".jpg", ".jpeg", ".png"}
_FILES_MAX = 1 << 22


def read_folder(path: Path) -> Labelled:
    """Images of a folder that holds one folder a class, of JPEG and PNG files.

    Classes are numbered in the order of the names of their folders. All images have the size and
    the channels of the first. Files of other suffixes, and names that begin with a dot, are left
    alone.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there is no picture, or one cannot be read.
    """
    try:
        folders = sorted(f for f in path.iterdir() if f.is_dir() and not f.name.startswith("."))
        files = [
            (file, label)
            for label, folder in enumerate(folders)
            for file in sorted(folder.iterdir())
            if file.suffix.lower() in _SUFFIXES and not file.name.startswith(".")
        ]
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not files:
        raise InputError(f"{path}: holds no folder of JPEG or PNG pictures, one folder a class")
    if len(folders) > CLASSES_MAX or len(files) > _FILES_MAX:
        raise InputError(
            f"{path}: holds {len(folders)} folders and {len(files)} pictures: too many"
        )
    shape = picture_shape(_read(files[0][0]), files[0][0])
    check_size(path, len(files), *shape)

    def take(index: np.ndarray) -> np.ndarray:
        images = np.empty((len(index), *shape), dtype=np.uint8)
        for place, image in enumerate(index.tolist()):
            file, _ = files[image]
            images[place] = decode(_read(file), shape, file)
        return images

    return Labelled(
        path=path,
        shape=shape,
        labels=np.array([label for _, label in files], dtype=np.int64),
        classes=len(folders),
        take=take,
    )


def _read(file: Path) -> bytes:
    with open_regular(file, size_max=_FILE_BYTES_MAX) as (opened, _):
        return opened.read()
