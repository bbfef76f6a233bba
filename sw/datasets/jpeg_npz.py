"""Data source ``jpeg-npz``: JPEG files end to end in one ``.npz``."""

from pathlib import Path

import numpy as np

from arch.errors import InputError
from sw.datasets.array_file import read_arrays
from sw.datasets.arrays_npz import check_labels, class_count
from sw.datasets.labelled import Labelled, check_size
from sw.datasets.picture import decode, picture_shape

__all__ = ["read_jpeg_npz"]


def read_jpeg_npz(path: Path) -> Labelled:
    """Images of an ``.npz`` file of JPEGs.

    ``jpeg`` is uint8, all files end to end; ``offsets`` are integers of shape (n + 1,): image ``i``
    is ``jpeg[offsets[i]:offsets[i + 1]]``; ``labels`` and ``classes`` are as for ``npz``. All
    images have the size and the channels of the first.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file cannot be read, or holds anything else; of a picture, when it is decoded.
    """
    arrays = read_arrays(path, ("jpeg", "offsets", "labels"), ("classes",))
    jpeg, offsets = arrays["jpeg"], arrays["offsets"]
    labels = check_labels(path, arrays["labels"])
    if jpeg.ndim != 1 or jpeg.dtype != np.uint8:
        raise InputError(f"{path}: jpeg must be uint8 of shape (n,), not {jpeg.dtype}")
    if offsets.dtype.kind not in "iu" or offsets.shape != (len(labels) + 1,):
        raise InputError(
            f"{path}: offsets must be {len(labels) + 1} integers, one more than labels, "
            f"not {offsets.dtype} of {offsets.shape}"
        )
    check_size(path, len(labels), 1)
    places = offsets.astype(np.int64)
    if places.min() < 0 or places.max() > len(jpeg) or (np.diff(places) <= 0).any():
        raise InputError(f"{path}: offsets must ascend within the {len(jpeg)} bytes of jpeg")

    def data(image: int) -> bytes:
        return jpeg[places[image] : places[image + 1]].tobytes()

    shape = picture_shape(data(0), f"{path}: image 0")

    def take(index: np.ndarray) -> np.ndarray:
        images = np.empty((len(index), *shape), dtype=np.uint8)
        for place, image in enumerate(index.tolist()):
            images[place] = decode(data(image), shape, f"{path}: image {image}")
        return images

    return Labelled(
        path=path,
        shape=shape,
        labels=labels,
        classes=class_count(path, arrays.get("classes")),
        take=take,
    )
