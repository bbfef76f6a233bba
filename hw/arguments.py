"""Checks of the arguments of components."""

__all__ = ["check_sizes"]


def check_sizes(**sizes):
    """Refuse a size that is not a positive integer.

    Raises
    ------
    :exc:`TypeError`
        If a size is not an integer.
    :exc:`ValueError`
        If a size is less than 1.
    """
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int):
            raise TypeError(f"{name} must be an integer, not {size!r}")
        if size < 1:
            raise ValueError(f"{name} must be at least 1, not {size}")
