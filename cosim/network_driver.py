"""Drives ``network_bench.v`` from inside the simulator: one run of several images at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cocotb.triggers import RisingEdge, Timer

from arch.read_back import READ_BACK_CYCLES, ReadBack
from arch.registers import COUNTERS, Error
from cosim.control_bus import ControlBus
from cosim.driver import BURST, CLOCK_NS, Driver

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
        Value and last flag of everything that left the engine; with argmax the index is below the
        flag, in the same word.
    counters : int64 array, shape (images, len(COUNTERS))
        :data:`arch.registers.COUNTERS` as they stood at each interrupt.
    hung : bool
        Whether the watchdog ended the run.
    clocks : int
        Cycles simulated.
    seconds : float
        Time the simulator took.
    waiting : str
        The step that ran at the end, what each stream did, and the error, if there was one.
    """

    results: np.ndarray
    steps: np.ndarray
    scores: np.ndarray
    counters: np.ndarray
    hung: bool
    clocks: int
    seconds: float
    waiting: str


class NetworkDriver(Driver):
    """Runs images on the device.

    Parameters
    ----------
    dut : cocotb handle
        ``network_bench``.
    steps, streams : sequence of str
        Names of the steps, and of the streams whose state the bench shows.
    """

    def __init__(self, dut: Any, steps: Sequence[str], streams: Sequence[str]) -> None:
        super().__init__(dut, streams)
        self.bus = ControlBus(dut)
        self._steps = tuple(steps)
        self._loads = 0

    async def soft_reset(self) -> None:
        """End the run; reset the engine over the control bus, and its counters with it."""
        await self.drop_run()
        await self.bus.write("control", enable=1, latch_images=1, reset=1, clear=1)
        await self.bus.write("interrupt", image=1)

    async def enable(self) -> None:
        """Let images begin, and ask for an interrupt and the counters at the end of each."""
        await self.bus.write("interrupt_mask", image=1)
        await self.bus.write("control", enable=1, latch_images=1)

    async def drop_run(self) -> None:
        """End the run for the bench alone; the device goes on."""
        self._dut.bench_only.value = 1
        await self.reset()
        self._dut.bench_only.value = 0

    async def load(self, image: bytes) -> None:
        """Load tables; what the device says of them is in its registers."""
        await self.bus.write("control", load=1, clear=1)
        await self.feed_all(image)

    async def read_back(self, asked: ReadBack) -> tuple[int, int]:
        """CRC and last word of what a memory holds, where it is ``asked`` for."""
        await self.bus.write("read_back_memory", value=asked.memory)
        await self.bus.write("read_back_first", value=asked.first)
        await self.bus.write("read_back_parts", value=asked.parts)
        await self.bus.write("control", read_back=1)
        await Timer((READ_BACK_CYCLES * asked.parts + 1) * CLOCK_NS, "ns")
        while (await self.bus.fields("status"))["reading_back"]:
            pass  # a read-back always ends, and the test has a time-out
        crc = await self.bus.fields("read_back_crc")
        return crc["value"], (await self.bus.fields("read_back_word"))["value"]

    async def feed_all(self, words: bytes) -> None:
        """Write words as a load image is written, whether or not a load is in progress."""
        self._feed(words)
        await RisingEdge(self._dut.fed)
        self._dut.load.value = 0
        await Timer(2 * CLOCK_NS, "ns")  # until the bench has seen it
        Path(f"load{self._loads}.bin").unlink()

    async def begin_load(self, image: bytes) -> None:
        """Begin to load tables, with all counters at zero; a reset ends it before its end."""
        await self.bus.write("control", load=1, clear=1)
        self._feed(image)

    def stop_load(self) -> None:
        """Write no more words of the load that was begun; to be followed by a reset."""
        self._dut.load.value = 0

    def _feed(self, words: bytes) -> None:
        self._loads += 1
        Path(f"load{self._loads}.bin").write_bytes(words)
        self._dut.burst.value = 0
        self._dut.load_run.value = self._loads
        self._dut.load.value = 1

    def start(
        self, images: np.ndarray, *, stall: int, seed: int, limit: int, burst: int = BURST
    ) -> None:
        """Begin a run of ``images``, an int array of shape (n, C, H, W).

        A time step of the simulator holds ``burst`` cycles; to meet one cycle of the run, take 1.
        The watchdog ends the run after ``limit`` cycles, even if something moves.
        """
        codes = (images.astype(np.int64) & 0xFF).astype(np.uint8)
        self._dut.bytes.value = codes.size
        self._dut.images.value = len(codes)
        self._start(codes.tobytes(), stall=stall, seed=seed, limit=limit, burst=burst)

    async def finish(self) -> NetworkRun:
        """Wait for the run that was started."""
        clocks, seconds = await self._end()
        steps = np.array(self._take("steps{}.txt").split(), dtype=np.int64)
        step = self._steps[self._dut.step.value.to_unsigned()]
        hung = bool(self._dut.hung.value)
        return NetworkRun(
            results=_pairs(self._take("results{}.hex")),
            steps=steps.reshape(-1, 3),
            scores=_pairs(self._take("scores{}.hex")),
            counters=_counts(self._take("counters{}.hex")),
            hung=hung,
            clocks=clocks,
            seconds=seconds,
            waiting=f"in step {step}; {self._waiting()}{await self._error() if hung else ''}",
        )

    async def _error(self) -> str:
        error = await self.bus.fields("error")
        return f"; error {Error(error['code']).name}" if error["flag"] else ""


def _counts(text: str) -> np.ndarray:
    words = np.frombuffer(bytes.fromhex(text), dtype=">u4").reshape(-1, 2).astype(np.int64)
    # A run that hangs may end in the middle of the counters of an image.
    counts = words[: len(words) // len(COUNTERS) * len(COUNTERS)]
    return (counts[:, 0] | counts[:, 1] << 32).reshape(-1, len(COUNTERS))


def _pairs(text: str) -> np.ndarray:
    return np.frombuffer(bytes.fromhex(text), dtype=">i4").astype(np.int64).reshape(-1, 2)
