"""The serial port of a board, as a line to a device."""

import contextlib
import errno
import os
import time
from pathlib import Path

from host.errors import PortError

__all__ = ["SerialPort"]

_READ_MOST = 1 << 16
_WRITE_SECONDS = 10.0
"""A port that takes no bytes for so long takes none."""


class SerialPort:
    """A :class:`host.transport.Transport` over pyserial; also over a pseudo-terminal.

    Parameters
    ----------
    path : str
        The port, as the system calls it.
    baud : int
        Bits a second.

    Raises
    ------
    :exc:`host.errors.PortError`
        If it is not there, not permitted, in use, or no serial port; or pyserial is missing.
    """

    def __init__(self, path: str, baud: int) -> None:
        try:
            import serial
        except ImportError as error:
            raise PortError("serial ports need pyserial: pip install 'ohmforge[host]'") from error
        self._path = path
        self._gone: tuple[type[Exception], ...] = (serial.SerialException, OSError, TypeError)
        if os.name == "posix":
            import termios

            self._gone += (termios.error,)  # which is no OSError
        try:
            self._port = serial.Serial(
                path, baud, timeout=0, write_timeout=_WRITE_SECONDS, exclusive=True
            )
        except (*self._gone, ValueError) as error:
            raise PortError(_why(path, baud, error)) from error
        # Adapters of some makers hold bytes back for 16 ms unless they are told not to.
        with contextlib.suppress(OSError, ValueError, AttributeError, NotImplementedError):
            self._port.set_low_latency_mode(True)
        with contextlib.suppress(*self._gone):
            self._port.reset_input_buffer()

    def write(self, data: bytes) -> None:
        """Send bytes; they leave while the caller goes on, as waiting for that has no time-out."""
        try:
            self._port.write(data)
        except self._gone as error:
            raise PortError(self._lost()) from error

    def read(self, seconds: float) -> bytes:
        """What has come; waits at most so long for the first byte."""
        try:
            waiting = self._port.in_waiting
            if not waiting:
                self._port.timeout = max(0.0, seconds)
                first: bytes = self._port.read(1)
                if not first:
                    return b""
                waiting = self._port.in_waiting
                self._port.timeout = 0
                rest: bytes = self._port.read(min(waiting, _READ_MOST)) if waiting else b""
                return first + rest
            self._port.timeout = 0
            data: bytes = self._port.read(min(waiting, _READ_MOST))
        except self._gone as error:
            raise PortError(self._lost()) from error
        return data

    def seconds(self) -> float:
        """The time of this machine."""
        return time.monotonic()

    def close(self) -> None:
        """Close the port."""
        with contextlib.suppress(*self._gone):
            self._port.close()

    def _lost(self) -> str:
        return f"{self._path}: the port has gone: was it unplugged, or did the simulation end?"


def _why(path: str, baud: int, error: Exception) -> str:
    """Why a port cannot be opened, with what to do."""
    number = getattr(error, "errno", None)
    if number is None and error.__context__ is not None:  # termios.error: a number and its text
        number = next(iter(error.__context__.args), None)
    there = os.name != "posix" or Path(path).exists()  # elsewhere a port is no file
    if number == errno.ENOENT or not there:
        return f"{path}: no such port; {_known()}"
    if number in (errno.EACCES, errno.EPERM):
        return (
            f"{path}: not permitted; on Linux join the group of serial ports (dialout or uucp) "
            "and log in again"
        )
    if number in (errno.EBUSY, errno.EWOULDBLOCK, errno.EAGAIN):
        return f"{path}: another program uses it; close it first"
    if number in (errno.ENOTTY, errno.EISDIR):
        return f"{path}: is no serial port; {_known()}"
    return f"{path}: cannot be opened at {baud} bits a second: {error}"


def _known() -> str:
    """The ports that there are, as a hint."""
    from serial.tools import list_ports

    names = sorted(port.device for port in list_ports.comports())
    return f"there are {', '.join(names)}" if names else "this machine has no serial port now"
