"""Read-back: walks a memory for tables and says what lies there."""

from functools import reduce
from operator import or_

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.crc import catalog
from amaranth.lib.wiring import In, Out

from arch.register import WORD_BITS
from hw.layouts import span
from hw.rom import TableReadBack

__all__ = ["NUMBER_BITS", "PLACE_BITS", "ReadBack"]

NUMBER_BITS = 16
"""Width of the number of a memory."""
PLACE_BITS = 24
"""Width of an address, and of a number of parts."""
_BYTE_BITS = 8
_BYTES = WORD_BITS // _BYTE_BITS
_TAKE_PHASE = 1  # three cycles after a new address the first byte of the word is there


class ReadBack(wiring.Component):
    """Read words of one memory, part by part, and compute the CRC-32 of them.

    Parts are of 32 bits, the lowest of a word first, as in a load image; the CRC is that of their
    bytes, the lowest first. The walk ends early, with a ``fault``, before a word that the memory
    does not have.

    Latency is ``4 * parts + 4`` cycles from ``begin`` until ``busy`` is low; throughput is a part
    in four cycles; never stalls.

    Parameters
    ----------
    memories : mapping
        Layout of a word and number of words of each memory by name.
    sections : sequence of :class:`arch.load_image.Section`
        One a memory.

    Members
    -------
    begin : ``In(1)``
        Begin a walk with the next cycle; one in progress ends.
    end : ``In(1)``
        End the walk in progress, unless one begins.
    number : ``In(16)``
        Place of the memory in ``memories``; steady during a walk.
    first : ``In(24)``
        The first word; valid with ``begin``.
    parts : ``In(24)``
        How many parts; valid with ``begin``.
    busy : ``Out(1)``
        A walk is in progress; high from the cycle after ``begin``.
    crc : ``Out(32)``
        Of the parts that were read; valid after a walk.
    word : ``Out(32)``
        The last of them; valid after a walk that read one.
    fault : ``Out(1)``
        The walk has left the memory, or there is none; high for one cycle.
    ports : ``Out(TableReadBack)``
        The memories.
    """

    def __init__(self, *, memories, sections):
        if [section.name for section in sections] != list(memories):
            raise ValueError(f"sections must be those of {', '.join(memories)}")
        self._sections = tuple(sections)
        super().__init__(
            {
                "begin": In(1),
                "end": In(1),
                "number": In(NUMBER_BITS),
                "first": In(PLACE_BITS),
                "parts": In(PLACE_BITS),
                "busy": Out(1),
                "crc": Out(WORD_BITS),
                "word": Out(WORD_BITS),
                "fault": Out(1),
                "ports": Out(TableReadBack(memories)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        sections = self._sections
        m.submodules.crc = crc = catalog.CRC32_ISO_HDLC(data_width=_BYTE_BITS).create()
        phase = Signal(range(_BYTES))
        at = Signal(range(max(section.depth for section in sections) + 1))
        part = Signal(span(max(section.parts for section in sections)))
        # More than all parts of any memory need not be told from still more.
        left = Signal(range(max(section.parts * section.depth for section in sections) + 2))
        inside, complete = Signal(), Signal()  # there is such a word; its last part is read
        take, taken = Signal(), Signal()
        byte, valid = Signal(_BYTE_BITS), Signal()
        self._read(m, at, Cat(phase, self._delayed(m, part)), byte)

        own = [self.number == place for place in range(len(sections))]
        kinds = list(zip(own, sections, strict=True))
        last = phase == _TAKE_PHASE
        m.d.comb += [
            take.eq(inside & (left != 0)),
            # The first byte of a part is there when it is decided whether there is such a part.
            valid.eq(self.busy & Mux(last, take, taken) & ~self.begin),
            crc.start.eq(self.begin),
            crc.data.eq(byte),
            crc.valid.eq(valid),
            self.crc.eq(crc.crc),
        ]
        m.d.sync += [
            inside.eq(_any(mine & (at < section.depth) for mine, section in kinds)),
            complete.eq(_any(mine & (part == section.parts - 1) for mine, section in kinds)),
            self.fault.eq(0),
            phase.eq(phase + 1),
        ]
        with m.If(valid):
            m.d.sync += self.word.eq(Cat(self.word, byte) >> _BYTE_BITS)
        with m.If(self.busy & last):
            m.d.sync += taken.eq(take)
            with m.If(take):
                m.d.sync += [
                    left.eq(left - 1),
                    part.eq(Mux(complete, 0, part + 1)),
                    at.eq(at + complete),
                ]
            with m.Else():
                m.d.sync += [self.busy.eq(0), self.fault.eq(left != 0)]
        with m.If(self.end):
            m.d.sync += self.busy.eq(0)
        with m.If(self.begin):
            m.d.sync += [
                self.busy.eq(1),
                taken.eq(0),
                phase.eq(_TAKE_PHASE + 1),
                part.eq(0),
                at.eq(_at_most(self.first, at)),
                left.eq(_at_most(self.parts, left)),
            ]
        return m

    @staticmethod
    def _delayed(m, part):
        """The part as it was two cycles ago: that of the word that the memory shows."""
        for stage in range(2):
            later = Signal.like(part, name=f"part{stage}")
            m.d.sync += later.eq(part)
            part = later
        return part

    def _read(self, m, at, number, byte):
        """Take the byte of that number in the word of the memory that was chosen."""
        width = max(section.parts for section in self._sections) * WORD_BITS
        words = []
        for place, section in enumerate(self._sections):
            port = getattr(self.ports, section.name)
            m.d.comb += [
                port.lent.eq(self.busy),
                port.own.eq(self.number == place),
                port.at.eq(at),
            ]
            words.append(port.data)
        word = Signal(width)
        m.d.comb += word.eq(reduce(or_, words))  # those of other memories are zero
        chosen = [
            word.word_select(n, _BYTE_BITS) & (number == n).replicate(_BYTE_BITS)
            for n in range(width // _BYTE_BITS)
        ]
        m.d.sync += byte.eq(reduce(or_, chosen))


def _any(bits):
    return Cat(bits).any()


def _at_most(value, register):
    """A value for a register: its largest one, if the value is larger."""
    largest = (1 << len(register)) - 1
    return Mux(value > largest, largest, value)
