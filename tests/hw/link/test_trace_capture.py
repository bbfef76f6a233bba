# amaranth: UnusedElaboratable=no
"""Trace capture: the bundle of each cycle against what an observer of the monitor saw."""

import random

import pytest

from arch.trace_event import CAUSES, SELECTABLE, EventKind, TraceEvent
from hw.link.trace_capture import TraceCapture
from hw.link.trace_layouts import sources
from hw.testing import plain, run, sample, tick
from tests.hw.link.test_trace import (
    EVERY_KIND,
    EVERY_STEP,
    OF_STEPS,
    QUIET,
    SHAPE,
    Observer,
    busy_monitors,
    unpack,
)
from tests.hw.link.test_trace_writer import data_of

SOURCES = sources(2)
AGAIN = {(EventKind.STEP, 0), (EventKind.CAUSE, 0), (EventKind.CAUSE, 1)}
META = (EventKind.TIME, EventKind.LOST)
BEFORE = 3
"""Cycles before the first monitor."""
NOTHING = {"tiles": [QUIET] * 2}
EVERYTHING = {
    "error": 1,
    "begin": 1,
    "start": 1,
    "tiles": [QUIET | {"result": 1, "issue": {"issued": 1, "last": 1}}] * 2,
}
"""Seven events in each cycle."""


class Offered:
    """The bundles that were offered: when, whether they were taken, and what is in them."""

    def __init__(self, dut):
        self._dut = dut
        self.bundles = []

    async def record(self, ctx):
        o, cycle = self._dut.o, 0
        self.bundles.clear()
        while True:
            valid, ready, payload = await sample(ctx, o.valid, o.ready, o.payload)
            if valid:
                self.bundles.append((cycle, bool(ready), plain(payload)))
            cycle += 1


def events_of(bundle, cycle):
    """Events of a bundle, in their order."""
    return [
        TraceEvent(cycle=cycle, kind=kind, tile=tile or 0, data=data_of(bundle, kind, tile))
        for place, (kind, tile) in enumerate(SOURCES)
        if bundle["present"] >> place & 1
    ]


class Bench:
    """A capture of monitors that are made up."""

    def __init__(self, *, time_bits=24):
        self.dut = TraceCapture(SHAPE, time_bits=time_bits)
        self.offered = Offered(self.dut)

    def simulate(self, monitors, *, kinds=EVERY_KIND, first=0, last=EVERY_STEP, seed=None):
        """Record from the first cycle on; with a seed half of the bundles are not taken."""
        monitors = list(monitors)

        async def host(ctx):
            dut, rng = self.dut, random.Random(seed)
            self.observer = Observer(kinds=kinds, first=first, last=last)
            for port, value in (
                (dut.kinds, kinds),
                (dut.first_step, first),
                (dut.last_step, last),
                (dut.monitor, NOTHING),
            ):
                ctx.set(port, value)
            await tick(ctx, BEFORE)
            layout = dut.monitor.shape()
            for place, monitor in enumerate(monitors):
                ctx.set(dut.monitor, monitor)
                ctx.set(dut.recording, place > 0)  # with what is seen a cycle later
                ctx.set(dut.o.ready, 1 if seed is None else rng.getrandbits(1))
                seen = unpack(layout, ctx.get(dut.monitor.as_value()))
                await tick(ctx)
                self.observer.look(seen)
            ctx.set(dut.o.ready, 1)
            await tick(ctx)
            ctx.set(dut.recording, 0)
            await tick(ctx, 2)
            self.lost = ctx.get(dut.lost)

        run(self.dut, host, watches=[self.offered], timeout=50_000)

    def happened(self, cycle):
        """Events of a cycle of the simulation, by kind and tile; they are offered one later."""
        number = cycle - BEFORE
        return {
            (event.kind, event.tile): event.data
            for event in self.observer.events
            if event.cycle == number
        }

    def taken(self):
        return [(cycle, bundle) for cycle, taken, bundle in self.offered.bundles if taken]


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_matches_observer(share):
    """A bundle for each cycle with events, one cycle later, with all of them, in their order."""
    bench = Bench()
    bench.simulate(busy_monitors(400, seed=8, share=share))
    cycle, events = 0, []
    for seen, bundle in bench.taken():
        cycle += bundle["cycles"]
        assert cycle == seen + 1
        events += events_of(bundle, seen - BEFORE)
    assert events == bench.observer.events
    assert len(events) > 100
    assert bench.lost == 0


def test_latency_and_throughput():
    """One cycle, and a bundle in each."""
    bench = Bench()
    image = NOTHING | {"begin": 1}
    bench.simulate([NOTHING, NOTHING, image, NOTHING, *[image] * 5], kinds=1 << EventKind.IMAGE)
    wanted = [BEFORE + place + 1 for place in (2, 4, 5, 6, 7, 8)]
    assert [cycle for cycle, _ in bench.taken()] == wanted
    assert [bundle["cycles"] for _, bundle in bench.taken()][1:] == [2, 1, 1, 1, 1]


@pytest.mark.parametrize("share", [0.1, 0.7])
def test_counts_what_is_not_taken(share):
    """In ``lost``, and in the next bundle, which has the step and all causes once more."""
    bench = Bench()
    bench.simulate(busy_monitors(500, seed=9, share=share), seed=11)
    missing = total = gaps = again = 0
    last = -1
    for cycle, taken, bundle in bench.offered.bundles:
        events = {(e.kind, e.tile): e.data for e in events_of(bundle, cycle) if e.kind not in META}
        happened = bench.happened(cycle)
        assert happened.items() <= events.items()
        assert bundle["cycles"] == cycle - last
        assert (bundle["present"] >> SOURCES.index((EventKind.LOST, None)) & 1) == (missing > 0)
        assert bundle["lost"] == missing
        if not taken:
            assert events == happened
            missing += len(events)
            total += len(events)
            continue
        assert set(events) - set(happened) <= AGAIN
        if missing:
            assert set(events) >= AGAIN
            gaps, again = gaps + 1, again + (set(events) != set(happened))
        missing, last = 0, cycle
    assert gaps > 20
    assert again > 10
    assert bench.lost == total > 100


def test_first_bundle_waits_to_be_taken():
    """Step and causes are told when somebody listens, not before, and only once."""
    dut = TraceCapture(SHAPE, time_bits=24)

    async def host(ctx):
        for port, value in ((dut.kinds, EVERY_KIND), (dut.last_step, 3)):
            ctx.set(port, value)
        ctx.set(dut.monitor, NOTHING | {"step": 2})
        await tick(ctx, 2)
        ctx.set(dut.recording, 1)
        await tick(ctx, 6)
        assert not ctx.get(dut.o.valid)
        ctx.set(dut.o.ready, 1)
        seen = []
        for _ in range(5):
            valid, payload = await sample(ctx, dut.o.valid, dut.o.payload)
            if valid:
                seen += [(e.kind, e.tile, e.data) for e in events_of(plain(payload), 0)]
        stopped = CAUSES.index("stopped")
        causes = [(EventKind.CAUSE, tile, stopped) for tile in range(2)]
        assert seen == [(EventKind.STEP, 0, 2), *causes]
        assert not ctx.get(dut.lost)

    run(dut, host)


def test_told_anew_when_the_steps_are_left():
    """Each time that the recorded steps begin, all is told of them."""
    bench = Bench()
    steps = [0, 0, 1, 1, 2, 2, 3, 3, 1, 1, 0, 0, 2]
    quiet = [NOTHING | {"step": step} for step in steps]
    bench.simulate([NOTHING, *quiet, NOTHING], first=1, last=2)
    seen = [(cycle, {(e.kind, e.tile) for e in events_of(b, 0)}) for cycle, b in bench.taken()]
    assert seen == [(BEFORE + 2 + place, AGAIN) for place in (2, 8, 12)]


@pytest.mark.parametrize("kind", SELECTABLE)
def test_kinds(kind):
    """One kind alone, and all others; what is not chosen is not lost either."""
    monitors = list(busy_monitors(90, seed=5, share=0.3))
    monitors[60] |= {"error": 1, "code": 255}
    monitors[70] |= {"loading": 1}
    monitors[71] |= {"loaded": 1}
    seen = {}
    for kinds in (1 << kind, EVERY_KIND & ~(1 << kind)):
        bench = Bench()
        bench.simulate(monitors, kinds=kinds)
        seen[kinds] = [event for cycle, b in bench.taken() for event in events_of(b, cycle)]
        bench.simulate(monitors, kinds=kinds, seed=2)
        chosen = {event.kind for _, _, b in bench.offered.bundles for event in events_of(b, 0)}
        assert chosen - {EventKind.LOST} == {k for k in SELECTABLE if kinds >> k & 1}
        assert bench.lost <= len(seen[kinds])
    alone, others = seen.values()
    assert {event.kind for event in alone} == {kind}
    assert len(alone) >= (1 if kind == EventKind.ERROR else 3)
    bench.simulate(monitors)
    assert len(alone) + len(others) == sum(len(events_of(b, 0)) for _, b in bench.taken())


def test_steps_bound_only_what_is_of_steps():
    """Images, errors and loads come from any step."""
    bench = Bench()
    monitor = EVERYTHING | {"step": 3}
    bench.simulate([NOTHING, monitor, monitor, NOTHING], first=1, last=2)
    kinds = {event.kind for cycle, b in bench.taken() for event in events_of(b, cycle)}
    assert kinds == {EventKind.IMAGE, EventKind.ERROR}
    assert not kinds & set(OF_STEPS)


def test_nothing_without_recording():
    dut = TraceCapture(SHAPE, time_bits=4)

    async def host(ctx):
        ctx.set(dut.kinds, EVERY_KIND)
        ctx.set(dut.last_step, EVERY_STEP)
        for ready in (0, 1):
            ctx.set(dut.o.ready, ready)
            for monitor in busy_monitors(60, seed=ready, share=0.8):
                ctx.set(dut.monitor, monitor)
                assert not await sample(ctx, dut.o.valid)
        assert not ctx.get(dut.lost)

    run(dut, host)


def test_passed_time():
    """Where nothing happens there is a bundle of 0 cycles whenever they begin anew."""
    bench = Bench(time_bits=5)
    image = NOTHING | {"end": 1}
    bench.simulate([image, *[NOTHING] * 99, image, NOTHING], kinds=1 << EventKind.IMAGE)
    seen = [(b["cycles"], [e.kind for e in events_of(b, 0)]) for _, b in bench.taken()]
    assert seen[1:] == [(0, [EventKind.TIME])] * 3 + [(100 - 96, [EventKind.IMAGE])]
    cycles = [cycle for cycle, _ in bench.taken()]
    assert cycles == [4, 36, 68, 100, 104]


def test_time_and_events_in_one_cycle():
    """The cycles are 0 then, too."""
    bench = Bench(time_bits=5)
    image = NOTHING | {"end": 1}
    bench.simulate([image, *[NOTHING] * 31, image, NOTHING], kinds=1 << EventKind.IMAGE)
    (_, first), (_, second) = bench.taken()
    assert [event.kind for event in events_of(first, 0)] == [EventKind.IMAGE]
    assert [event.kind for event in events_of(second, 0)] == [EventKind.TIME, EventKind.IMAGE]
    assert second["cycles"] == 0


def test_many_lost():
    """What a bundle says of them ends at 65,535; the register goes on."""
    dut = TraceCapture(SHAPE, time_bits=24)
    cycles = 9_500

    async def host(ctx):
        ctx.set(dut.kinds, EVERY_KIND)
        ctx.set(dut.last_step, EVERY_STEP)
        ctx.set(dut.recording, 1)
        ctx.set(dut.monitor, EVERYTHING)
        await tick(ctx, cycles)
        ctx.set(dut.o.ready, 1)
        assert ctx.get(dut.o.p.lost) == 0xFFFF
        await tick(ctx, 3)
        # Seven of each cycle, and once the causes, which were unknown; the first saw nothing yet.
        assert 0 <= ctx.get(dut.lost) - 7 * (cycles - 1) <= 2
        assert ctx.get(dut.o.p.lost) == 0

    run(dut, host)


@pytest.mark.parametrize("time_bits", [0, -3])
def test_wrong_time_bits(time_bits):
    with pytest.raises(ValueError, match=f"^time_bits must be at least 1, not {time_bits}$"):
        TraceCapture(SHAPE, time_bits=time_bits)
