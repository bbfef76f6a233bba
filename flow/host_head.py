"""What the host computes in floats before the hardware: images become what the head gives."""

from dataclasses import replace

import numpy as np
from torch import nn

from arch.errors import InputError
from sw.datasets import Dataset, Split
from sw.host_split import compute, split_network

__all__ = ["behind_head", "cut_head"]


def cut_head(
    network: nn.Module, in_shape: tuple[int, int, int]
) -> tuple[nn.Module | None, nn.Module]:
    """What the host computes first, if that is anything, and the rest.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the network cannot be traced.
    """
    try:
        head, rest, _ = split_network(network, in_shape, ["head"])
    except ValueError as error:
        raise InputError(str(error)) from error
    return head, rest


def behind_head(head: nn.Module, images: Dataset) -> Dataset:
    """The data set that the hardware gets.

    Its range is that of the training images; what other images have beyond it is clipped, as the
    input codes of the hardware do.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the head gives no maps, or values that are not finite.
    """
    values = _maps(head, images.train)
    low, high = float(values.min()), float(values.max())
    limits = (min(low, 0.0), max(high, 0.0)) if low != high else (low, low + 1.0)

    def split(source: Split, found: np.ndarray) -> Split:
        clipped = np.clip(found, np.float32(limits[0]), np.float32(limits[1]))
        return Split(images=clipped, labels=source.labels, value_range=limits)

    return replace(
        images,
        train=split(images.train, values),
        validation=split(images.validation, _maps(head, images.validation)),
        test=split(images.test, _maps(head, images.test)),
    )


def _maps(head: nn.Module, split: Split) -> np.ndarray:
    values = compute(head, split.images)
    values = values.reshape(*values.shape, *(1 for _ in range(4 - values.ndim)))
    if values.ndim != 4 or not np.isfinite(values).all():
        raise InputError(
            f"the head that the host computes gives {values.shape}, or numbers that are not finite"
        )
    return values
