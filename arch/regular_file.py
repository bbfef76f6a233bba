"""Opens files that a stranger may have made: no links, no devices, no more bytes than expected."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from arch.errors import InputError

__all__ = ["open_regular"]


@contextmanager
def open_regular(path: Path, *, size_max: int) -> Iterator[tuple[BufferedReader, int]]:
    """Open a regular file for reading; gives the file and its size in bytes.

    A symbolic link is refused, so that a directory of tables cannot reach out of itself, and so is
    anything that is not a file: opening never waits, as it would for a pipe.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file is missing, unreadable, not a regular file, or larger than ``size_max`` bytes.
    """
    # Flags that Windows lacks are left out there; it has no pipes in directories.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    flags |= getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        if path.is_symlink():
            raise InputError(f"{path}: is a symbolic link; put the file itself there")
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {_reason(error)}") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)  # fdopen refuses a directory with an error of its own
        raise InputError(f"{path}: is not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        if status.st_size > size_max:
            raise InputError(f"{path}: has {status.st_size} bytes, at most {size_max} are expected")
        yield file, status.st_size


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
