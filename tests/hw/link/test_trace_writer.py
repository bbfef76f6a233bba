# amaranth: UnusedElaboratable=no
"""Trace writer: the words of each event, one a cycle, and their places in the memory."""

import random
import re
from itertools import groupby, pairwise

import pytest

from arch.trace_event import EventKind, encode_event
from hw.link.trace_layouts import TraceBundle, sources
from hw.link.trace_writer import TraceWriter
from hw.testing import Watch, feed, run, sample, tick
from tests.hw.link.test_trace import unpack

SIZES = {
    "tiny": {"time_bits": 8, "steps": 1, "tiles": 1, "ous": 1, "value_bits": 1},
    "odd": {"time_bits": 24, "steps": 5, "tiles": 3, "ous": 37, "value_bits": 17},
    "wide": {"time_bits": 24, "steps": 1 << 16, "tiles": 2, "ous": 1 << 12, "value_bits": 40},
}


def data_of(bundle, kind, tile):
    """The second word, as :class:`arch.trace_event.EventKind` describes it."""
    shown = bundle["tiles"][tile or 0]
    return {
        EventKind.TIME: 1,
        EventKind.LOST: bundle["lost"],
        EventKind.ERROR: bundle["code"] + (bundle["step"] << 16),
        EventKind.LOAD: bundle["loads"],
        EventKind.IMAGE: bundle["image"],
        EventKind.STEP: bundle["step"] + (bundle["begins"] << 16) + (bundle["ends"] << 17),
        EventKind.RESULT: shown["value"] % (1 << 32),
        EventKind.CAUSE: shown["cause"],
        EventKind.OU: shown["planes"] + (shown["position_last"] << 8) + (shown["ou"] << 9),
    }[kind]


def events_of(bundles):
    """Words of the events of bundles, in their order; only the first of a bundle has its cycles."""
    for bundle in bundles:
        cycles = bundle["cycles"]
        for place, (kind, tile) in enumerate(sources(len(bundle["tiles"]))):
            if bundle["present"] >> place & 1:
                data = data_of(bundle, kind, tile)
                yield encode_event(cycles=cycles, kind=kind, tile=tile or 0, data=data)
                cycles = 0


def is_time(words):
    return words[0] >> 24 & 15 == EventKind.TIME


def stored(bundles, *, passes=0):
    """Events that an endless memory would have: those of time are counted in one."""
    events = list(events_of(bundles))[passes:]
    return [
        words
        for time, run_of in groupby(events, is_time)
        for words in ([_counted(list(run_of))] if time else run_of)
    ]


def _counted(times):
    return times[-1][0], len(times)


def random_bundles(count, layout, *, seed, times=0.3):
    """Bundles with anything in them; in some time has passed, which are the ones of 0 cycles."""
    rng = random.Random(seed)
    for _ in range(count):
        bundle = unpack(layout, rng.getrandbits(layout.size))
        if rng.random() < times:
            alone = rng.random() < 0.8
            present = 1 if alone else bundle["present"] | 1
            bundle |= {"present": present, "cycles": 0}
        else:
            bundle |= {"present": bundle["present"] & ~1 or 2, "cycles": bundle["cycles"] or 1}
        yield bundle


class Writes:
    """What was written, when and where."""

    def __init__(self, dut):
        self._dut = dut
        self.cycles, self.places, self.memory = [], [], {}

    async def record(self, ctx):
        dut, cycle = self._dut, 0
        for each in (self.cycles, self.places, self.memory):
            each.clear()
        while True:
            write, at, event = await sample(ctx, dut.write, dut.write_at, dut.event)
            if write:
                self.cycles.append(cycle)
                self.places.append(at)
                self.memory[at] = (event & 0xFFFF_FFFF, event >> 32)
            cycle += 1


class Bench:
    """A writer, and the memory that it fills."""

    def __init__(self, *, events, sizes="odd"):
        self.layout = TraceBundle(**SIZES[sizes])
        self.dut = TraceWriter(self.layout, events=events)
        self.events = events
        self.writes, self.taken = Writes(self.dut), Watch(self.dut.i)

    def simulate(self, bundles, *, seed=None, ring=0, passes=0):
        """Write bundles; the state after them is kept."""

        async def host(ctx):
            dut = self.dut
            ctx.set(dut.ring, ring)
            ctx.set(dut.passes, passes)
            await feed(dut.i, bundles, seed=seed)(ctx)
            assert ctx.get(dut.busy)  # the last event is still on its way
            await tick(ctx)
            assert not ctx.get(dut.busy)
            self.next, self.wrapped = ctx.get(dut.next), ctx.get(dut.wrapped)
            self.full = ctx.get(dut.full)

        run(self.dut, host, watches=[self.writes, self.taken], timeout=50_000)

    def oldest_first(self):
        """The memory as a host reads it."""
        places = [(self.next + n) % self.events for n in range(self.events)] * self.wrapped
        return [self.writes.memory[at] for at in places or range(self.next)]


@pytest.mark.parametrize("seed", [None, 3], ids="seed={}".format)
@pytest.mark.parametrize("sizes", SIZES)
def test_matches_reference(sizes, seed):
    """Every kind of every tile, with and without pauses between the bundles."""
    bench = Bench(events=1024, sizes=sizes)
    bundles = list(random_bundles(120, bench.layout, seed=7))
    bench.simulate(bundles, seed=seed)
    expected = stored(bundles)
    assert bench.oldest_first() == expected
    kinds = {words[0] >> 24 & 15 for words in expected}
    assert kinds == {kind for kind, _tile in sources(SIZES[sizes]["tiles"])}
    assert (bench.wrapped, bench.full) == (0, 0)
    assert any(words[1] > 2 for words in expected if is_time(words))


@pytest.mark.parametrize("value", [0, -1, -(1 << 16), (1 << 16) - 1])
def test_values_are_signed(value):
    """A result of 17 bits fills its word with the sign."""
    bench = Bench(events=4)
    place = sources(3).index((EventKind.RESULT, 2))
    tiles = [{"value": 0}, {"value": ~value}, {"value": value}]
    bench.simulate([{"cycles": 1, "present": 1 << place, "tiles": tiles}])
    (words,) = bench.oldest_first()
    assert words == encode_event(cycles=1, kind=EventKind.RESULT, tile=2, data=value & 0xFFFF_FFFF)


@pytest.mark.parametrize("seed", [None, 5], ids="seed={}".format)
def test_latency_and_throughput(seed):
    """In the memory after two cycles; an event a cycle, and meanwhile no other bundle."""
    bench = Bench(events=1024)
    bundles = list(random_bundles(80, bench.layout, seed=1))
    bench.simulate(bundles, seed=seed)
    counts = [bundle["present"].bit_count() for bundle in bundles]
    taken = bench.taken.cycles
    wanted = [
        end - count + 2 + event
        for end, count in zip(taken, counts, strict=True)
        for event in range(count)
    ]
    assert bench.writes.cycles == wanted
    apart = [after - before for before, after in pairwise(taken)]
    if seed is None:
        assert apart == counts[1:]
    else:
        assert all(gap >= count for gap, count in zip(apart, counts[1:], strict=True))
        assert apart != counts[1:]


@pytest.mark.parametrize("events", [2, 16, 64])
def test_ring_keeps_the_last(events):
    bench = Bench(events=events)
    bundles = list(random_bundles(60, bench.layout, seed=2))
    bench.simulate(bundles, ring=1, seed=2)
    expected = stored(bundles)
    assert len(expected) > 2 * events
    assert bench.oldest_first() == expected[-events:]
    assert (bench.wrapped, bench.full) == (1, 0)
    assert bench.next == len(expected) % events


@pytest.mark.parametrize("events", [2, 16, 64])
def test_stops_when_full(events):
    """The first stay; whatever comes then is taken, and written nowhere."""
    bench = Bench(events=events)
    bundles = list(random_bundles(60, bench.layout, seed=6, times=0))
    bench.simulate(bundles, seed=2)
    assert bench.oldest_first() == stored(bundles)[:events]
    assert bench.writes.places == list(range(events))
    assert len(bench.taken.cycles) == len(bundles)
    assert (bench.wrapped, bench.full, bench.next) == (1, 1, 0)


@pytest.mark.parametrize("ring", [0, 1])
def test_full_with_the_last_place(ring):
    """Not with the one before it, and not later."""
    bench = Bench(events=4)
    bundle = {"cycles": 1, "present": 1 << sources(3).index((EventKind.IMAGE, None))}
    for count in (3, 4, 5):
        bench.simulate([bundle | {"image": n % 3} for n in range(count)], ring=ring)
        assert bench.wrapped == (count >= 4)
        assert bench.full == (count >= 4 and not ring)
        assert len(bench.writes.places) == (count if ring else min(count, 4))


def test_time_over_the_end_of_the_ring():
    """It is counted in the last place after the next has come round to the first."""
    bench = Bench(events=4)
    other = {"cycles": 9, "present": 1 << sources(3).index((EventKind.LOAD, None)), "loads": 2}
    time = {"cycles": 0, "present": 1}
    bench.simulate([other] * 3 + [time] * 5 + [other, time], ring=1)
    load = encode_event(cycles=9, kind=EventKind.LOAD, data=2)
    first, _ = encode_event(cycles=0, kind=EventKind.TIME)
    assert bench.writes.places == [0, 1, 2, 3, 3, 3, 3, 3, 0, 1]
    assert bench.oldest_first() == [load, (first, 5), load, (first, 1)]


@pytest.mark.parametrize("passes", [1, 7, 40])
def test_passes(passes):
    """So many events are not written, those of time among them; places are not left free."""
    bench = Bench(events=512)
    bundles = list(random_bundles(60, bench.layout, seed=4))
    bench.simulate(bundles, passes=passes, seed=4)
    assert bench.oldest_first() == stored(bundles, passes=passes)
    assert bench.writes.places[0] == 0


def test_passes_more_than_there_are():
    bench = Bench(events=16)
    bench.simulate(list(random_bundles(20, bench.layout, seed=4)), passes=(1 << 32) - 1)
    assert (bench.writes.places, bench.next, bench.wrapped) == ([], 0, 0)


@pytest.mark.parametrize(
    ("events", "error", "message"),
    [
        (0, ValueError, "events must be at least 1, not 0"),
        (2.5, TypeError, "events must be an integer, not 2.5"),
    ],
)
def test_wrong_events(events, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        TraceWriter(TraceBundle(**SIZES["odd"]), events=events)
