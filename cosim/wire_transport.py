"""The driver's line to a device in the same simulation, with simulated time as its clock."""

from cosim.wire import Wire

__all__ = ["WireTransport"]


class WireTransport:
    """A :class:`host.transport.Transport` over a :class:`cosim.wire.Wire`.

    Time passes while the driver reads, and only then.

    Parameters
    ----------
    wire : Wire
        The lines of the device.
    clock_hz : int
        Cycles of a second.
    """

    def __init__(self, wire: Wire, *, clock_hz: int) -> None:
        self._wire = wire
        self._clock_hz = clock_hz

    def write(self, data: bytes) -> None:
        """Put bytes on the wire, behind those that are still on their way."""
        self._wire.send(data)

    def read(self, seconds: float) -> bytes:
        """What has come; waits at most so long for the first byte."""
        return self._wire.run(round(seconds * self._clock_hz))

    def seconds(self) -> float:
        """Simulated time."""
        return self._wire.clocks / self._clock_hz

    def close(self) -> None:
        """Nothing is to be given back."""
