"""A pseudo-terminal: what a program opens as if it were a serial port."""

import contextlib
import os
import tty
from pathlib import Path

from arch.errors import InputError

__all__ = ["PseudoTerminal", "check_link"]

_PIECE = 1 << 16


def check_link(link: Path) -> None:
    """Raise :exc:`arch.errors.InputError` if a symbolic link cannot be made there.

    One that leads nowhere, as a device leaves it that was killed, may be there.
    """
    if link.exists():
        raise InputError(f"{link}: is already there; remove it or choose another")
    if not link.parent.is_dir():
        raise InputError(f"{link.parent}: no such directory")


class PseudoTerminal:
    """Our end of a pseudo-terminal in raw mode; programs open the other by its path.

    They may come and go. What nobody reads is lost once the buffer of the system is full, as on a
    wire.

    Parameters
    ----------
    link : Path, optional
        A symbolic link to make to the other end; it is gone after :meth:`close`.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there is something else at ``link``, or it cannot be made.
    """

    def __init__(self, link: Path | None = None) -> None:
        # Our own descriptor of their end keeps the terminal alive while nobody has it open.
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.path = os.ttyname(self._theirs)
        self._link = link
        if link is not None:
            try:
                self._make_link(link)
            except BaseException:
                self._link = None
                self.close()
                raise

    def fileno(self) -> int:
        """The descriptor that becomes readable when a program has written."""
        return self._ours

    def read(self) -> bytes:
        """What has been written by programs; may be nothing."""
        with contextlib.suppress(BlockingIOError):
            return os.read(self._ours, _PIECE)
        return b""

    def write(self, data: bytes) -> int:
        """Give bytes to whoever reads; how many found room, the others are lost."""
        written = 0
        with contextlib.suppress(BlockingIOError):
            while written < len(data):
                written += os.write(self._ours, data[written:])
        return written

    def close(self) -> None:
        """Close both ends and remove the link, unless it leads elsewhere by now."""
        if self._link is not None:
            with contextlib.suppress(OSError):
                if str(self._link.readlink()) == self.path:
                    self._link.unlink()
        for descriptor in (self._ours, self._theirs):
            os.close(descriptor)

    def _make_link(self, link: Path) -> None:
        check_link(link)
        try:
            link.unlink(missing_ok=True)
            link.symlink_to(self.path)
        except OSError as error:
            raise InputError(f"{link}: cannot be made: {error.strerror}") from error
