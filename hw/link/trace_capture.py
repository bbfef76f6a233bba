"""Trace capture: which events there are in a cycle."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from arch.register import WORD_BITS
from arch.trace_event import CAUSES, EventKind
from hw.arguments import check_sizes
from hw.link.trace_layouts import LOST_BITS, TraceBundle, sources
from hw.network_view import network_monitor

__all__ = ["TraceCapture"]

_STEP_BITS = 16
_OF_STEPS = (EventKind.STEP, EventKind.CAUSE, EventKind.OU, EventKind.RESULT)


class TraceCapture(wiring.Component):
    """Watch an engine, and give what happens in a cycle as one bundle.

    Events that are not taken in their cycle are lost. They are counted, the next bundle says how
    many there were, and with it come the step and the causes of all tiles once more, so that all is
    known from there on; as they do when the recording of steps begins. Cycles are counted from the
    last bundle that was taken, so that no time is lost. Where so many pass that they do not fit,
    there is a bundle for that.

    Latency is one cycle; throughput is a bundle a cycle; never stalls the engine.

    Parameters
    ----------
    shape : :class:`arch.network_shape.NetworkShape`
        Of the engine.
    time_bits : int
        Width of the cycles between two bundles.

    Members
    -------
    monitor : ``In(NetworkMonitor)``
        The engine.
    recording : ``In(1)``
        Give events.
    kinds : ``In(8)``
        A bit for each of :data:`arch.trace_event.SELECTABLE`; steady while recording, as are the
        following.
    first_step, last_step : ``In(16)``
        Steps whose begin, end, causes, OUs and results are events.
    o : ``Out(stream.Signature(TraceBundle))``
        Bundles; gone if they are not taken at once.
    lost : ``Out(32)``
        Events that were lost since reset.
    """

    def __init__(self, shape, *, time_bits):
        check_sizes(time_bits=time_bits)
        self._sources = sources(shape.engine.tiles)
        monitor = network_monitor(shape)
        tile = monitor["tiles"].shape.elem_shape
        bundle = TraceBundle(
            time_bits=time_bits,
            steps=shape.steps,
            tiles=shape.engine.tiles,
            ous=shape.engine.ous,
            value_bits=tile["values"].shape.elem_shape.width,
        )
        super().__init__(
            {
                "monitor": In(monitor),
                "recording": In(1),
                "kinds": In(8),
                "first_step": In(_STEP_BITS),
                "last_step": In(_STEP_BITS),
                "o": Out(stream.Signature(bundle)),
                "lost": Out(WORD_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        # The engine's paths end here. What was seen is true also after a start, which is a reset.
        seen = Signal(self.monitor.shape(), reset_less=True)
        inside, told, tell = Signal(), Signal(), Signal()
        m.d.sync += seen.eq(self.monitor)
        m.d.comb += [
            inside.eq(
                self.recording & (seen.step >= self.first_step) & (seen.step <= self.last_step)
            ),
            tell.eq(inside & ~told & self.o.ready),
        ]
        with m.If(~inside | (self.o.valid & ~self.o.ready)):
            m.d.sync += told.eq(0)
        with m.Elif(tell):
            m.d.sync += told.eq(1)
        happens = self._watch_engine(m, seen, tell)
        for number, tile in enumerate(seen.tiles):
            happens |= self._watch_tile(m, number, tile, tell)
        chosen = {}
        for (kind, tile), event in happens.items():
            within = inside if kind in _OF_STEPS else self.recording
            chosen[kind, tile] = event & within & self.kinds.bit_select(kind, 1)
        self._give(m, chosen)
        return m

    def _watch_engine(self, m, seen, tell):
        """What happens outside of the tiles, by kind and tile."""
        o = self.o.p
        loads, loads_before = Cat(seen.loading, seen.loaded), Signal(2, reset_less=True)
        m.d.sync += loads_before.eq(loads)
        m.d.comb += [
            o.code.eq(seen.code),
            o.loads.eq(loads),
            o.image.eq(Mux(seen.reset, 2, seen.begin)),
            o.step.eq(seen.step),
            o.begins.eq(seen.start),
            o.ends.eq(seen.done),
        ]
        return {
            (EventKind.ERROR, None): seen.error,
            (EventKind.LOAD, None): loads != loads_before,
            (EventKind.IMAGE, None): seen.begin | seen.end | seen.reset,
            (EventKind.STEP, None): seen.start | seen.done | tell,
        }

    def _watch_tile(self, m, number, seen, tell):
        """What happens in a tile."""
        o = self.o.p.tiles[number]
        before = Signal(o.cause.shape(), name=f"cause_before{number}", reset_less=True)
        issued = Signal(o.planes.shape(), name=f"issued{number}", reset_less=True)
        now = Signal(o.planes.shape(), name=f"plane{number}")
        m.d.comb += [
            now.eq(1 << seen.issue.plane),
            o.cause.eq(_place(seen.cause)),
            o.ou.eq(seen.issue.ou),
            o.planes.eq(issued | now),
            o.position_last.eq(seen.issue.position_last),
            o.value.eq(seen["values"][0]),
        ]
        # The planes of an OU follow each other without a gap.
        m.d.sync += [
            before.eq(o.cause),
            issued.eq(Mux(seen.issue.issued & ~seen.issue.last, o.planes, 0)),
        ]
        return {
            (EventKind.CAUSE, number): (o.cause != before) | tell,
            (EventKind.OU, number): seen.issue.issued & seen.issue.last,
            (EventKind.RESULT, number): seen.result,
        }

    def _give(self, m, chosen):
        """Give the events, or count them."""
        o, failed = self.o, Signal()
        since = Signal(o.p.cycles.shape(), init=1)
        events = Signal(len(chosen))
        count, fallen = Signal(range(len(chosen) + 1)), Signal(range(len(chosen) + 1))
        before, missing = Signal(LOST_BITS), Signal(LOST_BITS + 1)
        passed = self.recording & (since == 0)  # as many cycles as have no place
        meta = {
            (EventKind.TIME, None): passed,
            (EventKind.LOST, None): (before != 0) | (fallen != 0),
        }
        m.d.comb += [
            events.eq(Cat(chosen.values())),
            count.eq(sum(events)),
            o.valid.eq(events.any() | passed),
            o.p.cycles.eq(since),
            o.p.present.eq(Cat((meta | chosen)[source] for source in self._sources)),
            missing.eq(before + fallen),
            o.p.lost.eq(Mux(missing[-1], (1 << LOST_BITS) - 1, missing)),
            failed.eq(o.valid & ~o.ready),
        ]
        # What failed is added up a cycle later: knowing it takes most of one.
        m.d.sync += [fallen.eq(Mux(failed, count, 0)), self.lost.eq(self.lost + fallen)]
        with m.If(o.valid & o.ready):
            m.d.sync += [since.eq(1), before.eq(0)]
        with m.Else():
            m.d.sync += [since.eq(since + 1), before.eq(o.p.lost)]


def _place(causes):
    """The place of the one that is high in :data:`arch.trace_event.CAUSES`."""
    return Cat(
        Cat(causes[name] for place, name in enumerate(CAUSES) if place >> bit & 1).any()
        for bit in range((len(CAUSES) - 1).bit_length())
    )
