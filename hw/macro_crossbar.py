"""Macro crossbar: the digital side of a crossbar macro, which has array and converters inside."""

from itertools import pairwise

from amaranth import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.layouts import BitLines, PlaneBeat
from hw.rom import Contents

__all__ = ["MacroCrossbar", "MacroPins"]

_PINS = 2  # cycles from a plane to the pins: the slot memory shows a word, a register holds it


class MacroPins(wiring.Signature):
    """Pins of the crossbar macro beside its clock, seen from the engine.

    Members
    -------
    sample : ``Out(1)``
        A plane is at the other pins in this cycle.
    crossbar, slot_row, slot_col : ``Out``
        Which OU is active, as the slot memory has it.
    word_lines : ``Out(ou_rows)``
        Which of its word lines are driven.
    codes : ``In(ArrayLayout(unsigned(code_bits), columns))``
        Codes of the plane that was sampled ``latency`` cycles ago.
    """

    def __init__(self, *, slot, ou_rows, columns, code_bits):
        super().__init__(
            {
                "sample": Out(1),
                **{name: Out(field.shape) for name, field in slot},
                "word_lines": Out(ou_rows),
                "codes": In(data.ArrayLayout(code_bits, columns)),
            }
        )


class MacroCrossbar(wiring.Component):
    """Codes of one OU in one plane, from a crossbar macro at ``pins``.

    It says where the OU lies, counts the driven word lines, and keeps what belongs to a plane until
    its codes are there. All pins come from flip-flops; after a reset ``sample`` is low, and codes
    of planes from before it are not looked at.

    Latency is two cycles to the pins and ``latency`` to the codes; throughput is one plane per
    cycle; never stalls.

    Parameters
    ----------
    words : sequence of int, or int
        Where each OU lies, one word an OU, or how many can be loaded.
    slot : layout
        Layout of such a word.
    latency : int
        Cycles that the macro takes from a sample to its codes.
    ou_rows : int
        Word lines of an OU.
    columns : int
        Bit lines that are converted at a time.
    code_bits : int
        Width of a code.
    tag : layout
        What passes beside the plane.

    Members
    -------
    i : ``In(stream.Signature(PlaneBeat, always_ready=True))``
        Planes.
    o : ``Out(stream.Signature(BitLines, always_ready=True))``
        Codes.
    pins : ``Out(MacroPins)``
        What the macro is connected to.
    read_back : ``In(TableRead)``
        Reads the memory while the component is at rest.
    load : ``In(TableWrite)``
        Writes the memory; only if its words are not baked in.
    """

    def __init__(self, words, *, slot, latency, ou_rows, columns, code_bits, tag):
        check_sizes(latency=latency, ou_rows=ou_rows, columns=columns, code_bits=code_bits)
        self._slot = slot
        self._latency = latency
        self._contents = Contents(words, shape=slot)
        beat = PlaneBeat(ou_rows=ou_rows, ous=self._contents.depth, tag=tag)
        codes = BitLines(level_bits=code_bits, columns=columns, ou_rows=ou_rows, tag=tag)
        pins = MacroPins(slot=slot, ou_rows=ou_rows, columns=columns, code_bits=code_bits)
        super().__init__(
            {
                "i": In(stream.Signature(beat, always_ready=True)),
                "o": Out(stream.Signature(codes, always_ready=True)),
                "pins": Out(pins),
                **self._contents.ports,
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.slots = memory = self._contents.memory(m, self)
        _, where = self._contents.read(m, self, memory, at=self.i.p.ou, en=self.i.valid)
        waiting = Signal.like(self.i.p.word_lines)
        m.d.comb += self.o.p.levels.eq(self.pins.codes)
        m.d.comb += [getattr(self.pins, name).eq(where[name]) for name, _ in self._slot]
        m.d.sync += [waiting.eq(self.i.p.word_lines), self.pins.word_lines.eq(waiting)]

        beside = data.StructLayout(
            {"valid": 1, "ones": self.o.p.ones.shape(), "tag": self.i.p.tag.shape()}
        )
        stages = [Signal(beside, name=f"stage{n}") for n in range(_PINS + self._latency + 1)]
        m.d.comb += [
            stages[0].valid.eq(self.i.valid),
            stages[0].ones.eq(sum(self.i.p.word_lines)),
            stages[0].tag.eq(self.i.p.tag),
            self.pins.sample.eq(stages[_PINS].valid),
            self.o.valid.eq(stages[-1].valid),
            self.o.p.ones.eq(stages[-1].ones),
            self.o.p.tag.eq(stages[-1].tag),
        ]
        m.d.sync += [after.eq(before) for before, after in pairwise(stages)]
        return m
