"""The two lines between a host and a simulated device, from inside the simulator.

Everything here is called in a thread that :func:`cocotb.bridge` started, as ordinary functions;
simulated time passes in :meth:`Wire.run` alone.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from cocotb.task import resume
from cocotb.triggers import ValueChange

__all__ = ["BIT_UNIT", "CYCLES_MAX", "Wire", "hold", "reset", "symbols"]

BIT_UNIT = 256
"""The bit time is in so many parts of a cycle."""
CYCLES_MAX = (1 << 29) - 1
"""Of one item that holds a level or a reset."""
_BURST = 250  # cycles in one time step of the simulator
_PAUSE_BITS = 4  # of silence after which an answer is over, for now
_HOLD, _RESET = 1 << 30, 2 << 30
_FRAME = 10  # bits of a byte on the wire


def symbols(data: bytes) -> np.ndarray:
    """Bytes as items of the wire: start bit, eight bits, stop bit.

    Returns
    -------
    uint32 array, shape (len(data),)
        An item a byte; to flip a bit of the wire, flip one of its lowest ten.
    """
    return np.frombuffer(data, dtype=np.uint8).astype(np.uint32) << 1 | np.uint32(1 << _FRAME - 1)


def hold(level: int, cycles: int) -> int:
    """The item that holds the line at a level."""
    return _HOLD | level << 29 | _checked(cycles)


def reset(cycles: int) -> int:
    """The item that resets the device."""
    return _RESET | _checked(cycles)


def _checked(cycles: int) -> int:
    if not 0 < cycles <= CYCLES_MAX:
        raise ValueError(f"an item is of 1 to {CYCLES_MAX} cycles, not {cycles}")
    return cycles


class Wire:
    """The lines of a device in ``device_bench.v``.

    Parameters
    ----------
    dut : cocotb handle
        The bench.
    divisor : int
        Cycles of a bit.
    """

    def __init__(self, dut: Any, *, divisor: int) -> None:
        self._dut = dut
        self._runs = dut.run.value.to_unsigned()  # those of an earlier test
        self._waiting: list[np.ndarray] = []
        self._divisor = divisor
        self.damaged = 0
        self.set_bit_time(divisor * BIT_UNIT)
        dut.burst.value = _BURST - 1
        dut.quiet.value = _PAUSE_BITS * divisor

    @property
    def clocks(self) -> int:
        """Cycles since the simulation began."""
        clocks: int = self._dut.clocks.value.to_unsigned()
        return clocks

    @property
    def silent(self) -> int:
        """Cycles since the line to the device rose, or since something else was played."""
        silent: int = self._dut.silent.value.to_unsigned()
        return silent

    @property
    def untouched(self) -> int:
        """Cycles since anything was on either line."""
        untouched: int = self._dut.untouched.value.to_unsigned()
        return untouched

    @property
    def pause(self) -> int:
        """Cycles since the last byte from the device ended; 0 while one comes."""
        pause: int = self._dut.pause.value.to_unsigned()
        return pause

    @property
    def lights(self) -> tuple[str, ...]:
        """Names of the LEDs that are on."""
        names = ("idle", "busy", "error")
        return tuple(name for name in names if getattr(self._dut, f"led_{name}").value)

    @property
    def playing(self) -> bool:
        """Whether something is still to go over the wire."""
        return bool(self._waiting or self._dut.playing.value)

    def set_bit_time(self, time: int) -> None:
        """Make a bit so many 1/256 of a cycle long, in both directions, from the next run on."""
        self._dut.bit_time.value = time

    def put(self, items: np.ndarray | Iterable[int]) -> None:
        """Append items to what is played."""
        self._waiting.append(np.asarray(items, dtype="<u4"))

    def send(self, data: bytes) -> None:
        """Append bytes to what is played."""
        self.put(symbols(data))

    def run(self, cycles: int, *, hear: bool = True, until_sent: bool = False) -> bytes:
        """Let time pass.

        Parameters
        ----------
        cycles : int
            At most so many.
        hear : bool
            Whether to return as soon as bytes have come and nothing follows them at once.
        until_sent : bool
            Whether to return as soon as everything has been played.

        Returns
        -------
        bytes
            What was heard. A byte without a stop bit is in it as any other, and counted in
            :attr:`damaged`.
        """
        dut, self._runs = self._dut, self._runs + 1
        played = None
        dut.items.value = 0
        if self._waiting and not dut.playing.value:
            items, self._waiting = np.concatenate(self._waiting), []
            played = Path(f"wire{self._runs}.bin")
            played.write_bytes(items.tobytes())
            dut.items.value = len(items)
        dut.limit.value = max(1, cycles)
        dut.quiet.value = _PAUSE_BITS * self._divisor if hear else 0
        dut.sent_ends.value = int(until_sent)
        dut.run.value = self._runs
        _run_until_done(dut)
        if played is not None:
            played.unlink()  # the bench holds it open
        heard = Path(f"answers{self._runs}.hex")
        text = heard.read_text()
        heard.unlink()
        self.damaged += sum(flag == "1" for flag in text[::3])
        return bytes(int(text[at + 1 : at + 3], 16) for at in range(0, len(text), 3))


async def _wait(dut: Any) -> None:
    await ValueChange(dut.done)


_run_until_done = resume(_wait)
