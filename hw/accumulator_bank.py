"""Accumulator bank: the sums of one output position, a memory for each weight column."""

from amaranth import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.layouts import span

__all__ = ["AccumulatorBank"]


class AccumulatorBank(wiring.Component):
    """Add into, read and clear the accumulators of one output position.

    Each weight column has a memory of its own, so that the columns of an OU never collide; the
    accumulator of an output is the sum of its words in all of them. Block RAM is slow to show a
    word, so it is held before it is added to: an addition writes two cycles after it has read.
    What the two before it wrote or are about to write is forwarded, so that an addition to an
    address may follow another in the next cycle. Reading and adding exclude each other; clearing
    excludes an addition in the two cycles before.

    Latency is three cycles from an addition to a read that sees it, and one from a read to its
    values; throughput is one addition or one read per cycle; never stalls.

    Parameters
    ----------
    columns : int
        Weight columns.
    depth : int
        Words of a memory.
    value_bits, acc_bits : int
        Widths of what is added and of the sum, both signed.

    Members
    -------
    add : ``In(columns)``
        Add in this cycle, one bit a column.
    add_at : ``In(ArrayLayout(range(depth), columns))``
        Where; valid with ``add``.
    addends : ``In(ArrayLayout(signed(value_bits), columns))``
        What; valid with ``add``.
    read : ``In(1)``
        Read in this cycle.
    read_at : ``In(range(depth))``
        Where; valid with ``read``.
    clear : ``In(1)``
        Set to zero in this cycle.
    clear_at : ``In(range(depth))``
        Where; valid with ``clear``.
    values : ``Out(ArrayLayout(signed(acc_bits), columns))``
        What was read last; valid from the cycle after ``read`` until the next read or addition.
    """

    def __init__(self, *, columns, depth, value_bits, acc_bits):
        check_sizes(columns=columns, depth=depth, value_bits=value_bits)
        if acc_bits < value_bits:
            raise ValueError(f"acc_bits must be at least {value_bits}, as values, not {acc_bits}")
        self._depth = depth
        super().__init__(
            {
                "add": In(columns),
                "add_at": In(data.ArrayLayout(span(depth), columns)),
                "addends": In(data.ArrayLayout(signed(value_bits), columns)),
                "read": In(1),
                "read_at": In(span(depth)),
                "clear": In(1),
                "clear_at": In(span(depth)),
                "values": Out(data.ArrayLayout(signed(acc_bits), columns)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        for column, value in enumerate(self.values):
            memory = Memory(
                shape=value.shape(),
                depth=max(2, self._depth),
                init=[],
                attrs={"ram_style": "block"},
            )
            m.submodules[f"column{column}"] = memory
            write = memory.write_port()
            read = memory.read_port()
            # Additions of the last two cycles: one waits for its word, one is carried out.
            adding = Signal(2, name=f"adding{column}")
            at = [Signal(span(self._depth), name=f"at{column}_{n}") for n in range(2)]
            addend = [
                Signal.like(self.addends[column], name=f"addend{column}_{n}") for n in range(2)
            ]
            same = Signal(2, name=f"same{column}")
            held, total, written = (
                Signal.like(value, name=f"{name}{column}") for name in ("held", "total", "written")
            )
            m.d.comb += total.eq(held + addend[1])
            m.d.sync += [
                adding.eq(adding << 1 | self.add[column]),
                Cat(at).eq(Cat(self.add_at[column], at[0])),
                Cat(addend).eq(Cat(self.addends[column], addend[0])),
                same.eq(
                    Cat(
                        running & (self.add_at[column] == to)
                        for running, to in zip(adding, at, strict=True)
                    )
                ),
                written.eq(total),
                held.eq(Mux(same[0], total, Mux(same[1], written, read.data))),
            ]
            m.d.comb += [
                read.en.eq(self.read | self.add[column]),
                read.addr.eq(Mux(self.read, self.read_at, self.add_at[column])),
                write.en.eq(adding[1] | self.clear),
                write.addr.eq(Mux(self.clear, self.clear_at, at[1])),
                write.data.eq(Mux(self.clear, 0, total)),
                value.eq(read.data),
            ]
        return m
