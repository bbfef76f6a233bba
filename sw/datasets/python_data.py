"""Data source ``python``: arrays that a function in the user's own Python file gives."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from arch.errors import InputError
from sw.datasets.arrays_npz import as_taken, check_labels
from sw.datasets.dataset import Dataset
from sw.datasets.files import FileShares, split_labelled
from sw.datasets.labelled import Labelled, check_size
from sw.user_module import user_factory

__all__ = ["load_python"]

_NAMES = ("images", "labels", "test_images", "test_labels", "classes")


def load_python(source: str, *, path: Path | None, seed: int, shares: FileShares) -> Dataset:
    """The data set that a function of the user's file gives; the file is executed.

    It gives a dictionary with ``images`` and ``labels``, and maybe ``test_images``, ``test_labels``
    and ``classes`` (names, or their number), or a pair of images and labels. Images are arrays or
    tensors of shape (n, C, H, W), (n, H, W) or (n, features), of floats or uint8 (0 to 255); labels
    are integers from 0.

    Parameters
    ----------
    source : str
        ``FILE.py:NAME``; the function is called without arguments, or with ``seed`` and ``path`` if
        it has parameters of these names.
    path : Path or None
        ``data.path`` of the configuration.
    seed : int
        Decides which image falls into which split.
    shares : FileShares
        How much is used, and for what.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file cannot be executed, or gives something else; one line.
    """
    factory = user_factory(source)
    offered: dict[str, Any] = {"seed": seed}
    if path is not None:
        offered["path"] = str(path)
    given = _named(source, factory.call(random_seed=seed, **offered))
    count = given.get("classes", 0)
    classes = count if isinstance(count, int) else len(count)
    train = _labelled(source, given, "", classes)
    test = None
    if "test_images" in given or "test_labels" in given:
        test = _labelled(source, given, "test_", classes)
    return split_labelled("python", train, test, shares=shares, seed=seed)


def _named(source: str, given: Any) -> dict[str, Any]:
    if isinstance(given, tuple | list) and len(given) == 2:
        given = {"images": given[0], "labels": given[1]}
    if not isinstance(given, Mapping):
        raise InputError(
            f"{source}: must give a dictionary with images and labels, not {type(given).__name__}"
        )
    unknown = [str(name) for name in given if name not in _NAMES]
    if unknown:
        raise InputError(f"{source}: gives {unknown[0]!r}; known are {', '.join(_NAMES)}")
    return dict(given)


def _labelled(source: str, given: Mapping[str, Any], prefix: str, classes: int) -> Labelled:
    names = [f"{prefix}{name}" for name in ("images", "labels")]
    for name in names:
        if name not in given:
            raise InputError(f"{source}: gives no {name}")
    images, labels = (_array(source, name, given[name]) for name in names)
    labels = check_labels(Path(source), labels)
    shape = images.shape
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 2:
        images = images[:, :, None, None]
    if images.ndim != 4 or len(images) != len(labels):
        raise InputError(
            f"{source}: {names[0]} must have a shape (n, C, H, W), (n, H, W) or (n, features) and "
            f"as many {names[1]}, not {shape} with {len(labels)} labels"
        )
    check_size(Path(source), *images.shape)
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise InputError(f"{source}: {names[0]} must be floats or uint8, not {images.dtype}")
    return Labelled(
        path=Path(source),
        shape=(images.shape[1], images.shape[2], images.shape[3]),
        labels=labels,
        classes=classes,
        take=lambda index: as_taken(images[index]),
    )


def _array(source: str, name: str, value: Any) -> np.ndarray:
    try:
        array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{source}: {name} is no array: {error}") from error
    if array.dtype.hasobject:
        raise InputError(f"{source}: {name} holds Python objects; give an array of numbers")
    return array
