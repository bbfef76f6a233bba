"""Bus decoder: one bus for several slaves, which answers in a bounded time."""

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.wishbone import Wishbone

__all__ = ["PATIENCE", "BusDecoder"]

PATIENCE = 64
"""Cycles that a slave has for its answer."""


class BusDecoder(wiring.Component):
    """Give every access to the slave to which its address belongs.

    Where there is none ``err`` answers, and so it does for a slave that does not answer within
    :data:`PATIENCE` cycles; its access is taken back.

    Latency is that of the slave, one cycle where there is none, or :data:`PATIENCE`; throughput is
    that of the slaves; never stalls.

    Parameters
    ----------
    address_bits : int
        Width of the address of a word.
    windows : mapping
        Address of the first word and width of the address of each slave by name. A window begins
        at a multiple of its size.

    Members
    -------
    bus : ``In(Wishbone)``
        Of who starts accesses.
    NAME : ``Out(Wishbone)``
        A slave.
    """

    def __init__(self, *, address_bits, windows):
        check_sizes(address_bits=address_bits)
        self._windows = dict(windows)
        for name, (at, bits) in self._windows.items():
            check_sizes(**{f"width of {name}": bits})
            if at % (1 << bits) or not 0 <= at < 1 << address_bits or bits > address_bits:
                raise ValueError(f"{name} has no window at word {at:#x}")
        super().__init__(
            {
                "bus": In(Wishbone(address_bits=address_bits)),
                **{
                    name: Out(Wishbone(address_bits=bits))
                    for name, (_at, bits) in self._windows.items()
                },
            }
        )

    def elaborate(self, platform):
        m = Module()
        bus = self.bus
        asked, late, none = Signal(), Signal(), Signal(init=1)
        waited = Signal(range(PATIENCE))
        m.d.comb += [
            asked.eq(bus.cyc & bus.stb),
            bus.err.eq(late),
        ]
        m.d.sync += [
            waited.eq(Mux(asked & ~bus.ack & ~bus.err, waited + 1, 0)),
            late.eq(asked & ~bus.ack & ~bus.err & ((waited == PATIENCE - 2) | none)),
        ]
        m.d.comb += none.eq(1)
        for name, (at, bits) in self._windows.items():
            slave, here = getattr(self, name), Signal(name=f"in_{name}")
            m.d.comb += [
                here.eq(bus.adr[bits:] == at >> bits),
                slave.cyc.eq(bus.cyc & here & ~late),
                slave.stb.eq(bus.stb & here & ~late),
                slave.we.eq(bus.we),
                slave.adr.eq(bus.adr),
                slave.dat_w.eq(bus.dat_w),
                slave.sel.eq(bus.sel),
            ]
            with m.If(here):
                m.d.comb += [
                    none.eq(0),
                    bus.ack.eq(slave.ack & ~late),
                    bus.err.eq(slave.err | late),
                    bus.dat_r.eq(slave.dat_r),
                ]
        return m
