"""The driver's line to a simulated device, on which things go wrong."""

import random

from cosim.wire import Wire, symbols
from cosim.wire_faults import IN_ANSWER, ON_WIRE, Line
from cosim.wire_transport import WireTransport

__all__ = ["LATE", "FaultyTransport", "Hang"]

LATE = "late answer"
"""The fault that an answer comes when the next request has gone."""


class Hang(Exception):
    """The driver went on for longer than anything can take."""


class FaultyTransport(WireTransport):
    """A :class:`cosim.wire_transport.WireTransport` with a fault in some requests or answers.

    Parameters
    ----------
    wire : Wire
        The lines of the device.
    clock_hz : int
        Cycles of a second.
    line : Line
        Speed of the wire.
    """

    def __init__(self, wire: Wire, *, clock_hz: int, line: Line) -> None:
        super().__init__(wire, clock_hz=clock_hz)
        self._line = line
        self._fault = ""
        self._rng = random.Random()
        self._first = self._last = 0
        self._requests = 0
        self._before: list[int] = []
        self._late = b""
        self._limit = 0
        self.faults = 0

    def arm(self, fault: str, rng: random.Random, *, first: int, count: int, limit: int) -> None:
        """Let ``fault`` happen to so many requests or answers, from one that is still to come.

        Parameters
        ----------
        fault : str
            One of :data:`cosim.wire_faults.ON_WIRE`, of :data:`cosim.wire_faults.IN_ANSWER`, or
            :data:`LATE`; nothing happens if it is empty.
        first : int
            The request, counted from the next.
        limit : int
            Cycles after which :class:`Hang` is raised.
        """
        self._fault, self._rng = fault, rng
        self._requests, self._first, self._last = 0, first, first + count
        self._limit = self._wire.clocks + limit
        self.faults = 0

    @property
    def _hit(self) -> bool:
        """Whether the fault happens to the request that was made last, or to its answer."""
        return bool(self._fault) and self._first < self._requests <= self._last

    def write(self, data: bytes) -> None:
        """Put bytes on the wire, or what becomes of them."""
        self._requests += 1
        items = [int(item) for item in symbols(data)]
        if self._hit and self._fault in ON_WIRE:
            self.faults += 1
            self._wire.put(ON_WIRE[self._fault](items, self._before, self._line, self._rng))
        else:
            self._wire.put(items)
        self._before = items

    def read(self, seconds: float) -> bytes:
        """What has come, or what became of it."""
        if self._wire.clocks > self._limit:
            raise Hang(f"more than {self._limit} cycles")
        data = super().read(seconds)
        if data and self._hit:
            self.faults += 1
            if self._fault == LATE:
                self._late += data
                return b""
            if self._fault in IN_ANSWER:
                return IN_ANSWER[self._fault](data, self._rng)
            self.faults -= 1
        if not self._hit and self._late:
            data, self._late = self._late + data, b""
        return data
