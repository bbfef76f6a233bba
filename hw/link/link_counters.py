"""Counters of a host link."""

from amaranth import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from arch.register import WORD_BITS

__all__ = ["COUNTED", "LinkCounters"]

COUNTED = ("frames", "repeats", "damaged", "silences", "bad_stops", "ignored")
"""What is counted: the registers of these names."""


class LinkCounters(wiring.Component):
    """Count events, modulo 2**32.

    Latency is one cycle; throughput is an event of each kind a cycle; never stalls.

    Members
    -------
    events : ``In(StructLayout)``
        One bit for each of :data:`COUNTED`: it happens in this cycle.
    clear : ``In(1)``
        Set all counters to zero; events of this cycle are not counted.
    values : ``Out(StructLayout)``
        How many of each.
    """

    def __init__(self):
        super().__init__(
            {
                "events": In(data.StructLayout(dict.fromkeys(COUNTED, 1))),
                "clear": In(1),
                "values": Out(data.StructLayout(dict.fromkeys(COUNTED, WORD_BITS))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        for name in COUNTED:
            m.d.sync += self.values[name].eq(self.values[name] + self.events[name])
        with m.If(self.clear):
            m.d.sync += self.values.eq(0)
        return m
