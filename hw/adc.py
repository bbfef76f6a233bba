"""Analog-to-digital conversion of bit-line sums."""

from amaranth import Module, Mux
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.layouts import BitLines

__all__ = ["Adc", "code_bits"]


def code_bits(*, level_bits, adc_bits):
    """Width of a code: an ADC wider than its input gives no more bits than the input has."""
    return min(level_bits, adc_bits)


class Adc(wiring.Component):
    """Saturating conversion, one code per cell step: ``code = min(sum, 2**adc_bits - 1)``.

    Latency is one cycle; throughput is one plane per cycle; never stalls.

    Parameters
    ----------
    level_bits : int
        Width of a bit-line sum.
    adc_bits : int
        Width of a conversion.
    columns : int
        Bit lines.
    ou_rows : int
        Word lines of an OU.
    tag : layout
        What passes beside the plane.

    Members
    -------
    i : ``In(stream.Signature(BitLines, always_ready=True))``
        Bit-line sums.
    o : ``Out(stream.Signature(BitLines, always_ready=True))``
        Codes.
    """

    def __init__(self, *, level_bits, adc_bits, columns, ou_rows, tag):
        check_sizes(level_bits=level_bits, adc_bits=adc_bits, columns=columns, ou_rows=ou_rows)
        self._adc_bits = adc_bits
        widths = {
            "i": (In, level_bits),
            "o": (Out, code_bits(level_bits=level_bits, adc_bits=adc_bits)),
        }
        super().__init__(
            {
                name: flow(
                    stream.Signature(
                        BitLines(level_bits=bits, columns=columns, ou_rows=ou_rows, tag=tag),
                        always_ready=True,
                    )
                )
                for name, (flow, bits) in widths.items()
            }
        )

    def elaborate(self, platform):
        m = Module()
        largest = (1 << self._adc_bits) - 1
        m.d.sync += [
            self.o.valid.eq(self.i.valid),
            self.o.p.ones.eq(self.i.p.ones),
            self.o.p.tag.eq(self.i.p.tag),
        ]
        for code, level in zip(self.o.p.levels, self.i.p.levels, strict=True):
            saturates = len(level) > self._adc_bits
            m.d.sync += code.eq(Mux(level > largest, largest, level) if saturates else level)
        return m
