"""Status watch: reads what an engine does out of its registers, again and again."""

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from arch.register import WORD_BITS
from arch.registers import find_register
from hw.wishbone import Wishbone

__all__ = ["PERIOD", "StatusWatch"]

PERIOD = 64
"""Cycles between two accesses, besides those that an access takes."""


class StatusWatch(wiring.Component):
    """Show whether an engine works, and whether there was an error.

    The registers ``status`` and ``error`` are read in turn. Reading them changes nothing.

    Latency is at most two accesses and twice :data:`PERIOD`; throughput is a register in an access
    and :data:`PERIOD` cycles; never stalls, and waits for the bus.

    Parameters
    ----------
    address_bits : int
        Width of the address of a word; the engine is at address 0.

    Members
    -------
    bus : ``Out(Wishbone)``
        To the engine.
    busy : ``Out(1)``
        An image is in work, and its bytes are all there: ``status.busy`` with a step behind the
        input.
    error : ``Out(1)``
        ``error.flag``.
    """

    def __init__(self, *, address_bits):
        super().__init__(
            {"bus": Out(Wishbone(address_bits=address_bits)), "busy": Out(1), "error": Out(1)}
        )

    def elaborate(self, platform):
        m = Module()
        bus, wait, turn = self.bus, Signal(range(PERIOD)), Signal()
        m.d.comb += [
            bus.cyc.eq(wait == 0),
            bus.stb.eq(bus.cyc),
            bus.adr.eq(Mux(turn, _address("error"), _address("status"))),
        ]
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.Elif(bus.ack | bus.err):
            m.d.sync += [wait.eq(PERIOD - 1), turn.eq(~turn)]
        with m.If(bus.ack & ~turn):
            works = bus.dat_r[_bits("status", "busy")] & bus.dat_r[_bits("status", "step")].any()
            m.d.sync += self.busy.eq(works)
        with m.If(bus.ack & turn):
            m.d.sync += self.error.eq(bus.dat_r[_bits("error", "flag")])
        return m


def _address(name):
    """Of the word of a register."""
    return find_register(name).at // (WORD_BITS // 8)


def _bits(name, field):
    """Of a field in its word."""
    low, bits = next((f.low, f.bits) for f in find_register(name).fields if f.name == field)
    return slice(low, low + bits)
