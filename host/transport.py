"""What carries the bytes between a host and a device."""

from typing import Protocol

__all__ = ["Transport"]


class Transport(Protocol):
    """A line to a device: a serial port, a simulation, or a model.

    It has a clock of its own, since the time of a simulation is not that of the host.
    """

    def write(self, data: bytes) -> None:
        """Send bytes; raises :exc:`host.errors.PortError` if the line has gone."""

    def read(self, seconds: float) -> bytes:
        """What has come; waits at most so long for the first byte, and gives ``b""`` if none comes.

        Raises :exc:`host.errors.PortError` if the line has gone.
        """

    def seconds(self) -> float:
        """The time, from some moment on."""

    def close(self) -> None:
        """Give the line back; nothing may be asked of it afterwards."""
