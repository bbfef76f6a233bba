"""Trace writer: events one after the other, and where in the memory each goes."""

from functools import reduce
from operator import or_

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from arch.register import WORD_BITS
from arch.trace_event import EVENT_WORDS, KIND_BITS, TIME_BITS, EventKind, encode_event
from hw.arguments import check_sizes
from hw.layouts import span
from hw.link.trace_layouts import sources

__all__ = ["EVENT_BITS", "TraceWriter"]

EVENT_BITS = EVENT_WORDS * WORD_BITS
"""Width of an event."""


class TraceWriter(wiring.Component):
    """Write the events of each bundle in the order of :func:`hw.link.trace_layouts.sources`.

    Of several ``TIME`` in a row only the first takes a place; the others count in it.

    Latency is two cycles; throughput is an event a cycle, a bundle in as many cycles as it has
    events; ``i`` stalls meanwhile.

    Parameters
    ----------
    bundle : :class:`hw.link.trace_layouts.TraceBundle`
        Layout of a bundle.
    events : int
        Events that the memory holds, a power of two.

    Members
    -------
    i : ``In(stream.Signature(bundle))``
        Bundles.
    ring : ``In(1)``
        Go on at the beginning when the memory is full; else nothing is written from then on.
    passes : ``In(32)``
        Events that are not written after a reset; steady from then on.
    busy : ``Out(1)``
        An event is on its way.
    full : ``Out(1)``
        Nothing is written any more.
    wrapped : ``Out(1)``
        The memory was written to its end.
    write : ``Out(1)``
        Write in this cycle.
    write_at : ``Out(range(events))``
        Where; valid with ``write``.
    event : ``Out(64)``
        What; valid with ``write``.
    next : ``Out(range(events))``
        Where the next event goes.
    """

    def __init__(self, bundle, *, events):
        check_sizes(events=events)
        self._sources = sources(bundle["tiles"].shape.length)
        super().__init__(
            {
                "i": In(stream.Signature(bundle)),
                "ring": In(1),
                "passes": In(WORD_BITS),
                "busy": Out(1),
                "full": Out(1),
                "wrapped": Out(1),
                "write": Out(1),
                "write_at": Out(span(events)),
                "event": Out(EVENT_BITS),
                "next": Out(span(events)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        valid, event = Signal(), Signal(EVENT_BITS)
        self._take_apart(m, valid, event)
        passed = Signal(WORD_BITS)
        times = Signal(WORD_BITS)  # in the last event, if that is a TIME
        is_time, place = Signal(), Signal()
        m.d.comb += [
            is_time.eq(event[TIME_BITS : TIME_BITS + KIND_BITS] == EventKind.TIME),
            place.eq(~is_time | (times == 0)),
            self.busy.eq(valid | self.i.valid),
            self.write.eq(valid & (passed == self.passes) & ~self.full),
            self.write_at.eq(Mux(place, self.next, self.next - 1)),
            self.event.eq(Mux(is_time, Cat(event[:WORD_BITS], times + 1), event)),
        ]
        with m.If(valid & (passed != self.passes)):
            m.d.sync += passed.eq(passed + 1)
        with m.If(self.write):
            m.d.sync += [times.eq(Mux(is_time, times + 1, 0)), self.next.eq(self.next + place)]
            with m.If(place & self.next.all()):
                m.d.sync += [self.wrapped.eq(1), self.full.eq(~self.ring)]
        return m

    def _take_apart(self, m, valid, event):
        """Take the lowest event that is left of a bundle in each cycle."""
        bundle = self.i.p
        written, left, lowest = (
            Signal.like(bundle.present, name=name) for name in ("written", "left", "lowest")
        )
        m.d.comb += [
            left.eq(bundle.present & ~written),
            lowest.eq(left & ~(left - 1)),
            self.i.ready.eq(left == lowest),
        ]
        chosen = [
            (self._constant(kind, tile) | self._data(kind, tile) << WORD_BITS)
            & here.replicate(EVENT_BITS)
            for here, (kind, tile) in zip(lowest, self._sources, strict=True)
        ]
        cycles = Mux(written.any(), 0, bundle.cycles)
        m.d.sync += [valid.eq(self.i.valid), event.eq(reduce(or_, chosen) | cycles)]
        with m.If(self.i.valid):
            m.d.sync += written.eq(Mux(self.i.ready, 0, written | lowest))

    @staticmethod
    def _constant(kind, tile):
        """What is always in the first word."""
        first, _data = encode_event(cycles=0, kind=kind, tile=tile or 0)
        return Const(first, EVENT_BITS)

    def _data(self, kind, tile):
        """The second word."""
        bundle = self.i.p
        shown = None if tile is None else bundle.tiles[tile]
        match kind:
            case EventKind.TIME:
                return Const(0, WORD_BITS)  # counted when it is written
            case EventKind.LOST:
                return bundle.lost
            case EventKind.ERROR:
                return Cat(bundle.code, Const(0, 16 - len(bundle.code)), bundle.step)
            case EventKind.LOAD:
                return bundle.loads
            case EventKind.IMAGE:
                return bundle.image
            case EventKind.STEP:
                step = Cat(bundle.step, Const(0, 16))[:16]
                return Cat(step, bundle.begins, bundle.ends)
            case EventKind.RESULT:
                return Cat(shown.value, shown.value[-1].replicate(WORD_BITS))[:WORD_BITS]
            case EventKind.CAUSE:
                return shown.cause
            case EventKind.OU:
                return Cat(shown.planes, shown.position_last, shown.ou)[:WORD_BITS]
