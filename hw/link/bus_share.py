"""Bus share: two who start accesses on one bus."""

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.wishbone import Wishbone

__all__ = ["BusShare"]


class BusShare(wiring.Component):
    """Let ``second`` on the bus while ``first`` does not want it.

    An access that has begun is ended before the other's begins.

    Latency is none for ``first`` unless ``second`` is on the bus, and one cycle for ``second``;
    throughput is that of the bus; ``second`` waits while ``first`` wants the bus.

    Parameters
    ----------
    address_bits : int
        Width of the address of a word.

    Members
    -------
    first, second : ``In(Wishbone)``
        Of those who start accesses.
    bus : ``Out(Wishbone)``
        The bus.
    """

    def __init__(self, *, address_bits):
        bus = Wishbone(address_bits=address_bits)
        super().__init__({"first": In(bus), "second": In(bus), "bus": Out(bus)})

    def elaborate(self, platform):
        m = Module()
        first, second, bus = self.first, self.second, self.bus
        seconds = Signal()  # turn
        for name in ("cyc", "stb", "we", "adr", "dat_w", "sel"):
            chosen = Mux(seconds, getattr(second, name), getattr(first, name))
            m.d.comb += getattr(bus, name).eq(chosen)
        with m.If(seconds):
            m.d.sync += seconds.eq(second.cyc & ~bus.ack & ~bus.err)
        with m.Else():
            m.d.sync += seconds.eq(second.cyc & ~first.cyc)
        for one, turn in ((first, ~seconds), (second, seconds)):
            m.d.comb += [
                one.dat_r.eq(bus.dat_r),
                one.ack.eq(bus.ack & turn),
                one.err.eq(bus.err & turn),
            ]
        return m
