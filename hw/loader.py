"""Loader: takes a load image word by word, checks it, and writes the memories for tables."""

from amaranth import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, enum, wiring
from amaranth.lib.crc import catalog
from amaranth.lib.wiring import In, Out

from arch.load_image import FORMAT_VERSION, HASH_WORDS, LOAD_MAGIC
from arch.network_shape import WORD_BITS
from arch.registers import Error
from hw.layouts import span
from hw.network_layouts import CODE_BITS
from hw.rom import TableLoad

__all__ = ["Loader"]


class _State(enum.Enum, shape=4):
    """What the next word is."""

    IDLE = 0
    """Nothing: no load is in progress."""
    MAGIC = 1
    VERSION = 2
    SHAPE = 3
    DIGEST = 4
    SECTION = 5
    LENGTH = 6
    DATA = 7
    CHECK = 8
    FAILED = 9
    """Nothing: the load has ended with a fault."""


class Loader(wiring.Component):
    """Write the sections of a load image into their memories, if all of it is right.

    The order of the words is that of :func:`arch.load_image.load_image`. What is wrong ends the
    load with a ``fault``; words that follow are ignored until the next load begins. Nothing is
    written outside of the memory of a section, since its length is checked before.

    Latency is one cycle from a word to what it does; throughput is a word a cycle; never stalls.

    Parameters
    ----------
    identity : int
        Of the shape of the engine, see :func:`arch.shape_record.shape_identity`.
    memories : mapping
        Layout of a word and number of words of each memory by name.
    sections : sequence of :class:`arch.load_image.Section`
        One a memory, in the order in which they come.

    Members
    -------
    begin : ``In(1)``
        A load begins with the next cycle; what was loaded before is void.
    valid : ``In(1)``
        A word comes in this cycle.
    word : ``In(32)``
        Which; valid with ``valid``.
    loading : ``Out(1)``
        The load is not complete, and nothing was wrong.
    loaded : ``Out(1)``
        The last load was complete and right.
    count : ``Out(32)``
        Words taken since the load began.
    digest : ``Out(ArrayLayout(32, 8))``
        Hash of the tables; valid with ``loaded``.
    fault : ``Out(1)``
        Something is wrong; high for one cycle.
    code : ``Out(8)``
        What: :class:`arch.registers.Error`; valid with ``fault``.
    load : ``Out(TableLoad)``
        The memories.
    """

    def __init__(self, *, identity, memories, sections):
        if not 0 <= identity < 1 << WORD_BITS:
            raise ValueError(f"identity must be {WORD_BITS} bits, not {identity}")
        if [section.name for section in sections] != list(memories):
            raise ValueError(f"sections must be those of {', '.join(memories)}")
        self._identity = identity
        self._sections = tuple(sections)
        super().__init__(
            {
                "begin": In(1),
                "valid": In(1),
                "word": In(WORD_BITS),
                "loading": Out(1),
                "loaded": Out(1),
                "count": Out(WORD_BITS),
                "digest": Out(data.ArrayLayout(WORD_BITS, HASH_WORDS)),
                "fault": Out(1),
                "code": Out(CODE_BITS),
                "load": Out(TableLoad(memories)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        word, sections = self.word, self._sections
        m.submodules.crc = crc = catalog.CRC32_ISO_HDLC(data_width=WORD_BITS).create()
        state = Signal(_State)
        number = Signal(span(len(sections)))  # of the section
        header = Signal(span(HASH_WORDS))
        # How many are still to come after this one: words of the memory, parts of such a word.
        words_left = Signal(WORD_BITS)
        parts_left = Signal(span(max(section.parts for section in sections)))
        parts = Array(section.parts - 1 for section in sections)[number]
        complete = Signal()  # a word of the memory
        take = Signal()
        m.d.comb += [
            take.eq(self.valid & self.loading),
            crc.start.eq(self.begin),
            crc.data.eq(word),
            crc.valid.eq(take),
        ]
        m.d.sync += [self.fault.eq(0), self.count.eq(self.count + take)]

        with m.If(self.valid), m.Switch(state):
            with m.Case(_State.IDLE):
                self._fail(m, state, Error.LOAD_IDLE, following=_State.IDLE)
            for here, expected, error, following in (
                (_State.MAGIC, LOAD_MAGIC, Error.LOAD_MAGIC, _State.VERSION),
                (_State.VERSION, FORMAT_VERSION, Error.LOAD_VERSION, _State.SHAPE),
                (_State.SHAPE, self._identity, Error.LOAD_SHAPE, _State.DIGEST),
            ):
                with m.Case(here):
                    self._expect(m, state, word == expected, error, following)
            with m.Case(_State.DIGEST):
                m.d.sync += [Array(self.digest)[header].eq(word), header.eq(header + 1)]
                with m.If(header == HASH_WORDS - 1):
                    m.d.sync += state.eq(_State.SECTION)
            with m.Case(_State.SECTION):
                right = word == Array(section.number for section in sections)[number]
                self._expect(m, state, right, Error.LOAD_SECTION, _State.LENGTH)
            with m.Case(_State.LENGTH):
                room = Array(section.depth for section in sections)[number]
                fits = (word != 0) & (word <= room)
                self._expect(m, state, fits, Error.LOAD_LENGTH, _State.DATA)
                m.d.sync += [words_left.eq(word - 1), parts_left.eq(parts)]
            with m.Case(_State.DATA):
                m.d.sync += parts_left.eq(parts_left - 1)
                with m.If(parts_left == 0):
                    m.d.comb += complete.eq(1)
                    m.d.sync += [words_left.eq(words_left - 1), parts_left.eq(parts)]
                    with m.If(words_left == 0):
                        last = number == len(sections) - 1
                        m.d.sync += [
                            number.eq(number + 1),
                            state.eq(Mux(last, _State.CHECK, _State.SECTION)),
                        ]
            with m.Case(_State.CHECK):
                self._expect(m, state, word == crc.crc, Error.LOAD_CRC, _State.IDLE)
                m.d.sync += [self.loaded.eq(word == crc.crc), self.loading.eq(0)]
        self._write(m, state, number, complete)
        with m.If(self.begin):
            m.d.sync += [
                state.eq(_State.MAGIC),
                self.loading.eq(1),
                self.loaded.eq(0),
                self.count.eq(0),
                number.eq(0),
                header.eq(0),
            ]
        return m

    def _expect(self, m, state, right, error, following):
        """Go on if a word is right; else the load has failed."""
        with m.If(right):
            m.d.sync += state.eq(following)
        with m.Else():
            self._fail(m, state, error, following=_State.FAILED)

    def _fail(self, m, state, error, *, following):
        m.d.sync += [
            self.fault.eq(1),
            self.code.eq(error),
            self.loading.eq(0),
            state.eq(following),
        ]

    def _write(self, m, state, number, complete):
        """Put the parts of a word together, and write it when it is ``complete``."""
        most = max(section.parts for section in self._sections)
        held = Signal(most * WORD_BITS)
        at = Signal(span(max(section.depth for section in self._sections)))
        with m.If(self.valid):
            m.d.sync += held.eq(Cat(held, self.word) >> WORD_BITS)
        with m.If(state != _State.DATA):
            m.d.sync += at.eq(0)
        for place, section in enumerate(self._sections):
            port = getattr(self.load, section.name)
            m.d.sync += port.en.eq(complete & (number == place))
            m.d.comb += [
                port.at.eq(at),
                port.data.eq(held[(most - section.parts) * WORD_BITS :]),  # the newest are on top
            ]
            with m.If(port.en):
                m.d.sync += at.eq(at + 1)
