"""Operate: what happens between layers, additions, pooling and shortcuts, in exact integers."""

from amaranth import Array, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.network_layouts import ReadRun

__all__ = ["Operate"]


class Operate(wiring.Component):
    """Requantise the weighted sum of each window, or its largest, see :class:`arch.host.HostSpec`.

    Elements come one by one. ``acc`` is the sum of ``(element - zero) * multiplier`` over those of
    a window that lie in the map, with the zero and the multiplier of their operand, or the largest
    of them, if there is one; the result is ``clamp(((acc + rounding) >> shift) + zero_point)``,
    rounded half up.

    Latency is six cycles from the last element of a window; throughput is an element a cycle;
    stalls when ``o`` does.

    Parameters
    ----------
    code_bits : int
        Width of an element.
    multiplier_bits, shift_bits : int
        Widths of the requantisation.
    sum_bits, out_bits : int
        Widths of the sum and of a result, both signed.
    operands, lanes, beat : int
        Sources, and the sizes of a run.

    Members
    -------
    operand_signed, operand_zero, multiplier : arrays of ``operands``
        Whether the codes of a source are two's complement, which stands for zero, and what each is
        multiplied by; steady in a step, as are the following.
    largest : ``In(1)``
        Take the largest instead of the sum.
    shift : ``In(shift_bits)``
    zero_point, minimum, maximum : ``In(signed(out_bits))``
    i : ``In(stream.Signature(ReadRun))``
        Elements: the first of each run.
    o : ``Out(stream.Signature(signed(out_bits)))``
        Results.
    """

    def __init__(
        self, *, code_bits, multiplier_bits, shift_bits, sum_bits, out_bits, operands, lanes, beat
    ):
        check_sizes(
            multiplier_bits=multiplier_bits,
            shift_bits=shift_bits,
            sum_bits=sum_bits,
            out_bits=out_bits,
            operands=operands,
        )
        self._sum_bits = sum_bits
        read = ReadRun(code_bits=code_bits, lanes=lanes, beat=beat)
        zero = signed(code_bits + 1)
        super().__init__(
            {
                "operand_signed": In(data.ArrayLayout(1, operands)),
                "operand_zero": In(data.ArrayLayout(zero, operands)),
                "multiplier": In(data.ArrayLayout(unsigned(multiplier_bits), operands)),
                "largest": In(1),
                "shift": In(shift_bits),
                "zero_point": In(signed(out_bits)),
                "minimum": In(signed(out_bits)),
                "maximum": In(signed(out_bits)),
                "i": In(stream.Signature(read)),
                "o": Out(stream.Signature(signed(out_bits))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        advance = Signal()
        m.d.comb += [advance.eq(~self.o.valid | self.o.ready), self.i.ready.eq(advance)]

        code = Signal.like(self.i.p["values"][0])  # chosen before it is used: memories are slow
        inside, operand = Signal(), Signal()
        zero = Array(self.operand_zero)[operand]
        is_signed = Array(self.operand_signed)[operand]
        value = Signal(signed(len(code) + 2))
        factor = Signal.like(self.multiplier[0])
        product = Signal(signed(len(value) + len(factor)))
        total = Signal(signed(self._sum_bits))
        scaled = Signal(signed(self._sum_bits + 1))
        offset = Signal(signed(max(len(scaled), len(self.zero_point)) + 1))
        valid, last = Signal(5), Signal(4)
        begun = Signal()  # the sum holds elements of the window
        counts = Signal(2)  # the value, the product is of an element inside
        larger = Signal()

        m.d.comb += [
            offset.eq(scaled + self.zero_point),
            larger.eq(~begun | (product > total)),
        ]
        with m.If(advance):
            m.d.sync += [
                code.eq(Array(self.i.p["values"])[self.i.p.bank]),
                inside.eq(self.i.p.inside),
                operand.eq(self.i.p.operand),
                value.eq(Mux(inside, Mux(is_signed, code.as_signed(), code) - zero, 0)),
                factor.eq(Array(self.multiplier)[operand]),
                product.eq(value * factor),
                counts.eq(counts << 1 | inside),
                # With one more bit than it takes, half up is an increment between two shifts.
                scaled.eq((((total << 1) >> self.shift) + 1) >> 1),
                self.o.p.eq(
                    Mux(
                        offset < self.minimum,
                        self.minimum,
                        Mux(offset > self.maximum, self.maximum, offset),
                    )
                ),
                last.eq(last << 1 | self.i.p.last),
                valid[:3].eq(valid[:2] << 1 | self.i.valid),
                valid[3].eq(valid[2] & last[2]),  # from here on, only complete windows
                valid[4].eq(valid[3]),
                self.o.valid.eq(valid[4]),
            ]
            with m.If(valid[2]):
                with m.If(~self.largest):
                    m.d.sync += [total.eq(Mux(begun, total, 0) + product), begun.eq(~last[2])]
                with m.Else():
                    m.d.sync += begun.eq((begun | counts[1]) & ~last[2])
                    with m.If(counts[1] & larger):
                        m.d.sync += total.eq(product)
        return m
