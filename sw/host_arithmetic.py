"""What the host computes between layers, in integers."""

from collections.abc import Sequence

import numpy as np

from arch.fixed import requantise
from arch.host import HostSpec

__all__ = ["operate"]


def operate(spec: HostSpec, values: Sequence[np.ndarray]) -> np.ndarray:
    """Outputs of a host operation, see :class:`arch.host.HostSpec` for the arithmetic.

    Parameters
    ----------
    values : sequence of int array, shape (n, C, H, W)
        What each source gave.

    Returns
    -------
    int64 array, shape (n, C, H, W)
    """
    acc = np.zeros((len(values[0]), *spec.out_shape), dtype=np.int64)
    for value, form, factor in zip(values, spec.activations, spec.multipliers, strict=True):
        acc += _taken(spec, value.astype(np.int64) - form.zero_point) * factor
    one, shift, none = (np.array([number]) for number in (1, spec.shift, 0))
    return requantise(acc, one, shift, none, spec.output)  # the multipliers are in `acc` already


def _taken(spec: HostSpec, value: np.ndarray) -> np.ndarray:
    """What enters the sum, zero points taken off."""
    if spec.pools:
        return _pooled(spec, value)
    if spec.kind == "shortcut":
        channels, behind = spec.channels_before + spec.in_shape[0], spec.out_shape[0]
        kept = value[:, :, :: spec.stride[0], :: spec.stride[1]]
        around = (spec.channels_before, behind - channels)
        return np.pad(kept, ((0, 0), around, (0, 0), (0, 0)))
    return value


def _pooled(spec: HostSpec, value: np.ndarray) -> np.ndarray:
    """Every window in one step: what is around the map is zero, or less than any number in it."""
    (above, beside), (down, across) = spec.padding, spec.stride
    largest = spec.kind == "max_pool"
    outside = np.iinfo(value.dtype).min if largest else 0
    around = ((0, 0), (0, 0), (above, above), (beside, beside))
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(value, around, constant_values=outside), spec.window, axis=(2, 3)
    )[:, :, ::down, ::across]
    return windows.max(axis=(4, 5)) if largest else windows.sum(axis=(4, 5))
