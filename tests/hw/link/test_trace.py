# amaranth: UnusedElaboratable=no
"""The trace of a run against what an observer of the monitor saw."""

import dataclasses
import random
import re

import pytest
from amaranth import Module, Shape
from amaranth.lib import data

from arch.geometry import Geometry
from arch.network_program import build_network_program
from arch.trace_event import CAUSES, SELECTABLE, EventKind, TraceEvent, read_events
from hw.link.trace import Trace
from hw.testing import access, feed, run, sample, take, tick
from tests.hw.test_network_engine import Bench, chain

EVERY_KIND = sum(1 << kind for kind in SELECTABLE)
EVERY_STEP = 0xFFFF
OF_STEPS = (EventKind.STEP, EventKind.CAUSE, EventKind.OU, EventKind.RESULT)


def unpack(shape, bits):
    """A word as dictionaries, lists and integers; much faster than reading views."""
    if isinstance(shape, data.ArrayLayout):
        width = Shape.cast(shape.elem_shape).width
        return [unpack(shape.elem_shape, bits >> n * width) for n in range(shape.length)]
    if isinstance(shape, data.Layout):
        return {name: unpack(field.shape, bits >> field.offset) for name, field in shape}
    cast = Shape.cast(shape)
    value = bits & (1 << cast.width) - 1
    return value - (value >> cast.width - 1 << cast.width) * cast.signed


class Observer:
    """Says what is to be recorded of every cycle, from the monitor alone."""

    def __init__(self, *, kinds=EVERY_KIND, first=0, last=EVERY_STEP):
        self._kinds = [kind for kind in SELECTABLE if kinds >> kind & 1]
        self._steps = range(first, last + 1)
        self._causes = None
        self._planes = {}
        self.cycle = 0
        self.events = []

    def look(self, monitor):
        self.cycle += 1
        inside = monitor["step"] in self._steps
        entered = inside and self._causes is None
        happened = []
        if monitor["reset"] or monitor["begin"] or monitor["end"]:
            happened.append((EventKind.IMAGE, 0, 2 if monitor["reset"] else monitor["begin"]))
        if monitor["start"] or monitor["done"] or entered:
            data = monitor["step"] | monitor["start"] << 16 | monitor["done"] << 17
            happened.append((EventKind.STEP, 0, data))
        causes = [self._cause(tile) for tile in monitor["tiles"]]
        for number, tile in enumerate(monitor["tiles"]):
            if tile["result"]:
                happened.append((EventKind.RESULT, number, tile["values"][0] & 0xFFFF_FFFF))
        for number, cause in enumerate(causes):
            if entered or (inside and cause != self._causes[number]):
                happened.append((EventKind.CAUSE, number, CAUSES.index(cause)))
        for number, tile in enumerate(monitor["tiles"]):
            happened += self._issued(number, tile["issue"])
        self._causes = causes if inside else None
        for kind, tile, data in happened:
            if kind in self._kinds and (inside or kind not in OF_STEPS):
                event = TraceEvent(cycle=self.cycle, kind=kind, tile=tile, data=data)
                self.events.append(event)

    @staticmethod
    def _cause(tile):
        (cause,) = [name for name, high in tile["cause"].items() if high]
        return cause

    def _issued(self, number, issue):
        """The OU that ends, if one does."""
        if not issue["issued"]:
            return
        planes = self._planes.setdefault(number, [])
        planes.append(issue["plane"])
        if issue["last"]:
            assert planes == sorted(planes, reverse=True)
            data = sum(1 << plane for plane in planes)
            data |= issue["position_last"] << 8 | issue["ou"] << 9
            planes.clear()
            yield EventKind.OU, number, data


class Traced(Bench):
    """An engine with a trace."""

    def __init__(self, tables, *, events, time_bits=24, **options):
        super().__init__(tables, **options)
        self.events = events
        self.trace = Trace(self.program.shape, events=events, time_bits=time_bits)
        self.top = Module()
        self.top.submodules.engine = self.dut
        self.top.submodules.trace = self.trace
        self.top.d.comb += self.trace.monitor.eq(self.dut.monitor)
        self.observer = None
        self.read = self.seen_status = None

    async def begin(self, ctx, *, ring=0, passes=0, kinds=EVERY_KIND, first=0, last=EVERY_STEP):
        trace = self.trace
        for port, value in (
            (trace.kinds, kinds),
            (trace.first_step, first),
            (trace.last_step, last),
            (trace.ring, ring),
            (trace.passes, passes),
            (trace.start, 1),
        ):
            ctx.set(port, value)

    async def end(self, ctx):
        """Stop, and read what there is."""
        trace = self.trace
        ctx.set(trace.stop, 1)
        await tick(ctx)
        ctx.set(trace.stop, 0)
        await tick(ctx, 3)
        while ctx.get(trace.running):
            await tick(ctx)
        at, wrapped = ctx.get(trace.next), ctx.get(trace.wrapped)
        words = [await access(ctx, trace.bus, 4 * n) for n in range(2 * self.events)]
        return read_events(words[2 * at :] * wrapped + words[: 2 * at])

    def record(self, *, cycles=None, seed=None, **settings):
        """The events of a run, until all results are there or for some cycles."""
        watched = {name: settings[name] for name in ("kinds", "first", "last") if name in settings}
        done = []

        async def host(ctx):
            self.observer = Observer(**watched)
            await tick(ctx, 70)  # until the accumulators are clear
            await self.begin(ctx, **settings)
            looked = 0
            while looked != cycles and not (cycles is None and done):
                monitor = await sample(ctx, self.dut.monitor.as_value())
                ctx.set(self.trace.start, 0)
                self.observer.look(unpack(self.dut.monitor.shape(), monitor))
                looked += 1
            self.read = await self.end(ctx)
            self.lost = ctx.get(self.trace.lost)

        async def results(ctx):
            done.clear()
            await take(self.dut.o, len(self.expected_scores()), seed=seed)(ctx)
            await tick(ctx, 3)
            done.append(True)

        run(self.top, host, feed(self.dut.i, self.bytes, seed=seed), results, timeout=100_000)
        return self.read


@pytest.mark.parametrize(
    ("tiles", "skip", "seed", "kinds"),
    [(1, False, None, EVERY_KIND), (2, True, 3, EVERY_KIND & ~(1 << EventKind.RESULT))],
)
def test_matches_observer(tiles, skip, seed, kinds):
    """Every event of two images, with stalls too."""
    tables = chain(Geometry(tiles=tiles), seed=4, stride=(2, 2), shape=(2, 4, 4))
    bench = Traced(tables, events=2048, skip=skip)
    events = bench.record(seed=seed, kinds=kinds)
    assert len(bench.observer.events) < 2048
    assert bench.lost == 0
    assert events == [e for e in bench.observer.events if e.cycle <= events[-1].cycle]
    assert len(bench.observer.events) - len(events) < 8  # the last cycles before the stop
    seen = {event.kind for event in events}
    assert seen == {kind for kind in (*OF_STEPS, EventKind.IMAGE) if kinds >> kind & 1}


SHAPE = build_network_program(
    chain(Geometry(tiles=2), seed=4, stride=(2, 2), shape=(2, 4, 4))
).shape
QUIET = {"cause": {"stopped": 1}}


def busy_monitors(count, *, seed, share):
    """Monitors of cycles in which anything happens, each thing in a ``share`` of them."""
    rng = random.Random(seed)

    def happens():
        return int(rng.random() < share)

    step, causes, left = 0, ["window"] * 2, [[], []]
    for _ in range(count):
        tiles = []
        for tile in range(2):
            if not left[tile] and happens():
                causes[tile] = rng.choice(CAUSES)
            issue = {}
            if causes[tile] == "planes":
                left[tile] = left[tile] or sorted(rng.sample(range(8), rng.randint(1, 8)))
                issue = {"issued": 1, "plane": left[tile].pop(), "position_last": happens()}
                issue |= {"last": int(not left[tile]), "ou": rng.randrange(SHAPE.engine.ous)}
            tiles.append(
                {
                    "cause": {causes[tile]: 1},
                    "issue": issue,
                    "result": happens(),
                    "values": [rng.randrange(-(1 << 16), 1 << 16), 0],
                }
            )
        start = happens()
        done = 0 if start else happens()
        yield {"tiles": tiles, "step": step, "start": start, "done": done, "begin": happens()}
        step = (step + done) % SHAPE.steps


def still(monitor):
    """The same, but nothing happens."""
    causes = [{"cause": tile["cause"]} for tile in monitor["tiles"]]
    return {"step": monitor["step"], "tiles": causes}


class Alone(Traced):
    """A trace of monitors that are made up."""

    def __init__(self, *, events, time_bits=24):
        self.events = events
        self.top = self.trace = Trace(SHAPE, events=events, time_bits=time_bits)

    def record(self, monitors, *, pause=0, **settings):
        """The events of the monitors; ``pause`` cycles before the last of them nothing changes."""
        watched = {name: settings[name] for name in ("kinds", "first", "last") if name in settings}
        monitors = list(monitors)

        async def host(ctx):
            self.observer = Observer(**watched)
            await tick(ctx, 3)
            await self.begin(ctx, **settings)
            layout = self.trace.monitor.shape()
            for place, monitor in enumerate(monitors):
                ctx.set(self.trace.monitor, monitor)
                seen = unpack(layout, ctx.get(self.trace.monitor.as_value()))
                await tick(ctx)
                ctx.set(self.trace.start, 0)
                self.observer.look(seen)
                if place == len(monitors) - 2:
                    ctx.set(self.trace.monitor, still(monitor))
                    await tick(ctx, pause)
                    self.observer.cycle += pause
            ctx.set(self.trace.monitor, still(monitor))
            await tick(ctx, 3)
            self.read = await self.end(ctx)
            self.lost = ctx.get(self.trace.lost)
            self.wrapped = ctx.get(self.trace.wrapped)

        run(self.top, host, timeout=100_000)
        return self.read


@pytest.mark.parametrize("share", [0.05, 0.6])
def test_lost_events_are_counted(share):
    """What is there did happen, what is not is counted, and behind a gap all is told once more."""
    bench = Alone(events=2048)
    events = bench.record(busy_monitors(600, seed=1, share=share))
    happened = bench.observer.events
    real = [event for event in events if event.kind != EventKind.LOST]
    gaps = {event.cycle: event.data for event in events if event.kind == EventKind.LOST}
    again = {(EventKind.STEP, 0), (EventKind.CAUSE, 0), (EventKind.CAUSE, 1)}
    for gap in gaps:
        assert {(event.kind, event.tile) for event in real if event.cycle == gap} >= again
    more = [event for event in real if event not in happened]
    assert {event.cycle for event in more} <= set(gaps)
    assert {(event.kind, event.tile) for event in more} <= again
    assert bench.lost == len(happened) - (len(real) - len(more))
    assert sum(gaps.values()) <= bench.lost
    assert bool(gaps) == (share > 0.1) == (bench.lost > 100)


@pytest.mark.parametrize("pause", [1, 1022, 1023, 5000])
def test_time_is_never_lost(pause):
    """A long silence takes one event, and the cycles are right to the last."""
    bench = Alone(events=64, time_bits=10)
    quiet = {"step": 0, "tiles": [QUIET] * 2}
    monitors = [quiet, quiet | {"begin": 1}, quiet | {"step": 0}, quiet | {"reset": 1}]
    events = bench.record(monitors, pause=pause, kinds=1 << EventKind.IMAGE)
    first, last = bench.observer.events
    assert (first.data, last.data, last.cycle - first.cycle) == (1, 2, pause + 2)
    times = [event for event in events if event.kind == EventKind.TIME]
    assert [event.data for event in times] == [(pause + 2) // 1024] * (pause > 1000)
    # As a host reads the words they have 24 bits of time; here 10 bits were counted.
    surplus = sum(event.data << 24 for event in times) - sum(event.data << 10 for event in times)
    assert events[0] == first
    assert dataclasses.replace(events[-1], cycle=events[-1].cycle - surplus) == last


def test_stops_when_full():
    """The first events stay, whatever comes then."""
    bench = Alone(events=16)
    events = bench.record(busy_monitors(200, seed=3, share=0.1))
    assert events == bench.observer.events[:16]
    assert bench.wrapped


def test_ring():
    """The last events stay; their cycles are counted from the oldest."""
    bench = Alone(events=16)
    events = bench.record(busy_monitors(200, seed=3, share=0.1), ring=1)
    expected = bench.observer.events[-16:]
    assert bench.wrapped
    offset = expected[-1].cycle - events[-1].cycle
    assert [dataclasses.replace(e, cycle=e.cycle + offset) for e in events] == expected


def test_passes_over_events():
    bench = Alone(events=16)
    events = bench.record(busy_monitors(200, seed=3, share=0.1), passes=21)
    expected = bench.observer.events[21:37]
    offset = expected[0].cycle - events[0].cycle
    assert [dataclasses.replace(e, cycle=e.cycle + offset) for e in events] == expected


@pytest.mark.parametrize("kind", SELECTABLE)
def test_kinds(kind):
    """One kind alone, from chosen steps if it is of a step."""
    bench = Alone(events=512)
    monitors = list(busy_monitors(150, seed=4, share=0.1))
    monitors[70] |= {"error": 1, "code": 200}
    monitors[80] |= {"loading": 1}
    events = bench.record(monitors, kinds=1 << kind, first=1, last=2)
    if kind == EventKind.ERROR:
        (error,) = events
        assert (error.cycle, error.data) == (71, 200 | monitors[70]["step"] << 16)
    elif kind == EventKind.LOAD:
        assert [(e.cycle, e.data) for e in events] == [(81, 1), (82, 0)]
    else:
        assert events == bench.observer.events
        assert len(events) > 3


def test_starts_anew():
    """A start forgets all: events, the time, and what was lost."""
    bench = Alone(events=64)

    async def host(ctx):
        trace = bench.trace
        await bench.begin(ctx)
        for monitor in busy_monitors(60, seed=5, share=0.9):
            ctx.set(trace.monitor, monitor)
            await tick(ctx)
            ctx.set(trace.start, 0)
        assert ctx.get(trace.lost)
        ctx.set(trace.monitor, {"tiles": [QUIET] * 2})
        ctx.set(trace.start, 1)
        await tick(ctx)
        ctx.set(trace.start, 0)
        await tick(ctx, 40)
        assert not ctx.get(trace.lost)
        stopped = CAUSES.index("stopped")
        events = [(e.cycle, e.kind, e.tile, e.data) for e in await bench.end(ctx)]
        assert events[-2:] == [(1, EventKind.CAUSE, tile, stopped) for tile in range(2)]

    run(bench.top, host)


def test_latency():
    """Four cycles after something has happened, its event is in the memory."""
    bench = Alone(events=64)

    async def host(ctx):
        trace = bench.trace
        await bench.begin(ctx, kinds=1 << EventKind.ERROR)
        await tick(ctx, 2)
        ctx.set(trace.start, 0)
        ctx.set(trace.monitor, {"error": 1})
        await tick(ctx)
        ctx.set(trace.monitor, {"error": 0})
        await tick(ctx, 2)
        assert not ctx.get(trace.next)
        await tick(ctx)
        assert ctx.get(trace.next) == 1
        assert ctx.get(trace.running)

    run(bench.top, host)


def test_bus():
    """The memory is read in two cycles, and never written."""
    bench = Alone(events=16)

    async def host(ctx):
        bus = bench.trace.bus
        ctx.set(bus.cyc, 1)
        ctx.set(bus.stb, 1)
        seen = [await sample(ctx, bus.ack) for _ in range(6)]
        ctx.set(bus.cyc, 0)
        assert seen == [0, 0, 1, 0, 0, 1]
        assert await access(ctx, bus, 4, write=1) is None
        assert await access(ctx, bus, 4) == 0

    run(bench.top, host)


@pytest.mark.parametrize(
    ("shape", "options", "error", "message"),
    [
        ("shape", {"events": 16}, TypeError, "shape must be a NetworkShape, not 'shape'"),
        (SHAPE, {"events": 24}, ValueError, "events must be a power of two, 2 or more, not 24"),
        (
            SHAPE,
            {"events": 16, "time_bits": 7},
            ValueError,
            "7 bits of time pass before what waits is written",
        ),
    ],
)
def test_wrong_arguments(shape, options, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        Trace(shape, **options)
