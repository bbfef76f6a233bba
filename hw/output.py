"""Output: requantisation and activation function."""

from amaranth import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.layouts import PositionSum, Result, span
from hw.rom import Contents

__all__ = ["Output"]


class Output(wiring.Component):
    """Requantise sums: ``clamp((((sum + bias) * multiplier + rounding) >> shift) + zero_point)``.

    Multiplier, shift and bias belong to the output channel, the clamp and the zero point to the
    layer. Rounding is half up.

    Latency is six cycles; throughput is one output per cycle; stalls when ``o`` does.

    Parameters
    ----------
    words : sequence of int, or int
        Contents of the channel memory, one word an output channel of the program, or how many can
        be loaded.
    layout : layout
        Layout of such a word.
    acc_bits, out_bits : int
        Widths of a sum and of an output, both signed.
    outputs : int
        Outputs of a position, at most.

    Members
    -------
    first_channel : ``In(range(channels))``
        First word of the layer; steady while it runs.
    zero_point, minimum, maximum : ``In(signed(out_bits))``
        Output format of the layer; steady while it runs.
    i : ``In(stream.Signature(PositionSum))``
        Sums.
    o : ``Out(stream.Signature(Result))``
        Outputs.
    read_back : ``In(TableRead)``
        Reads the memory while the component is at rest.
    load : ``In(TableWrite)``
        Writes the memory; only if its words are not baked in.
    """

    def __init__(self, words, *, layout, acc_bits, out_bits, outputs):
        check_sizes(acc_bits=acc_bits, out_bits=out_bits, outputs=outputs)
        names = [name for name, _ in layout]
        if sorted(names) != ["bias", "multiplier", "shift"]:
            raise ValueError(f"layout must have multiplier, shift and bias, not {names}")
        self._contents = Contents(words, shape=layout)
        self._layout = layout
        self._acc_bits = acc_bits
        sums = PositionSum(acc_bits=acc_bits, outputs=outputs)
        super().__init__(
            {
                "first_channel": In(span(self._contents.depth)),
                "zero_point": In(signed(out_bits)),
                "minimum": In(signed(out_bits)),
                "maximum": In(signed(out_bits)),
                "i": In(stream.Signature(sums)),
                "o": Out(stream.Signature(Result(out_bits=out_bits))),
                **self._contents.ports,
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.channels = memory = self._contents.memory(m, self)
        advance = Signal()
        at = self.first_channel + self.i.p.channel
        channel, _ = self._contents.read(m, self, memory, at=at, en=advance)
        m.d.comb += [
            advance.eq(~self.o.valid | self.o.ready),
            self.i.ready.eq(advance),
        ]

        biased_bits = max(self._acc_bits, self._layout["bias"].shape.width) + 1
        product_bits = biased_bits + self._layout["multiplier"].shape.width
        taken = Signal(signed(self._acc_bits))
        biased = Signal(signed(biased_bits))
        multiplier = Signal(self._layout["multiplier"].shape)
        product = Signal(signed(product_bits))
        shift = [Signal(self._layout["shift"].shape, name=f"shift{n}") for n in range(2)]
        shifted = Signal(signed(product_bits + 1))
        offset = Signal(signed(product_bits + 2))
        # With one more bit than it takes, half up is an increment before that bit is left out.
        rounded = (shifted + Cat(Const(1, 1), self.zero_point).as_signed()) >> 1
        clamped = Mux(
            offset < self.minimum,
            self.minimum,
            Mux(offset > self.maximum, self.maximum, offset),
        )
        valid, last = Signal(5), Signal(5)
        with m.If(advance):
            m.d.sync += [
                taken.eq(self.i.p.value),
                biased.eq(taken + channel.bias),
                multiplier.eq(channel.multiplier),
                shift[0].eq(channel.shift),
                product.eq(biased * multiplier),
                shift[1].eq(shift[0]),
                shifted.eq((product << 1) >> shift[1]),
                offset.eq(rounded),
                self.o.p.value.eq(clamped),
                valid.eq(valid << 1 | self.i.valid),
                last.eq(last << 1 | self.i.p.last),
                self.o.valid.eq(valid[-1]),
                self.o.p.last.eq(last[-1]),
            ]
        return m
