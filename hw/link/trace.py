"""Trace: what an engine did, in a memory that the bus reads."""

from amaranth import Module, Mux, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect

from arch.network_shape import NetworkShape
from arch.register import WORD_BITS
from arch.trace_event import EVENT_WORDS, TIME_BITS
from hw.link.trace_capture import TraceCapture
from hw.link.trace_layouts import sources
from hw.link.trace_writer import EVENT_BITS, TraceWriter
from hw.network_view import network_monitor
from hw.queue import Queue
from hw.wishbone import Wishbone

__all__ = ["Trace", "trace_address_bits"]

_WAITING = 16
"""Bundles that wait to be written: what distributed memories hold at least."""


def trace_address_bits(events):
    """Width of the address of a word in the memory of a trace."""
    return (EVENT_WORDS * events - 1).bit_length()


class Trace(wiring.Component):
    """Record the events of an engine, see :mod:`arch.trace_event`.

    Latency is four cycles from what happens to its event in the memory; throughput is an event a
    cycle in the long run. Of more than that 16 cycles with events wait; what comes beyond is lost,
    and counted. The engine never stalls. On the bus an access takes two cycles; a write ends with
    ``err``.

    Parameters
    ----------
    shape : :class:`arch.network_shape.NetworkShape`
        Of the engine.
    events : int
        Events that are held, a power of two.
    time_bits : int
        Width of the cycles between two events; that of the events unless a test wants less.

    Members
    -------
    monitor : ``In(NetworkMonitor)``
        The engine.
    start : ``In(1)``
        Forget all events, and record from the next cycle on.
    stop : ``In(1)``
        Record no more; what waits is still written.
    ring : ``In(1)``
        Overwrite the oldest events; else recording stops when the memory is full. Steady while
        recording, as are the following.
    kinds : ``In(8)``
        A bit for each of :data:`arch.trace_event.SELECTABLE`.
    first_step, last_step : ``In(16)``
        Steps whose begin, end, causes, OUs and results are recorded.
    passes : ``In(32)``
        Events after the start that are passed over.
    running : ``Out(1)``
        It records, or events wait to be written.
    wrapped : ``Out(1)``
        The memory was written to its end.
    next : ``Out(16)``
        Where the next event goes.
    lost : ``Out(32)``
        Events since the start that were lost.
    bus : ``In(Wishbone)``
        The memory, read only: the words of the first event, then those of the next. What is read
        while it records may be half an event.
    """

    def __init__(self, shape, *, events, time_bits=TIME_BITS):
        if not isinstance(shape, NetworkShape):
            raise TypeError(f"shape must be a NetworkShape, not {shape!r}")
        if events < 2 or events & (events - 1):
            raise ValueError(f"events must be a power of two, 2 or more, not {events}")
        if 1 << time_bits < _WAITING * len(sources(shape.engine.tiles)):
            raise ValueError(f"{time_bits} bits of time pass before what waits is written")
        self._capture = TraceCapture(shape, time_bits=time_bits)
        self._writer = TraceWriter(self._capture.o.p.shape(), events=events)
        self._events = events
        super().__init__(
            {
                "monitor": In(network_monitor(shape)),
                **dict.fromkeys(("start", "stop", "ring"), In(1)),
                **{name: In(self._capture.signature.members[name].shape) for name in _SETTINGS},
                "passes": In(WORD_BITS),
                "running": Out(1),
                "wrapped": Out(1),
                "next": Out(16),
                "lost": Out(WORD_BITS),
                "bus": In(Wishbone(address_bits=trace_address_bits(events))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        again = ResetInserter(self.start)
        capture, writer = self._capture, self._writer
        queue = Queue(capture.o.p.shape(), depth=_WAITING)
        m.submodules.capture = again(capture)
        m.submodules.queue = again(queue)
        m.submodules.writer = again(writer)
        connect(m, capture.o, queue.i)
        connect(m, queue.o, writer.i)
        recording = Signal()
        with m.If(self.start):
            m.d.sync += recording.eq(1)
        with m.Elif(self.stop | writer.full):
            m.d.sync += recording.eq(0)
        m.d.comb += [
            capture.monitor.eq(self.monitor),
            capture.recording.eq(recording & ~writer.full),
            *(getattr(capture, name).eq(getattr(self, name)) for name in _SETTINGS),
            writer.ring.eq(self.ring),
            writer.passes.eq(self.passes),
            self.running.eq(recording | writer.busy),
            self.wrapped.eq(writer.wrapped),
            self.next.eq(writer.next),
            self.lost.eq(capture.lost),
        ]
        self._add_memory(m)
        return m

    def _add_memory(self, m):
        m.submodules.memory = memory = Memory(
            shape=EVENT_BITS, depth=self._events, init=[], attrs={"ram_style": "block"}
        )
        write, read = memory.write_port(), memory.read_port()
        bus, writer = self.bus, self._writer
        asked = Signal()
        m.d.comb += [
            write.en.eq(writer.write),
            write.addr.eq(writer.write_at),
            write.data.eq(writer.event),
            read.addr.eq(bus.adr[1:]),
        ]
        m.d.sync += [
            asked.eq(bus.cyc & bus.stb & ~asked & ~bus.ack & ~bus.err),
            bus.ack.eq(bus.cyc & bus.stb & asked & ~bus.we),
            bus.err.eq(bus.cyc & bus.stb & asked & bus.we),
            bus.dat_r.eq(Mux(bus.adr[0], read.data[WORD_BITS:], read.data[:WORD_BITS])),
        ]


_SETTINGS = ("kinds", "first_step", "last_step")
