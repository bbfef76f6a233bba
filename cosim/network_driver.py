"""Drives ``network_bench.v`` from inside the simulator: one run of several images at a time."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cocotb.triggers import RisingEdge, Timer

from cosim.layer_driver import BURST, CLOCK_NS

__all__ = ["NetworkDriver", "NetworkRun"]


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkRun:
    """What one run gave.

    Parameters
    ----------
    results : int64 array, shape (n, 2)
        Value and address of every result of every step, in the order in which they came.
    steps : int64 array, shape (s, 3)
        Number, cycles and planes of every step that ended.
    scores : int64 array, shape (m, 2)
        Value and last flag of everything that left the engine.
    hung : bool
        Whether the watchdog ended the run.
    clocks : int
        Cycles simulated.
    seconds : float
        Time the simulator took.
    waiting : str
        The step that ran at the end, and what each stream did.
    """

    results: np.ndarray
    steps: np.ndarray
    scores: np.ndarray
    hung: bool
    clocks: int
    seconds: float
    waiting: str


class NetworkDriver:
    """Runs images on the device.

    Parameters
    ----------
    dut : cocotb handle
        ``network_bench``.
    steps, streams : sequence of str
        Names of the steps, and of the streams whose state the bench shows.
    """

    def __init__(self, dut: Any, steps: Sequence[str], streams: Sequence[str]) -> None:
        self._dut = dut
        self._steps = tuple(steps)
        self._streams = tuple(streams)
        self._runs = 0

    async def reset(self, cycles: int = 2) -> None:
        """Reset the engine and the bench."""
        self._dut.go.value = 0
        self._dut.burst.value = 0
        self._dut.rst.value = 1
        await Timer(cycles * CLOCK_NS, "ns")
        self._dut.rst.value = 0

    def start(
        self, images: np.ndarray, *, stall: int, seed: int, limit: int, burst: int = BURST
    ) -> None:
        """Begin a run of ``images``, an int array of shape (n, C, H, W).

        A time step of the simulator holds ``burst`` cycles; to meet one cycle of the run, take 1.
        The watchdog ends the run after ``limit`` cycles, even if something moves.
        """
        dut = self._dut
        self._runs += 1
        codes = (images.astype(np.int64) & 0xFF).astype(np.uint8)
        Path(f"inputs{self._runs}.bin").write_bytes(codes.tobytes())
        dut.bytes.value = codes.size
        dut.images.value = len(codes)
        dut.run.value = self._runs
        dut.stall.value = stall
        dut.seed.value = max(1, seed & 0xFFFFFFFF)
        dut.limit.value = limit
        dut.burst.value = burst - 1
        dut.go.value = 1

    async def finish(self) -> NetworkRun:
        """Wait for the run that was started."""
        dut = self._dut
        clocks, began = dut.clocks.value.to_unsigned(), time.perf_counter()
        await RisingEdge(dut.finished)
        seconds = time.perf_counter() - began
        clocks = dut.clocks.value.to_unsigned() - clocks
        dut.go.value = 0
        await Timer(CLOCK_NS, "ns")
        Path(f"inputs{self._runs}.bin").unlink()
        steps = np.array(self._take("steps{}.txt").split(), dtype=np.int64)
        return NetworkRun(
            results=_pairs(self._take("results{}.hex")),
            steps=steps.reshape(-1, 3),
            scores=_pairs(self._take("scores{}.hex")),
            hung=bool(dut.hung.value),
            clocks=clocks,
            seconds=seconds,
            waiting=self._waiting(),
        )

    def _take(self, name: str) -> str:
        path = Path(name.format(self._runs))
        text = path.read_text()
        path.unlink()
        return text

    def _waiting(self) -> str:
        offered = self._dut.offered.value.to_unsigned()
        taken = self._dut.taken.value.to_unsigned()
        states = []
        for place, name in enumerate(self._streams):
            valid, ready = offered >> place & 1, taken >> place & 1
            state = ("idle", "waits for data", "waits to be taken", "moves")[valid * 2 + ready]
            states.append(f"{name} {state}")
        return f"in step {self._steps[self._dut.step.value.to_unsigned()]}; {', '.join(states)}"


def _pairs(text: str) -> np.ndarray:
    return np.frombuffer(bytes.fromhex(text), dtype=">i4").astype(np.int64).reshape(-1, 2)
