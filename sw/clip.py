"""Choice of the range that integer codes cover: what is beyond is clipped."""

import numpy as np

__all__ = ["best_limits", "half_up"]

_FRACTIONS = np.linspace(1.0, 0.1, 91)
_PART = 1 << 18
"""Elements that are tried together: they fit the cache of a processor."""


def half_up(values: np.ndarray) -> np.ndarray:
    """Nearest integers, half upwards, as the hardware rounds."""
    return np.floor(values + 0.5)


def best_limits(values: np.ndarray, *, low: int, high: int) -> np.ndarray:
    """Limit of each row that loses least when codes ``low`` to ``high`` cover ``+-limit``.

    Every hundredth of the largest magnitude from 0.1 to 1 is tried; the one of least squared error
    is taken, the larger one if equal. With 8 bits that is close to the largest magnitude itself,
    with 2 or 3 bits it is far below.

    Parameters
    ----------
    values : float array, shape (k, n)
        Each row is quantised alone.
    low, high : int
        Smallest and largest code; ``high`` stands for the limit, 0 for 0.

    Returns
    -------
    float64 array, shape (k,)
        0 for a row of zeros.
    """
    rows, length = values.shape
    # A part of one row would be summed in another order than the same row among others.
    parts = max(1, min(rows // 2, rows * length // _PART))
    return np.concatenate(
        [_best_limits(part, low=low, high=high) for part in np.array_split(values, parts)]
    )


def _best_limits(values: np.ndarray, *, low: int, high: int) -> np.ndarray:
    values = values.astype(np.float64)
    largest = np.abs(values).max(axis=1)
    best = np.zeros_like(largest)
    least = np.full_like(largest, np.inf)
    for limit in (largest * fraction for fraction in _FRACTIONS):
        step = np.where(limit > 0, limit, 1.0)[:, None] / high
        error = np.square(np.clip(half_up(values / step), low, high) * step - values).sum(axis=1)
        better = error < least
        best[better], least[better] = limit[better], error[better]
    return best
