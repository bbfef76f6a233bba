"""Drives ``layer_bench.v`` from inside the simulator: one run of one layer at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from arch.engine_shape import EngineShape
from arch.program import POSITION_BITS
from cosim.driver import BURST, Driver

__all__ = ["LayerDriver", "LayerRun", "pack_words"]


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
    codes, values : list of list of int
        For each tile, monitored words, one a plane and one an OU; empty unless recorded.
    """

    outputs: np.ndarray
    hung: bool
    cycles: int
    planes: int
    clocks: int
    seconds: float
    waiting: str
    codes: list[list[int]]
    values: list[list[int]]


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


class LayerDriver(Driver):
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
        super().__init__(dut, streams)
        self._shape = shape

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
        positions, rows = windows.shape
        blocks = -(-rows // geometry.ou_rows)
        padded = np.zeros((positions, blocks * geometry.ou_rows), dtype=np.int64)
        padded[:, :rows] = windows
        beats = padded.reshape(-1, geometry.ou_rows)
        layer_bits = len(dut.command) - POSITION_BITS
        dut.command.value = layer | positions << layer_bits
        dut.beats.value = len(beats)
        dut.record.value = int(record)
        inputs = pack_words(beats, geometry.act_bits)
        self._start(inputs, stall=stall, seed=seed, limit=limit, burst=burst)

    async def finish(self) -> LayerRun:
        """Wait for the run that was started."""
        dut = self._dut
        clocks, seconds = await self._end()
        recorded = bool(dut.record.value)
        busy = "busy" if dut.busy.value else "not busy"
        text = self._take("outputs{}.hex")
        return LayerRun(
            outputs=np.frombuffer(bytes.fromhex(text), dtype=">i4").astype(np.int64),
            hung=bool(dut.hung.value),
            cycles=dut.cycles.value.to_unsigned(),
            planes=dut.planes.value.to_unsigned(),
            clocks=clocks,
            seconds=seconds,
            waiting=f"{busy}; {self._waiting()}",
            codes=self._words("codes{}.hex") if recorded else [],
            values=self._words("values{}.hex") if recorded else [],
        )

    def _words(self, name: str) -> list[list[int]]:
        words: list[list[int]] = [[] for _ in range(self._shape.tiles)]
        for line in self._take(name).splitlines():
            tile, word = line.split()
            words[int(tile)].append(int(word, 16))
        return words
