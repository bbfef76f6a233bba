"""Emulated crossbar: cells in block RAM, bit lines as adders."""

from amaranth import Module, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.layouts import BitLines, PlaneBeat
from hw.rom import Contents

__all__ = ["EmulatedCrossbar", "bit_line_bits"]


def bit_line_bits(*, ou_rows, cell_bits):
    """Width of the largest bit-line sum of an OU."""
    return (ou_rows * ((1 << cell_bits) - 1)).bit_length()


class EmulatedCrossbar(wiring.Component):
    """Bit-line sums of one OU in one plane: ``sum over rows of word_lines[row] * cell[row][col]``.

    Latency is three cycles; throughput is one plane per cycle; never stalls.

    Parameters
    ----------
    words : sequence of int, or int
        Contents of the cell memory, one word an OU, or how many can be loaded.
    ou_rows, ou_cols, cell_bits : int
        Size of an OU and of a cell.
    arrays : int
        1, or 2 with a negative array, whose cells are in the upper half of a word.
    tag : layout
        What passes beside the plane.

    Members
    -------
    i : ``In(stream.Signature(PlaneBeat, always_ready=True))``
        Planes.
    o : ``Out(stream.Signature(BitLines, always_ready=True))``
        Bit-line sums, exact.
    read_back : ``In(TableRead)``
        Reads the memory while the component is at rest.
    load : ``In(TableWrite)``
        Writes the memory; only if its words are not baked in.
    """

    def __init__(self, words, *, ou_rows, ou_cols, cell_bits, arrays, tag):
        check_sizes(ou_rows=ou_rows, ou_cols=ou_cols, cell_bits=cell_bits)
        if arrays not in (1, 2):
            raise ValueError(f"arrays must be 1 or 2, not {arrays}")
        self._shape = (arrays, ou_rows, ou_cols)
        row = data.ArrayLayout(unsigned(cell_bits), ou_cols)
        self._cells = data.ArrayLayout(data.ArrayLayout(row, ou_rows), arrays)
        self._contents = Contents(words, shape=self._cells)
        self._cell_bits = cell_bits
        beat = PlaneBeat(ou_rows=ou_rows, ous=self._contents.depth, tag=tag)
        lines = BitLines(
            level_bits=bit_line_bits(ou_rows=ou_rows, cell_bits=cell_bits),
            columns=arrays * ou_cols,
            ou_rows=ou_rows,
            tag=tag,
        )
        super().__init__(
            {
                "i": In(stream.Signature(beat, always_ready=True)),
                "o": Out(stream.Signature(lines, always_ready=True)),
                **self._contents.ports,
            }
        )

    def elaborate(self, platform):
        m = Module()
        arrays, ou_rows, ou_cols = self._shape
        m.submodules.cells = memory = self._contents.memory(m, self)
        # Block RAM is slow to show a word: the cells are held for a cycle before they are added.
        _, shown = self._contents.read(m, self, memory, at=self.i.p.ou, en=self.i.valid)
        driven = Signal(2)
        waiting, word_lines = (Signal.like(self.i.p.word_lines, name=f"lines{n}") for n in range(2))
        tags = [Signal(self.i.p.tag.shape(), name=f"tag{n}") for n in range(2)]

        m.d.sync += [
            driven.eq(driven << 1 | self.i.valid),
            waiting.eq(self.i.p.word_lines),
            word_lines.eq(waiting),
            tags[0].eq(self.i.p.tag),
            tags[1].eq(tags[0]),
            self.o.valid.eq(driven[1]),
            self.o.p.tag.eq(tags[1]),
            self.o.p.ones.eq(sum(word_lines)),
        ]
        for array in range(arrays):
            for col in range(ou_cols):
                currents = (
                    shown[array][row][col] & word_lines[row].replicate(self._cell_bits)
                    for row in range(ou_rows)
                )
                m.d.sync += self.o.p.levels[array * ou_cols + col].eq(sum(currents))
        return m
