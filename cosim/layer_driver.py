"""Drives ``layer_bench.v`` from inside the simulator: one run of one layer at a time."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cocotb.triggers import RisingEdge, Timer

from arch.program import POSITION_BITS, EngineShape

__all__ = ["BURST", "CLOCK_NS", "LayerDriver", "LayerRun", "pack_words"]

CLOCK_NS = 10
"""Clock period of the testbench while it is not in a burst."""
BURST = 128
"""Cycles in one time step of a run."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerRun:
    """What one run gave.

    Parameters
    ----------
    outputs : int64 array, shape (n,)
        Outputs in the order in which they came.
    hung : bool
        Whether the watchdog ended the run.
    cycles, planes, clocks : int
        Counters of the engine, and cycles simulated.
    seconds : float
        Time the simulator took.
    waiting : str
        What each stream did when the run ended.
    codes, values : list of int
        Monitored words, one a plane and one an OU; empty unless recorded.
    """

    outputs: np.ndarray
    hung: bool
    cycles: int
    planes: int
    clocks: int
    seconds: float
    waiting: str
    codes: list[int]
    values: list[int]


def pack_words(elements: np.ndarray, bits: int) -> bytes:
    """Words of ``bits``-bit elements as big-endian bytes, the first element least significant.

    Parameters
    ----------
    elements : int array, shape (N, n)
        ``N`` words of ``n`` elements; negative ones in two's complement.

    Returns
    -------
    bytes
        ``N * ceil(n * bits / 8)`` bytes.
    """
    elements = np.asarray(elements, dtype=np.int64)
    planes = (elements[..., None] >> np.arange(bits)) & 1
    flat = planes.astype(np.uint8).reshape(len(elements), -1)
    return np.packbits(flat, axis=1, bitorder="little")[:, ::-1].tobytes()


class LayerDriver:
    """Runs layers on the device.

    Parameters
    ----------
    dut : cocotb handle
        ``layer_bench``.
    shape : EngineShape
        Sizes of the engine.
    streams : sequence of str
        Streams whose state the bench shows.
    """

    def __init__(self, dut: Any, shape: EngineShape, streams: Sequence[str]) -> None:
        self._dut = dut
        self._shape = shape
        self._streams = tuple(streams)
        self._runs = 0

    async def reset(self, cycles: int = 2) -> None:
        """Hold the reset for a number of cycles."""
        self._dut.go.value = 0
        self._dut.rst.value = 1
        await Timer(cycles * CLOCK_NS, "ns")
        self._dut.rst.value = 0
        await Timer(CLOCK_NS, "ns")

    def start(
        self,
        layer: int,
        windows: np.ndarray,
        *,
        stall: int,
        seed: int,
        limit: int,
        record: bool = False,
        burst: int = BURST,
    ) -> None:
        """Begin a run: ``windows`` is an int array of shape (P, R).

        A time step of the simulator holds ``burst`` cycles; to meet one cycle of the run, take 1.
        The watchdog ends the run after ``limit`` cycles, even if something moves.
        """
        dut, geometry = self._dut, self._shape.geometry
        self._runs += 1
        positions, rows = windows.shape
        blocks = -(-rows // geometry.ou_rows)
        padded = np.zeros((positions, blocks * geometry.ou_rows), dtype=np.int64)
        padded[:, :rows] = windows
        beats = padded.reshape(-1, geometry.ou_rows)
        Path(f"inputs{self._runs}.bin").write_bytes(pack_words(beats, geometry.act_bits))
        layer_bits = len(dut.command) - POSITION_BITS
        dut.command.value = layer | positions << layer_bits
        dut.beats.value = len(beats)
        dut.run.value = self._runs
        dut.stall.value = stall
        dut.seed.value = max(1, seed & 0xFFFFFFFF)
        dut.limit.value = limit
        dut.record.value = int(record)
        dut.burst.value = burst - 1
        dut.go.value = 1

    async def finish(self) -> LayerRun:
        """Wait for the run that was started."""
        dut = self._dut
        clocks, began = dut.clocks.value.to_unsigned(), time.perf_counter()
        await RisingEdge(dut.finished)
        seconds = time.perf_counter() - began
        clocks = dut.clocks.value.to_unsigned() - clocks
        dut.go.value = 0
        await Timer(CLOCK_NS, "ns")
        text = self._take("outputs{}.hex")
        Path(f"inputs{self._runs}.bin").unlink()
        recorded = bool(dut.record.value)
        return LayerRun(
            outputs=np.frombuffer(bytes.fromhex(text), dtype=">i4").astype(np.int64),
            hung=bool(dut.hung.value),
            cycles=dut.cycles.value.to_unsigned(),
            planes=dut.planes.value.to_unsigned(),
            clocks=clocks,
            seconds=seconds,
            waiting=self._waiting(),
            codes=[int(line, 16) for line in self._take("codes{}.hex").split()] if recorded else [],
            values=(
                [int(line, 16) for line in self._take("values{}.hex").split()] if recorded else []
            ),
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
        return f"{'busy' if self._dut.busy.value else 'not busy'}; {', '.join(states)}"
