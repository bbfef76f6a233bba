"""Bit planes: what the word lines carry, one plane after the other."""

import numpy as np

from arch.fixed import ActFormat, plane_weights

__all__ = ["bit_planes", "combine_planes"]


def bit_planes(windows: np.ndarray, activation: ActFormat) -> np.ndarray:
    """Bits of every input in every plane.

    Parameters
    ----------
    windows : int array, shape (P, R)
        Inputs of ``P`` output positions, within ``activation``.

    Returns
    -------
    uint8 array, shape (R + 1, planes, P)
        0 or 1. The last row is zero, so that input -1, a word line without input, reads it.
    """
    positions, rows = windows.shape
    mask = (1 << activation.bits) - 1
    # Two's complement: the low bits of a negative number are its planes.
    codes = np.ascontiguousarray(windows.astype(np.uint8).T) & np.uint8(mask)
    lines = np.zeros((rows + 1, activation.bits, positions), dtype=np.uint8)
    for plane in range(activation.bits):
        np.bitwise_and(codes >> plane, 1, out=lines[:rows, plane])
    return lines


def combine_planes(values: np.ndarray, activation: ActFormat) -> np.ndarray:
    """Sum of the planes, each by its weight; the sign plane is negative.

    Parameters
    ----------
    values : int array, shape (planes, ...)

    Returns
    -------
    int64 array, shape (...)
    """
    total = np.zeros(values.shape[1:], dtype=np.int64)
    weights = plane_weights(activation.bits, signed=activation.signed)
    for value, weight in zip(values, weights, strict=True):
        total += value.astype(np.int64) * weight
    return total
