"""What the drivers of all benches do: begin a run, wait for its end, take what it wrote."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cocotb.triggers import RisingEdge, Timer

__all__ = ["BURST", "CLOCK_NS", "Driver"]

CLOCK_NS = 10
"""Clock period of the testbench while it is not in a burst."""
BURST = 128
"""Cycles in one time step of a run."""
_STATES = ("idle", "waits for data", "waits to be taken", "moves")
"""Of a stream, by valid and ready."""


class Driver:
    """Drives a bench from inside the simulator, one run at a time.

    Parameters
    ----------
    dut : cocotb handle
        The bench.
    streams : sequence of str
        Streams whose state the bench shows.
    """

    def __init__(self, dut: Any, streams: Sequence[str]) -> None:
        self._dut = dut
        self._streams = tuple(streams)
        self._runs = 0

    async def reset(self, cycles: int = 2) -> None:
        """Hold the reset of bench and device for a number of cycles."""
        self._dut.go.value = 0
        self._dut.burst.value = 0
        self._dut.rst.value = 1
        await Timer(cycles * CLOCK_NS, "ns")
        self._dut.rst.value = 0
        await Timer(CLOCK_NS, "ns")

    def _start(self, inputs: bytes, *, stall: int, seed: int, limit: int, burst: int) -> None:
        """Begin a run on ``inputs``; what else the bench must be told is set before.

        A time step of the simulator holds ``burst`` cycles; to meet one cycle of the run, take 1.
        The watchdog ends the run after ``limit`` cycles, even if something moves.
        """
        dut = self._dut
        self._runs += 1
        self._path("inputs{}.bin").write_bytes(inputs)
        dut.run.value = self._runs
        dut.stall.value = stall
        dut.seed.value = max(1, seed & 0xFFFFFFFF)
        dut.limit.value = limit
        dut.burst.value = burst - 1
        dut.go.value = 1

    async def _end(self) -> tuple[int, float]:
        """Wait for the end of the run; cycles simulated, and the time that they took."""
        dut = self._dut
        clocks, began = dut.clocks.value.to_unsigned(), time.perf_counter()
        await RisingEdge(dut.finished)
        seconds = time.perf_counter() - began
        clocks = dut.clocks.value.to_unsigned() - clocks
        dut.go.value = 0
        await Timer(CLOCK_NS, "ns")
        self._path("inputs{}.bin").unlink()
        return clocks, seconds

    def _take(self, name: str) -> str:
        """Read and remove a file that the run wrote; its number stands where ``{}`` is."""
        path = self._path(name)
        text = path.read_text()
        path.unlink()
        return text

    def _waiting(self) -> str:
        """What each stream does."""
        offered = self._dut.offered.value.to_unsigned()
        taken = self._dut.taken.value.to_unsigned()
        return ", ".join(
            f"{name} {_STATES[(offered >> place & 1) * 2 + (taken >> place & 1)]}"
            for place, name in enumerate(self._streams)
        )

    def _path(self, name: str) -> Path:
        return Path(name.format(self._runs))
