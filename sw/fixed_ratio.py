"""A positive ratio as a multiplier and a right shift."""

import numpy as np

from arch.fixed import MULTIPLIER_BITS, SHIFT_MAX

__all__ = ["RATIO_MIN", "fixed_ratio"]

RATIO_MIN = 2.0 ** (MULTIPLIER_BITS - 1 - SHIFT_MAX)
"""Smallest ratio whose multiplier has all its bits; below it precision is lost."""
_TOP = 1 << MULTIPLIER_BITS


def fixed_ratio(ratios: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Multipliers and shifts with ``multiplier / 2**shift`` nearest to given ratios.

    The multiplier has its top bit set unless the shift would leave its range, so the relative error
    is at most ``2**-MULTIPLIER_BITS`` from :data:`RATIO_MIN` to ``2**(MULTIPLIER_BITS - 1)``.

    Parameters
    ----------
    ratios : float array, shape (C,)
        Above 0.

    Returns
    -------
    multiplier, shift : int64 array, shape (C,)
        See :func:`arch.fixed.requantise`.

    Raises
    ------
    :exc:`ValueError`
        If a ratio is not above 0, or too large for a multiplier.
    """
    ratios = np.asarray(ratios, dtype=np.float64)
    if not (ratios > 0).all() or not (ratios < _TOP - 0.5).all():
        raise ValueError(
            f"requantisation ratios must be above 0 and below {_TOP}, "
            f"not {ratios.min()} to {ratios.max()}"
        )
    _, exponent = np.frexp(ratios)  # ratio = mantissa * 2**exponent, mantissa 0.5 to 1
    shift = np.clip(MULTIPLIER_BITS - exponent, 0, SHIFT_MAX)
    multiplier = np.floor(np.ldexp(ratios, shift) + 0.5)
    # A mantissa just below 1 rounds up to one bit more than there is.
    carry = multiplier == _TOP
    multiplier, shift = np.where(carry, _TOP // 2, multiplier), shift - carry
    return multiplier.astype(np.int64), shift.astype(np.int64)
