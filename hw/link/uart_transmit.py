"""UART transmitter: bytes onto a serial line."""

from amaranth import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.link.uart_receive import DATA_BITS

__all__ = ["UartTransmit"]

_BITS = DATA_BITS + 2
"""Bits of a byte on the line, with a start bit and a stop bit."""


class UartTransmit(wiring.Component):
    """Send bytes of eight data bits without parity.

    Latency is two cycles from a byte to the edge of its start bit; throughput is a byte in ten bits
    and a cycle; ``i`` stalls while a byte is sent, up to the end of its stop bit.

    Parameters
    ----------
    divisor : int
        Cycles of a bit.

    Members
    -------
    i : ``In(stream.Signature(unsigned(8)))``
        Bytes.
    tx : ``Out(1)``
        The line; high when nothing is sent.
    """

    def __init__(self, *, divisor):
        check_sizes(divisor=divisor)
        self._divisor = divisor
        super().__init__({"i": In(stream.Signature(DATA_BITS)), "tx": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()
        timer = Signal(range(self._divisor + 1))
        bits = Signal(range(_BITS + 1))  # that are still to be sent, this one included
        word = Signal(_BITS, init=-1)
        m.d.comb += self.i.ready.eq(bits == 0)
        m.d.sync += self.tx.eq(word[0])
        with m.If(self.i.ready), m.If(self.i.valid):
            m.d.sync += [
                word.eq(Cat(Const(0, 1), self.i.payload, Const(1, 1))),
                bits.eq(_BITS),
                timer.eq(self._divisor - 1),
            ]
        with m.Elif(timer == 0):
            m.d.sync += [
                word.eq(Cat(word[1:], Const(1, 1))),
                bits.eq(bits - 1),
                timer.eq(self._divisor - 1),
            ]
        with m.Else():
            m.d.sync += timer.eq(timer - 1)
        return m
