# amaranth: UnusedElaboratable=no
"""The trace of a run against what an observer of the monitor saw."""


import pytest
from amaranth import Module

from arch.geometry import Geometry
from arch.trace_event import CAUSES, SELECTABLE, EventKind, TraceEvent, read_events
from hw.link.trace import Trace
from hw.testing import access, feed, plain, run, sample, take, tick
from tests.hw.test_network_engine import Bench, chain

EVERY_KIND = sum(1 << kind for kind in SELECTABLE)
EVERY_STEP = 0xFFFF
OF_STEPS = (EventKind.STEP, EventKind.CAUSE, EventKind.OU, EventKind.RESULT)


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
                monitor = await sample(ctx, self.dut.monitor)
                ctx.set(self.trace.start, 0)
                self.observer.look(plain(monitor))
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


def without_time(events):
    return [event for event in events if event.kind != EventKind.TIME]


@pytest.mark.parametrize("skip", [False, True], ids="skip={}".format)
@pytest.mark.parametrize(("tiles", "seed"), [(1, None), (2, 3)])
def test_matches_observer(tiles, seed, skip):
    """Every event of two images, with stalls too; two tiles end up to four events in a cycle."""
    tables = chain(Geometry(tiles=tiles), seed=4, stride=(2, 2), shape=(2, 4, 4))
    bench = Traced(tables, events=2048, skip=skip)
    events = bench.record(seed=seed)
    assert len(bench.observer.events) < 2048
    assert bench.lost == 0
    assert events == [e for e in bench.observer.events if e.cycle <= events[-1].cycle]
    assert len(bench.observer.events) - len(events) < 8  # the last cycles before the stop
    kinds = {event.kind for event in events}
    assert kinds == {*OF_STEPS, EventKind.IMAGE}
