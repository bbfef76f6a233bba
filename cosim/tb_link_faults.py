"""Testbench of the host link under faults: whatever happens on the wires, no result is wrong."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.task import bridge
from cocotb.triggers import Timer

from arch.link_frame import pattern
from arch.link_record import read_link
from arch.network_program import build_network_program
from cosim.counter_verdict import counts_of_model
from cosim.driver import CLOCK_NS
from cosim.fault_case import FaultCase, FaultResult, Plan
from cosim.faulty_transport import FaultyTransport, Hang
from cosim.host_reference import GoldenReference
from cosim.link_case import LINK_FILE
from cosim.testbench import built_as, read_tables
from cosim.wire import Wire
from cosim.wire_faults import Line
from host.device import Device
from host.errors import DeviceError
from host.inference import infer, measure
from host.link import Link
from host.target import Target

CASE = FaultCase.read(Path())
RESET_CYCLES = 4
SECONDS = 0.1
"""In which the device must do something."""
TIMEOUT = 0.01
"""In which an answer must come, beside its bytes."""
REPEATS = 4
TRIES = 3
"""Times that the driver may begin anew after a fault, each time with what the error says."""
ROUNDS = 16
"""Times that a work is done at most until the fault happens."""
LIMIT = 20_000_000
"""Cycles of a fault and of what comes after it: more than any work takes."""


class Wrong(Exception):
    """A result is not what it should be."""


class Campaign:
    """The device, the driver, and one fault after the other."""

    def __init__(self, dut: Any) -> None:
        shape, _ = read_link(Path(LINK_FILE))
        tables, names = read_tables(CASE)
        program = build_network_program(tables, **built_as(names))
        self.target = Target(tables=tables, program=program)
        self.reference = GoldenReference(self.target)
        self.images = CASE.images(Path()).astype(np.int64)
        self.wire = Wire(dut, divisor=shape.divisor)
        self.line = FaultyTransport(
            self.wire,
            clock_hz=shape.clock_hz,
            line=Line(divisor=shape.divisor, idle_bits=shape.idle_bits),
        )
        link = Link(self.line, shape, timeout=TIMEOUT, repeats=REPEATS, seed=CASE.seed)
        self.device = Device(link)
        self._works: dict[str, Callable[[random.Random], None]] = {
            "scratch": self._scratch,
            "echo": self._echo,
            "pattern": self._pattern,
            "identity": self._identity,
            "image": self._image,
            "images": self._images,
            "counted image": self._counted_image,
            "load": self._load,
        }

    def run(self) -> None:
        """Every fault of the case."""
        self.line.arm("", random.Random(), first=0, count=0, limit=LIMIT)
        self._restore()
        self.known = self.device.identify()
        for number in range(CASE.first, CASE.first + CASE.cases):
            self._try(number).append(Path())

    def _try(self, number: int) -> FaultResult:
        plan = Plan.of(CASE.seed, number)
        clocks, began = self.wire.clocks, time.perf_counter()
        repeats = self.device.link.counts.repeats
        outcome, text, problem, tries = "right", "", "", 0
        self.line.arm(plan.fault, plan.rng, first=plan.first, count=plan.count, limit=LIMIT)
        try:
            try:
                for _ in range(ROUNDS):
                    self._works[plan.work](plan.rng)
                    if self.line.faults:
                        break
            except DeviceError as error:
                outcome, text = "error", str(error)
                if "\n" in text or not text:
                    problem = f"an error of other than one line: {text!r}"
            faults = self.line.faults
            self.line.arm("", plan.rng, first=0, count=0, limit=LIMIT)
            tries = self._recover()
        except (Wrong, Hang, DeviceError) as error:
            problem = f"{type(error).__name__}: {error}"
            faults = self.line.faults
        if problem:
            problem = f"fault {number} ({plan.fault}, {plan.work}): {problem}"
            self.line.arm("", plan.rng, first=0, count=0, limit=LIMIT)
        return FaultResult(
            stall=0,
            after_reset=False,
            compared=1,
            mismatches=int(bool(problem)),
            clocks=self.wire.clocks - clocks,
            seconds=time.perf_counter() - began,
            problem=problem,
            number=number,
            fault=plan.fault,
            work=plan.work,
            outcome=outcome,
            text=text,
            faults=faults,
            repeats=self.device.link.counts.repeats - repeats,
            tries=tries,
        )

    def _recover(self) -> int:
        """Work again with the device; how often it took a new beginning."""
        for tries in range(TRIES):
            try:
                self._restore()
            except DeviceError:
                if tries == TRIES - 1:
                    raise
            else:
                return tries
        raise AssertionError("unreachable")

    def _restore(self) -> None:
        """What a user does: see what the device holds, load tables if need be, run an image."""
        if not self.device.engine.fields("status")["loaded"]:
            self.device.load(self.target)
        self.target.check_hash(self.device.engine.values("table_hash"))
        self._image(random.Random(0))

    def _scratch(self, rng: random.Random) -> None:
        for _ in range(rng.randint(1, 4)):
            value = rng.getrandbits(32)
            self.device.engine.write("scratch", value=value)
            _same(self.device.engine.value("scratch"), value, "scratch")

    def _echo(self, rng: random.Random) -> None:
        for _ in range(rng.randint(1, 3)):
            data = rng.randbytes(rng.randint(0, self.device.link.payload_max - 1))
            _same(self.device.echo(data), data, "echo")

    def _pattern(self, rng: random.Random) -> None:
        for _ in range(rng.randint(1, 3)):
            seed, count = rng.getrandbits(32), rng.randint(0, self.device.link.payload_max - 1)
            _same(self.device.pattern(seed, count), pattern(seed, count), "pattern")

    def _identity(self, rng: random.Random) -> None:
        seen = self.device.identify()
        _same((seen.engine, seen.link), (self.known.engine, self.known.link), "identity")
        if any(seen.table_hash):  # a reset device holds nothing, and says so
            _same(seen.table_hash, self.known.table_hash, "hash of the tables")

    def _image(self, rng: random.Random) -> None:
        at = rng.randrange(len(self.images))
        self._compare(self.images[at : at + 1])

    def _images(self, rng: random.Random) -> None:
        self._compare(self.images[[rng.randrange(len(self.images)) for _ in range(3)]])

    def _compare(self, images: np.ndarray) -> None:
        seen = infer(self.device, self.target, images, seconds=SECONDS)
        _same(seen.values.tolist(), self.reference.results(images).tolist(), "results")

    def _counted_image(self, rng: random.Random) -> None:
        at = rng.randrange(len(self.images))
        image = self.images[at : at + 1]
        seen, (counters,) = measure(self.device, self.target, image, seconds=SECONDS)
        _same(seen.values.tolist(), self.reference.results(image).tolist(), "results")
        model = counts_of_model(self.reference.cycles(image[0]))
        for name in ("images", "planes", "idle_load", "idle_input", "idle_output"):
            _same(counters[name], model[name], f"counter {name}")

    def _load(self, rng: random.Random) -> None:
        self.device.load(self.target)
        self.device.check(self.target)
        self._image(rng)


def _same(seen: object, expected: object, what: str) -> None:
    if seen != expected:
        raise Wrong(f"{what}: {seen!r}, expected {expected!r}"[:300])


@cocotb.test()
async def never_wrong(dut: Any) -> None:
    """What is wrong stands in the results; the other faults are tried all the same."""
    dut.rst.value = 1
    await Timer(RESET_CYCLES * CLOCK_NS, "ns")
    dut.rst.value = 0
    await bridge(Campaign(dut).run)()
