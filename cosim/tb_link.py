"""Testbench of an engine with a host link: the driver itself, over the bits of the wires.

The driver runs in a thread, as it is; its line is the wire in the bench, its clock simulated time.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.task import bridge
from cocotb.triggers import Timer

from arch.link_record import read_link
from arch.network_program import build_network_program
from arch.registers import COUNTERS
from arch.table_files import load
from cosim.counter_verdict import counts_of_model
from cosim.driver import CLOCK_NS
from cosim.host_reference import GoldenReference
from cosim.link_case import LINK_FILE, LinkCase, LinkResult
from cosim.testbench import built_as, read_tables
from cosim.wire import Wire
from cosim.wire_transport import WireTransport
from host.device import Device
from host.errors import DeviceError
from host.inference import infer, measure
from host.ladder.climb import climb
from host.ladder.rung import Bench
from host.link import Link
from host.link_answer import LinkCounts
from host.target import Target

CASE = LinkCase.read(Path())
TIMEOUT_MS = 1_000_000
RESET_CYCLES = 4
_OF_THE_PROBE = ("ou", "layer")
"""Rungs that need one."""
_SECONDS = 1.0
"""Simulated; the device must do something in that time."""


class Testbench:
    """The device, the driver, and what it must give."""

    def __init__(self, dut: Any) -> None:
        self._dut = dut
        self.shape, _ = read_link(Path(LINK_FILE))
        tables, names = read_tables(CASE)
        program = build_network_program(tables, **built_as(names))
        self.target = Target(tables=tables, program=program)
        self.names = names
        self.images = CASE.images(Path()).astype(np.int64)
        self.wire = Wire(dut, divisor=self.shape.divisor)
        transport = WireTransport(self.wire, clock_hz=self.shape.clock_hz)
        self.device = Device(Link(transport, self.shape, seed=CASE.seed))

    @property
    def other(self) -> Target:
        """The other tables, for this engine if it can hold them, or else for one of their own."""
        tables = load(Path(CASE.other))
        shaped = built_as(self.names) if self.target.loadable else {}
        program = build_network_program(tables, **shaped, argmax=self.names["argmax"])
        return Target(tables=tables, program=program, origin="the other tables")

    async def run(self, work: Callable[[], None]) -> None:
        """Reset the device, and let the driver do something."""
        self._dut.rst.value = 1
        await Timer(RESET_CYCLES * CLOCK_NS, "ns")
        self._dut.rst.value = 0
        await bridge(work)()

    def ready(self, target: Target) -> None:
        """See that the device is the right one and holds the tables; load them if need be."""
        self.device.check(target, tables=False)
        if target.loadable:
            self.device.load(target)
        self.device.check(target)

    def exact(self, name: str, target: Target) -> None:
        """All images, one by one and back to back: results, and counters of each, are right."""
        reference = GoldenReference(target)
        expected = reference.results(self.images)
        with self._record(name, 2 * expected.size) as found:
            one_by_one, counters = measure(self.device, target, self.images, seconds=_SECONDS)
            together = infer(self.device, target, self.images, seconds=_SECONDS)
            for way, results in (("one by one", one_by_one), ("back to back", together)):
                found.extend(
                    _wrong_results(way, results, expected, argmax=target.program.shape.argmax)
                )
            for image, counts in zip(self.images, counters, strict=True):
                bits = target.program.shape.counter_bits
                model = counts_of_model(reference.cycles(image), bits=bits)
                # The engine stands until the host has put the whole image.
                seen = counts | {"idle_stopped": model["idle_stopped"]}
                seen["cycles"] -= counts["idle_stopped"] // reference.cycles(image).tiles
                seen["cycles"] %= 1 << bits
                found.extend(
                    f"counter {n} counted {seen[n]}, expected {model[n]}"
                    for n in COUNTERS
                    if seen[n] != model[n]
                )

    def refuses(self, target: Target) -> None:
        """Tables that are not those of the device are refused, with one line."""
        try:
            self.device.check(target)
        except DeviceError as error:
            with self._record("refused", 1) as found:
                if "\n" in str(error):
                    found.append("the refusal has several lines")
            return
        raise AssertionError("the device was taken for one of the other tables")

    def climb(self) -> None:
        """Every rung passes; those of the probe need not be there if the link has none."""
        bench = Bench(
            device=self.device,
            target=self.target,
            reference=GoldenReference(self.target),
            images=self.images,
            origin="the case",
            frames=CASE.frames,
            seconds=_SECONDS,
            progress=lambda done, total: None,
        )
        outcomes = climb(bench)
        while True:
            clocks, began = self.wire.clocks, time.perf_counter()
            outcome = next(outcomes, None)
            if outcome is None:
                return
            right = outcome.state == "passed" or (
                outcome.state == "not built in"
                and not self.shape.probe
                and outcome.name in _OF_THE_PROBE
            )
            told = f"rung {outcome.name} {outcome.state}: {'; '.join(outcome.lines)}"
            LinkResult(
                stall=0,
                after_reset=False,
                compared=1,
                mismatches=int(not right),
                clocks=self.wire.clocks - clocks,
                seconds=time.perf_counter() - began,
                problem="" if right else told,
                name=outcome.name,
                lines=outcome.lines,
            ).append(Path())
            assert right, told

    @contextmanager
    def _record(self, name: str, compared: int) -> Iterator[list[str]]:
        """Record what is done in the context; it appends what is wrong."""
        clocks, began, found = self.wire.clocks, time.perf_counter(), list[str]()
        yield found
        LinkResult(
            stall=0,
            after_reset=False,
            compared=compared,
            mismatches=len(found),
            clocks=self.wire.clocks - clocks,
            seconds=time.perf_counter() - began,
            problem=f"{name}: {found[0]}" if found else "",
            name=name,
            lines=(_told(self.device.link.counts),),
        ).append(Path())
        assert not found, found[0]


def _wrong_results(way: str, results: Any, expected: np.ndarray, *, argmax: bool) -> list[str]:
    index = expected.argmax(axis=1)
    values = np.take_along_axis(expected, index[:, None], axis=1) if argmax else expected
    wrong = (results.values != values).any(axis=1) | (results.index != index)
    return [f"image {image}, {way}: a result is wrong" for image in np.flatnonzero(wrong)]


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
async def climbs_the_ladder(dut: Any) -> None:
    """From the registers to the throughput."""
    bench = Testbench(dut)
    await bench.run(bench.climb)


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
async def equals_golden(dut: Any) -> None:
    """Every image, and every counter."""
    bench = Testbench(dut)

    def work() -> None:
        bench.ready(bench.target)
        bench.exact("images", bench.target)
        assert not bench.device.link.counts.repeats, bench.device.link.counts

    await bench.run(work)


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms", skip=not CASE.other)
async def other_tables(dut: Any) -> None:
    """They are refused where they are not, and run where they can be loaded."""
    bench = Testbench(dut)

    def work() -> None:
        bench.ready(bench.target)
        bench.refuses(bench.other)
        if bench.target.loadable:
            bench.ready(bench.other)
            bench.refuses(bench.target)
            bench.exact("other tables", bench.other)
            bench.ready(bench.target)
            bench.exact("the first tables again", bench.target)

    await bench.run(work)


def _told(counts: LinkCounts) -> str:
    """What the driver's link counted, as a person reads it."""
    return (
        f"{counts.requests} requests, {counts.repeats} repeated; {counts.sent} bytes sent, "
        f"{counts.received} received; {counts.damaged} damaged, in {counts.seconds:.2f} s "
        "of the clock of the line"
    )
