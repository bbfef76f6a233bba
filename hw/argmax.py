"""Argmax: of the results of an image only the largest leaves, with its number."""

from amaranth import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.network_layouts import Score

__all__ = ["Argmax"]


class Argmax(wiring.Component):
    """Give the largest result of each image, and its number in the order of the results.

    Of several that are equal it is the first.

    Latency is one cycle from the last result of an image; throughput is a result a cycle in, an
    image out; stalls while the largest of the image before is not taken.

    Parameters
    ----------
    out_bits, index_bits : int
        Widths of a result, signed, and of its number.

    Members
    -------
    i : ``In(stream.Signature(Score))``
        All results.
    o : ``Out(stream.Signature(Score))`` with an index
        The largest of each image; ``last`` is always set.
    """

    def __init__(self, *, out_bits, index_bits):
        check_sizes(out_bits=out_bits, index_bits=index_bits)
        super().__init__(
            {
                "i": In(stream.Signature(Score(out_bits=out_bits))),
                "o": Out(stream.Signature(Score(out_bits=out_bits, index_bits=index_bits))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        number, best = Signal.like(self.o.p.index), Signal.like(self.o.p.index)
        value = Signal.like(self.o.p.value)
        larger = Signal()
        m.d.comb += [
            self.i.ready.eq(~self.o.valid | self.o.ready),
            larger.eq((number == 0) | (self.i.p.value > value)),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += number.eq(Mux(self.i.p.last, 0, number + 1))
            with m.If(larger):
                m.d.sync += [value.eq(self.i.p.value), best.eq(number)]
            with m.If(self.i.p.last):
                m.d.sync += [
                    self.o.valid.eq(1),
                    self.o.p.last.eq(1),
                    self.o.p.value.eq(Mux(larger, self.i.p.value, value)),
                    self.o.p.index.eq(Mux(larger, number, best)),
                ]
        return m
