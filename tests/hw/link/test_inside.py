# amaranth: UnusedElaboratable=no
"""Inside: trace and probe behind their registers, and registers of what a link does not have."""

import pytest
from amaranth import Module, Signal

from arch.link_registers import LINK_MAP
from arch.link_shape import LinkShape
from arch.trace_event import EVENT_WORDS, EventKind, read_events
from arch.trace_registers import PROBE_VALUES, TRACE_REGISTERS
from hw.link.inside import absent_registers, add_probe, add_trace
from hw.link.trace import trace_address_bits
from hw.network_view import network_monitor
from hw.register_block import RegisterBlock
from hw.testing import access, run, tick
from hw.wishbone import Wishbone
from tests.hw.link.test_probe import check_of
from tests.hw.link.test_trace import EVERY_KIND, QUIET, SHAPE

EVENTS = 16
NOTHING = {"tiles": [QUIET] * 2}


class Bench:
    """Registers, trace and probe as a link has them; the engine is made up."""

    def __init__(self):
        self.top = m = Module()
        m.submodules.registers = self.registers = RegisterBlock(TRACE_REGISTERS, address_bits=7)
        self.monitor = Signal(network_monitor(SHAPE))
        self.memory = Wishbone(address_bits=trace_address_bits(EVENTS)).create()
        inside = {"monitor": self.monitor, "registers": self.registers}
        add_trace(m, SHAPE, events=EVENTS, bus=flipped_bus(m, self.memory), **inside)
        add_probe(m, SHAPE, **inside)

    async def read(self, ctx, name, number=0):
        """Fields of a register."""
        register = LINK_MAP.find(name)
        word = await access(ctx, self.registers.bus, register.at + 4 * number)
        return {f.name: word >> f.low & ((1 << f.bits) - 1) for f in register.fields}

    async def write(self, ctx, name, **values):
        register = LINK_MAP.find(name)
        low = {field.name: field.low for field in register.fields}
        data = sum(value << low[field] for field, value in values.items())
        assert await access(ctx, self.registers.bus, register.at, write=data) is not None

    async def show(self, ctx, **monitor):
        """A cycle in which something happens."""
        ctx.set(self.monitor, NOTHING | monitor)
        await tick(ctx)
        ctx.set(self.monitor, NOTHING)

    async def events(self, ctx):
        """What the memory has, when nothing is on its way."""
        await tick(ctx, 6)
        count = (await self.read(ctx, "trace_status"))["next"]
        words = [await access(ctx, self.memory, 4 * n) for n in range(EVENT_WORDS * count)]
        return [(event.kind, event.tile, event.data) for event in read_events(words)]


def flipped_bus(m, bus):
    """What drives the bus of a memory, from a bus that a test sets."""
    inner = Wishbone(address_bits=len(bus.adr)).create()
    m.d.comb += [
        *(getattr(inner, name).eq(getattr(bus, name)) for name in _ASKED),
        *(getattr(bus, name).eq(getattr(inner, name)) for name in ("ack", "err", "dat_r")),
    ]
    return inner


_ASKED = ("cyc", "stb", "we", "adr", "dat_w", "sel")


def simulate(host):
    bench = Bench()

    async def bound(ctx):
        ctx.set(bench.monitor, NOTHING)
        await tick(ctx, 3)
        await host(ctx, bench)

    run(bench.top, bound)


def test_trace():
    """Started, chosen, stopped and read over the bus."""

    async def host(ctx, bench):
        shape = await bench.read(ctx, "trace_shape")
        assert shape == {"events": EVENTS, "words": EVENT_WORDS}
        await bench.write(ctx, "trace_steps", first=1, last=2)
        await bench.write(ctx, "trace_control", start=1, kinds=EVERY_KIND)
        status = {"running": 1, "wrapped": 0, "next": 0}
        assert await bench.read(ctx, "trace_status") == status
        await bench.show(ctx, start=1, step=0)
        await bench.show(ctx, begin=1)
        await bench.show(ctx, done=1, step=2)
        events = await bench.events(ctx)
        assert events[0] == (EventKind.IMAGE, 0, 1)
        assert events[1] == (EventKind.STEP, 0, 2 | 1 << 17)
        assert {event[0] for event in events[2:]} == {EventKind.CAUSE}
        await bench.write(ctx, "trace_control", stop=1, kinds=EVERY_KIND)
        await tick(ctx, 4)
        await bench.show(ctx, begin=1)
        assert await bench.events(ctx) == events
        assert not (await bench.read(ctx, "trace_status"))["running"]
        assert await bench.read(ctx, "trace_lost") == {"value": 0}

    simulate(host)


@pytest.mark.parametrize("ring", [0, 1])
def test_full(ring):
    """It stops, or goes on, as was written; a start makes it empty."""

    async def host(ctx, bench):
        kinds = 1 << EventKind.ERROR
        await bench.write(ctx, "trace_control", start=1, ring=ring, kinds=kinds)
        await tick(ctx, 2)
        for _ in range(EVENTS + 3):
            await bench.show(ctx, error=1)
        await tick(ctx, 6)
        status = {"running": ring, "wrapped": 1, "next": 3 * ring}
        assert await bench.read(ctx, "trace_status") == status
        await bench.write(ctx, "trace_control", start=1, ring=ring, kinds=kinds)
        status = {"running": 1, "wrapped": 0, "next": 0}
        assert await bench.read(ctx, "trace_status") == status

    simulate(host)


def test_passes_and_lost():
    """Events that are passed over, and how many came too fast."""

    async def host(ctx, bench):
        await bench.write(ctx, "trace_steps", first=0, last=0xFFFF)
        await bench.write(ctx, "trace_pass", events=1000)
        await bench.write(ctx, "trace_control", start=1, ring=1, kinds=EVERY_KIND)
        result = QUIET | {"result": 1}
        for _ in range(60):
            await bench.show(ctx, error=1, begin=1, start=1, tiles=[result] * 2)
        await tick(ctx, 80)
        lost = (await bench.read(ctx, "trace_lost"))["value"]
        # Five a cycle, of which one is written and those of 16 cycles wait.
        assert 60 * 4 - 5 * 20 < lost < 60 * 4
        assert (await bench.read(ctx, "trace_status"))["next"] == 0
        await bench.write(ctx, "trace_pass", events=2)
        await bench.write(ctx, "trace_control", start=1, kinds=1 << EventKind.ERROR)
        assert await bench.read(ctx, "trace_lost") == {"value": 0}
        for code in (7, 8, 9):
            await bench.show(ctx, error=1, code=code)
        assert await bench.events(ctx) == [(EventKind.ERROR, 0, 9)]

    simulate(host)


def test_probe():
    """Where it looks is written, what it saw is read; every value has its register."""

    async def host(ctx, bench):
        await bench.write(ctx, "probe_select", step=2, tile=1)
        await bench.write(ctx, "probe_ou", number=1)
        await bench.write(ctx, "probe_control", arm=1)
        assert await bench.read(ctx, "probe_status") == {"ou": 0, "step": 0}
        await bench.show(ctx, begin=1)
        for value in (40, -50, 60):
            tiles = [QUIET, QUIET | {"result": 1, "values": [value, value + 1]}]
            await bench.show(ctx, step=2, result=1, value=-value, tiles=tiles)
        await bench.show(ctx, step=2, done=1, end=1)
        assert await bench.read(ctx, "probe_status") == {"ou": 1, "step": 1}
        assert await bench.read(ctx, "probe_results") == {"value": 3}
        assert await bench.read(ctx, "probe_check") == {"value": check_of(-40, 50, -60)}
        values = [(await bench.read(ctx, "probe_value", n))["value"] for n in range(PROBE_VALUES)]
        assert values == [-50 & 0xFFFF_FFFF, -49 & 0xFFFF_FFFF, *[0] * (PROBE_VALUES - 2)]
        await bench.write(ctx, "probe_control", arm=1)
        assert await bench.read(ctx, "probe_status") == {"ou": 0, "step": 0}

    simulate(host)


@pytest.mark.parametrize("trace", [0, 64])
@pytest.mark.parametrize("probe", [False, True])
def test_absent_registers(trace, probe):
    """Those of the trace, of the probe, of both or of none."""
    link = LinkShape(clock_hz=50_000_000, trace_events=trace, probe=probe)
    absent = {register.name.split("_")[0] for register in absent_registers(link)}
    assert absent == {name for name, there in (("trace", trace), ("probe", probe)) if not there}
    kept = [register for register in TRACE_REGISTERS if register not in absent_registers(link)]
    assert len(kept) + len(absent_registers(link)) == len(TRACE_REGISTERS)
    assert set(TRACE_REGISTERS) <= set(LINK_MAP.registers)
