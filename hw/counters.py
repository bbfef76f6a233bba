"""Counters: how much of everything happened, all of them at one moment."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes

__all__ = ["Counters"]


class Counters(wiring.Component):
    """Add up what happens in every cycle; show the counts of one moment.

    All of them are latched together, so that sums over the values hold however long it takes to
    read them. A latch includes the events of its own cycle; ``clear`` forgets these, too.

    Latency is two cycles from ``latch`` to the values; throughput is any number of events a cycle,
    of any size; never stalls. Counts wrap.

    Parameters
    ----------
    events : mapping of str to int
        The events, each with the bits of its amount: 1 for what happens once a cycle at most.
    bits : int
        Width of a counter.

    Members
    -------
    events : ``In(StructLayout)`` of ``unsigned`` amounts
        How much of each happens in this cycle.
    latch : ``In(1)``
        Show the counts of this cycle from now on.
    clear : ``In(1)``
        Begin to count with the next cycle; the values that are shown stay.
    values : ``Out(StructLayout)`` of ``unsigned(bits)`` each
        The counts of the last latch; zero before.
    """

    def __init__(self, events, *, bits):
        check_sizes(bits=bits)
        if not events:
            raise ValueError("there must be a counter")
        check_sizes(**events)
        super().__init__(
            {
                "events": In(data.StructLayout(dict(events))),
                "latch": In(1),
                "clear": In(1),
                "values": Out(data.StructLayout(dict.fromkeys(events, bits))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        # The events come out of long paths: they wait for a cycle, and so does the rest.
        events, latch, clear = Signal(self.events.shape()), Signal(), Signal()
        m.d.sync += [events.eq(self.events), latch.eq(self.latch), clear.eq(self.clear)]
        for name, _field in self.values.shape():
            count = Signal.like(self.values[name], name=f"{name}_count")
            following = Signal.like(count, name=f"{name}_following")
            m.d.comb += following.eq(count + events[name])
            m.d.sync += count.eq(Mux(clear, 0, following))
            with m.If(latch):
                m.d.sync += self.values[name].eq(following)
        return m
