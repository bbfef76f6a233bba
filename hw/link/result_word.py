"""Result words: results of an engine as a host sees them."""

from amaranth import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from arch.register import WORD_BITS
from hw.network_layouts import Score

__all__ = ["NUMBER_BITS", "VALUE_BITS", "ResultWord"]

VALUE_BITS = 16
"""Bits of the value in a result word, the lowest."""
NUMBER_BITS = 15
"""Bits of the number in a result word, above the value; the highest bit marks the last result."""


class ResultWord(wiring.Component):
    """Put value, number and mark of a result into a word of 32 bits.

    Latency is none; throughput is a result a cycle; stalls with ``o``.

    Parameters
    ----------
    out_bits : int
        Width of a value, at most 16.
    index_bits : int or None
        Width of the number of a result; None if it has none.

    Members
    -------
    i : ``In(stream.Signature(Score))``
        Results.
    o : ``Out(stream.Signature(unsigned(32)))``
        Words.

    Raises
    ------
    ValueError
        If a value does not fit.
    """

    def __init__(self, *, out_bits, index_bits=None):
        if out_bits > VALUE_BITS:
            raise ValueError(f"a result of {out_bits} bits does not fit {VALUE_BITS} bits")
        self._numbered = index_bits is not None
        score = Score(out_bits=out_bits, index_bits=index_bits)
        super().__init__({"i": In(stream.Signature(score)), "o": Out(stream.Signature(WORD_BITS))})

    def elaborate(self, platform):
        m = Module()
        value, number = Signal(VALUE_BITS), Signal(NUMBER_BITS)
        m.d.comb += [
            value.eq(self.i.p.value),
            number.eq(self.i.p.index if self._numbered else 0),
            self.o.payload.eq(Cat(value, number, self.i.p.last)),
            self.o.valid.eq(self.i.valid),
            self.i.ready.eq(self.o.ready),
        ]
        return m
