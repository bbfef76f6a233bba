"""The line to a virtual device: a transport with a simulated clock."""

import math

from cosim.virtual.device import VirtualDevice

__all__ = ["VirtualLine"]

_BITS = 10
"""Of a byte on the wire."""


class VirtualLine:
    """A :class:`host.transport.Transport` to a virtual device.

    Bytes take their time on the wire, in both directions, and the engine its cycles; waiting costs
    no time of the host's.

    Parameters
    ----------
    device : VirtualDevice
        At the other end.
    """

    def __init__(self, device: VirtualDevice) -> None:
        self.device = device
        self._now = 0.0
        self._last_byte = 0.0  # when the device last saw one
        self._out: list[tuple[float, bytes]] = []
        self._busy_until = 0.0

    @property
    def byte_seconds(self) -> float:
        """Seconds that a byte takes."""
        return _BITS / self.device.shape.baud

    def write(self, data: bytes) -> None:
        """Send bytes, one after the other."""
        at = self._now
        while data:
            self._look_for_silence(at)
            if at < self._busy_until:  # a request is being answered
                count = min(len(data), 1 + int((self._busy_until - at) / self.byte_seconds))
                self.device.ignore(count)
                taken, answer = count, b""
            else:
                taken, answer = self._offer(data, at)
            data = data[taken:]
            at += taken * self.byte_seconds
            self._last_byte = at
            if answer:
                self._out.append((at, answer))
                self._busy_until = at + len(answer) * self.byte_seconds
        self._now = at

    def _offer(self, data: bytes, at: float) -> tuple[int, bytes]:
        # The engine works until the last of these bytes has come; requests see it so.
        self.device.advance(self._cycle(at + len(data) * self.byte_seconds))
        return self.device.take(data)

    def read(self, seconds: float) -> bytes:
        """What has come; waits at most so long for the first byte."""
        end = max(self._now + seconds, math.nextafter(self._now, math.inf))  # time never stands
        if not self._out or self._out[0][0] + self.byte_seconds > end:
            self._now = end
            return b""
        at, data = self._out.pop(0)
        self._now = max(self._now, at + len(data) * self.byte_seconds)
        return data

    def seconds(self) -> float:
        """The time that has passed."""
        return self._now

    def close(self) -> None:
        """Nothing holds the line."""

    def _look_for_silence(self, at: float) -> None:
        if at - self._last_byte > self.device.shape.idle_bits / self.device.shape.baud:
            self.device.silence()

    def _cycle(self, at: float) -> int:
        return int(at * self.device.shape.clock_hz)
