"""Counters: how often things happened, all of them at one moment."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes

__all__ = ["Counters"]


class Counters(wiring.Component):
    """Count how often each event happens; show the counts of one moment.

    All of them are latched together, so that sums over the values hold however long it takes to
    read them. A latch includes the events of its own cycle; ``clear`` forgets these, too.

    Latency is two cycles from ``latch`` to the values; throughput is any number of events a cycle,
    each up to ``most`` times; never stalls. Counts wrap.

    Parameters
    ----------
    names : sequence of str
        The events.
    bits : int
        Width of a counter.
    most : int
        How often an event can happen in a cycle.

    Members
    -------
    events : ``In(StructLayout)`` of ``range(most + 1)`` each
        What happens in this cycle, and how often.
    latch : ``In(1)``
        Show the counts of this cycle from now on.
    clear : ``In(1)``
        Begin to count with the next cycle; the values that are shown stay.
    values : ``Out(StructLayout)`` of ``unsigned(bits)`` each
        The counts of the last latch; zero before.
    """

    def __init__(self, names, *, bits, most=1):
        check_sizes(bits=bits, most=most)
        names = tuple(names)
        if not names:
            raise ValueError("there must be a counter")
        super().__init__(
            {
                "events": In(data.StructLayout(dict.fromkeys(names, range(most + 1)))),
                "latch": In(1),
                "clear": In(1),
                "values": Out(data.StructLayout(dict.fromkeys(names, bits))),
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
