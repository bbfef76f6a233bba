"""UART receiver: bytes from a serial line, and how long it has been silent."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes

__all__ = ["DATA_BITS", "UartReceive"]

DATA_BITS = 8
"""Data bits between a start bit and a stop bit, the least significant first."""


class UartReceive(wiring.Component):
    """Receive bytes of eight data bits without parity.

    A bit is what two of three samples around its middle say. A start bit that is high in its middle
    was a disturbance, and is forgotten. Behind a byte without a stop bit nothing is received until
    the line is high.

    Latency is ``19 * divisor // 2 + 4`` cycles from the edge of a start bit, at most one more, as
    the edge is not synchronous, to ``valid`` or ``bad_stop``; throughput is a byte in ten bits, or
    less if the sender is faster by up to 4 %; never stalls.

    Parameters
    ----------
    divisor : int
        Cycles of a bit, at least 4.
    idle_bits : int
        Bits without a start bit after which the line is silent.

    Members
    -------
    rx : ``In(1)``
        The line, of another clock; high when nothing is sent.
    valid : ``Out(1)``
        A byte has come; high for one cycle.
    byte : ``Out(8)``
        Which; valid with ``valid``.
    bad_stop : ``Out(1)``
        A byte has come without a stop bit; high for one cycle, instead of ``valid``.
    silent : ``Out(1)``
        There was no byte for ``idle_bits`` bits.
    """

    def __init__(self, *, divisor, idle_bits):
        check_sizes(divisor=divisor, idle_bits=idle_bits)
        if divisor < 4:
            raise ValueError(f"divisor must be at least 4, not {divisor}")
        self._divisor, self._idle_bits = divisor, idle_bits
        super().__init__(
            {
                "rx": In(1, init=1),
                "valid": Out(1),
                "byte": Out(DATA_BITS),
                "bad_stop": Out(1),
                "silent": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        line, before = Signal(init=1), Signal(2, init=3)
        m.submodules.synchroniser = FFSynchronizer(self.rx, line, init=1)
        m.d.sync += before.eq(Cat(line, before))
        level = Signal()  # of the bit whose middle was a cycle ago
        m.d.comb += level.eq((line & before[0]) | (line & before[1]) | (before[0] & before[1]))
        timer = Signal(range(self._divisor))
        middle = Signal()
        bits = Signal(range(DATA_BITS))
        quiet = Signal(range(self._idle_bits + 1))
        m.d.comb += middle.eq(timer == 0)
        m.d.sync += [
            timer.eq(Mux(middle, self._divisor - 1, timer - 1)),
            self.valid.eq(0),
            self.bad_stop.eq(0),
            self.silent.eq(quiet == self._idle_bits),
        ]

        def start():
            m.d.sync += timer.eq(self._divisor // 2)
            m.next = "Start"

        with m.FSM():
            with m.State("Idle"):
                with m.If(~line):
                    start()
                with m.Elif(middle & (quiet != self._idle_bits)):
                    m.d.sync += quiet.eq(quiet + 1)
            with m.State("Start"), m.If(middle):
                with m.If(level):
                    m.next = "Idle"
                with m.Else():
                    m.d.sync += [bits.eq(DATA_BITS - 1), quiet.eq(0)]
                    m.next = "Data"
            with m.State("Data"), m.If(middle):
                m.d.sync += [self.byte.eq(Cat(self.byte[1:], level)), bits.eq(bits - 1)]
                with m.If(bits == 0):
                    m.next = "Stop"
            with m.State("Stop"), m.If(middle):
                m.d.sync += [self.valid.eq(level), self.bad_stop.eq(~level)]
                m.next = "Idle"
                with m.If(~level):
                    m.next = "High"
                with m.Elif(~line):  # the sender is faster, and its bits have few cycles
                    start()
            with m.State("High"), m.If(line):
                m.next = "Idle"
        return m
