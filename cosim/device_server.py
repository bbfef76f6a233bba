"""The end of a simulated device that is inside the simulator: bytes of a host, as they come.

The other process, :mod:`cosim.device`, has the host's line and its clock. A message from there is
a float64, the seconds for which the host was silent, and the bytes that it sent then. A message to
there begins with a :class:`Message`. It ends when the other process closes the connection.
"""

import json
import os
import struct
import time
from enum import IntEnum
from multiprocessing.connection import Connection

from cosim.device_case import DeviceCase
from cosim.wire import CYCLES_MAX, Wire, hold

__all__ = ["COUNT", "GAP", "DeviceServer", "Message"]

GAP = struct.Struct("<d")
"""Head of a message to the simulator."""
COUNT = struct.Struct("<Q")
"""Body of :attr:`Message.TAKEN`."""
_LATENCY = 10_000
"""Cycles after which an answer has begun, at the latest."""
_SLICE_SECONDS = 0.01
"""Time between two looks at what the host wants."""
_SLICE_LEAST, _SLICE_MOST = 500, 1 << 20
_STATUS_SECONDS = 1.0
_PAUSE_BITS = 4
"""Silence after which an answer is whole."""
_QUIET = 1.25
"""How much longer than ``idle_bits`` a silence is made at most: a longer one does no more."""


class Message(IntEnum):
    """What a message to the process of the host's line holds, in its first byte."""

    ANSWER = 0
    """Bytes from the device."""
    STATUS = 1
    """A JSON object: ``cycles`` and ``seconds`` since the beginning, ``lights``, ``waiting``."""
    TAKEN = 2
    """A uint64: so many bytes have come, and all of them have gone over the wire."""


class DeviceServer:
    """Lets simulated time pass while there is something to do, and stand still else.

    There is something to do while bytes are on the wire, while an answer may come, and while the
    engine is busy, but no longer than it may work without the host. When the host was silent, the
    wire is, before anything else goes over it: for as many bits, or for as many as matter.

    Parameters
    ----------
    wire : Wire
        Of the device.
    connection : multiprocessing.connection.Connection
        To the process of the host's line.
    case : DeviceCase
        Speed and limits.
    """

    def __init__(self, wire: Wire, connection: Connection, case: DeviceCase) -> None:
        self._wire = wire
        self._connection = connection
        self._case = case
        self._slice = 1000
        self._seconds = 0.0
        self._told = 0.0
        self._answer = b""
        self._taken = 0

    def run(self) -> None:
        """Serve until the connection is closed."""
        try:
            self._say(Message.STATUS, self._status(waiting=True))
            while True:
                self._hear(wait=not self._active)
                while self._active:
                    self._work()
                    self._hear(wait=False)
                self._say(Message.STATUS, self._status(waiting=True))
        except (EOFError, ConnectionError):
            return

    @property
    def _active(self) -> bool:
        wire = self._wire
        if wire.playing:
            return True
        untouched = wire.untouched
        busy = "busy" in wire.lights and untouched < self._case.work_cycles
        return busy or untouched < _LATENCY

    def _hear(self, *, wait: bool) -> None:
        """Take what came; if there is nothing, wait for it."""
        while self._connection.poll(None if wait else 0):
            message = self._connection.recv_bytes()
            (gap,) = GAP.unpack_from(message)
            self._be_silent(gap)
            self._wire.send(message[GAP.size :])
            self._taken += len(message) - GAP.size
            wait = False

    def _be_silent(self, seconds: float) -> None:
        bits = min(seconds * self._case.baud, _QUIET * self._case.idle_bits + _PAUSE_BITS)
        cycles = int(bits * self._case.divisor)
        if not self._wire.playing:
            cycles -= self._wire.silent
        if cycles > 0:
            self._wire.put([hold(1, min(cycles, CYCLES_MAX))])

    def _work(self) -> None:
        """Let a slice of time pass, and hand on what came."""
        wire, began = self._wire, time.perf_counter()
        before, played = wire.clocks, wire.playing
        self._answer += wire.run(self._slice)
        taken = time.perf_counter() - began
        self._seconds += taken
        cycles = wire.clocks - before
        if cycles == self._slice:  # else something ended it, and says little of the speed
            wanted = int(cycles / max(taken, 1e-6) * _SLICE_SECONDS)
            self._slice = min(max(wanted, _SLICE_LEAST), 2 * self._slice, _SLICE_MOST)
        # Bytes of one answer leave together, so that the host sees no pause that was none.
        if self._answer and wire.pause >= _PAUSE_BITS * self._case.divisor:
            self._say(Message.ANSWER, self._answer)
            self._answer = b""
        if played and not wire.playing:
            self._say(Message.TAKEN, COUNT.pack(self._taken))
        if time.perf_counter() - self._told > _STATUS_SECONDS:
            self._say(Message.STATUS, self._status(waiting=False))

    def _status(self, *, waiting: bool) -> bytes:
        self._told = time.perf_counter()
        said = {
            "process": os.getpid(),
            "cycles": self._wire.clocks,
            "seconds": self._seconds,
            "lights": self._wire.lights,
            "waiting": waiting,
        }
        return json.dumps(said).encode()

    def _say(self, kind: Message, data: bytes = b"") -> None:
        self._connection.send_bytes(bytes([kind]) + data)
