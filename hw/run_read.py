"""Run read: reads runs out of the feature memory."""

from amaranth import Array, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.network_layouts import ReadRun, Run

__all__ = ["RunRead"]


class RunRead(wiring.Component):
    """Give each run its elements; one that lies outside the map has the code ``fill``.

    Latency is two cycles; throughput is a run a cycle; stalls when ``o`` does.

    Parameters
    ----------
    at_bits, code_bits : int
        Widths of an address and of an element.
    lanes : int
        Banks of the feature memory, a power of two.
    beat : int
        Elements of a beat.

    Members
    -------
    fill : ``In(code_bits)``
        Code of elements outside; steady in a step.
    i : ``In(stream.Signature(Run))``
        Runs.
    read : ``Out(1)``
        Read the feature memory in this cycle.
    read_at : ``Out(at_bits)``
        Where; valid with ``read``.
    values : ``In(ArrayLayout(unsigned(code_bits), lanes))``
        What was read, one cycle later, until the next read.
    o : ``Out(stream.Signature(ReadRun))``
        Runs with their elements.
    """

    def __init__(self, *, at_bits, code_bits, lanes, beat):
        check_sizes(at_bits=at_bits, code_bits=code_bits, lanes=lanes, beat=beat)
        self._lanes = lanes
        read = ReadRun(code_bits=code_bits, lanes=lanes, beat=beat)
        super().__init__(
            {
                "fill": In(code_bits),
                "i": In(stream.Signature(Run(at_bits=at_bits, lanes=lanes, beat=beat))),
                "read": Out(1),
                "read_at": Out(at_bits),
                "values": In(data.ArrayLayout(code_bits, lanes)),
                "o": Out(stream.Signature(read)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shows, shown = Signal(), Signal(self.i.p.shape())  # the run whose elements are shown
        run, held = Signal(self.i.p.shape()), Signal(self.values.shape())
        m.d.comb += [
            self.i.ready.eq(~self.o.valid | self.o.ready),
            self.read.eq(self.i.valid & self.i.ready),
            self.read_at.eq(self.i.p.at),
        ]
        # Block RAM is slow to show a word: it is held before it is used.
        with m.If(self.i.ready):
            m.d.sync += [
                shows.eq(self.i.valid),
                shown.eq(self.i.p),
                self.o.valid.eq(shows),
                run.eq(shown),
                held.eq(self.values),
            ]

        low = self._lanes.bit_length() - 1
        bank = run.at[:low]
        for number, (value, element) in enumerate(zip(self.o.p["values"], held, strict=True)):
            # Bank `number` has the element that is so many places behind the first.
            behind = (number - bank)[:low] if low else 0
            m.d.comb += value.eq(Mux(Array(run.inside)[behind], element, self.fill))
        m.d.comb += [self.o.p.bank.eq(bank), self.o.p.inside.eq(run.inside[0])]
        for name in ("count", "lane", "operand", "beat_last", "last"):
            m.d.comb += self.o.p[name].eq(run[name])
        return m
