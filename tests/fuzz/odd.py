"""What may stand where a file is expected, and is none."""

import os
from enum import Enum
from pathlib import Path

__all__ = ["Odd"]


class Odd(Enum):
    """Something in the place of a file."""

    MISSING = "nothing"
    DIRECTORY = "a directory"
    PIPE = "a pipe that nobody writes to"
    ENDLESS = "a link to a device without end"
    OUTSIDE = "a link to a file beside the working directory"
    DANGLING = "a link to nothing"
    SPARSE = "a terabyte of zeros that takes no room"

    def put(self, path: Path) -> None:
        """Make it at ``path``."""
        if self is Odd.DIRECTORY:
            path.mkdir()
        elif self is Odd.PIPE:
            os.mkfifo(path)
        elif self is Odd.SPARSE:
            path.touch()
            os.truncate(path, 1 << 40)
        elif self is not Odd.MISSING:
            target = {
                Odd.ENDLESS: "/dev/zero",
                Odd.OUTSIDE: "../outside",
                Odd.DANGLING: "nothing-here",
            }[self]
            path.symlink_to(target)
