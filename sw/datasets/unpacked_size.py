"""How much a compressed file may unpack to: what a few bytes blow up to fills no memory."""

from pathlib import Path

from arch.errors import InputError

__all__ = ["UNPACKED_FREE", "UNPACKED_TIMES", "check_unpacked"]

UNPACKED_FREE = 1 << 26
"""Bytes that any file may unpack to."""
UNPACKED_TIMES = 100
"""Above that, how many times its packed size a file may unpack to; MNIST has five."""


def check_unpacked(what: str | Path, packed: int, unpacked: int) -> None:
    """Refuse ``packed`` bytes that unpack to far more than images do; ``what`` names them.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If ``unpacked`` bytes are more than both limits.
    """
    if unpacked > max(UNPACKED_FREE, UNPACKED_TIMES * packed):
        raise InputError(
            f"{what}: unpacks {packed} bytes to {unpacked}; if that is meant, write it uncompressed"
        )
