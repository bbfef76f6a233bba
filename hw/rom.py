"""Memories for tables that become block RAM: read only, or written once at run time."""

from amaranth import Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.arguments import check_sizes
from hw.layouts import span

__all__ = [
    "Contents",
    "TableLoad",
    "TableRead",
    "TableReadBack",
    "TableWrite",
    "check_words",
    "load_port",
    "pass_on",
    "rom",
    "show_word",
]


class TableWrite(wiring.Signature):
    """Write port of a memory for tables, seen from who writes.

    Members
    -------
    en : ``Out(1)``
        Write in this cycle.
    at : ``Out(range(depth))``
        Where; valid with ``en``.
    data : ``Out(bits)``
        What; valid with ``en``.
    """

    def __init__(self, *, depth, bits):
        check_sizes(depth=depth, bits=bits)
        super().__init__({"en": Out(1), "at": Out(span(depth)), "data": Out(bits)})


class TableRead(wiring.Signature):
    """Read port of a memory for tables, lent by its component, seen from who reads it back.

    Members
    -------
    lent : ``Out(1)``
        The component, which must be at rest, does not use the port.
    own : ``Out(1)``
        The memory is the one that is read; else ``data`` becomes zero while the port is lent.
    at : ``Out(range(depth))``
        Which word; valid with ``lent``.
    data : ``In(bits)``
        The word at the address of two cycles before; valid with ``lent``.
    """

    def __init__(self, *, depth, bits):
        check_sizes(depth=depth, bits=bits)
        super().__init__({"lent": Out(1), "own": Out(1), "at": Out(span(depth)), "data": In(bits)})


class TableLoad(wiring.Signature):
    """Write ports of several memories for tables, seen from who writes.

    Members
    -------
    NAME : ``Out(TableWrite)``
        One a memory.

    Parameters
    ----------
    memories : mapping
        Layout of a word and number of words of each memory by name, as the shape of an engine has
        them.
    """

    def __init__(self, memories):
        super().__init__(_ports(TableWrite, memories))


class TableReadBack(wiring.Signature):
    """Read ports of several memories for tables, seen from who reads them back.

    Members
    -------
    NAME : ``Out(TableRead)``
        One a memory.

    Parameters
    ----------
    memories : mapping
        As of :class:`TableLoad`.
    """

    def __init__(self, memories):
        super().__init__(_ports(TableRead, memories))


def _ports(kind, memories):
    return {
        name: Out(kind(depth=depth, bits=layout.width))
        for name, (layout, depth) in memories.items()
    }


def check_words(words, *, shape):
    """Refuse words that are no contents of a memory of ``shape``.

    Raises
    ------
    :exc:`ValueError`
        If there is no word, or one does not fit.
    """
    if not words:
        raise ValueError("a memory needs at least one word")
    for number, word in enumerate(words):
        if not 0 <= word < 1 << shape.size:
            raise ValueError(f"word {number} is {word}, which does not fit {shape.size} bits")


def rom(*, shape, words):
    """A memory that holds ``words``, given as integers, and is read synchronously.

    A single word is doubled: a memory of one row would have an address of no bits, which Verilog
    cannot express.
    """
    return Memory(
        shape=shape,
        depth=max(2, len(words)),
        init=[shape.from_bits(word) for word in words],
        attrs={"ram_style": "block"},
    )


def show_word(m, number, words, shown):
    """Drive ``shown`` with the word of a number, by logic: with few words that is smaller.

    A number without a word shows the last one.
    """
    with m.Switch(number):
        for place, word in enumerate(words[:-1]):
            with m.Case(place):
                m.d.comb += shown.eq(word)
        with m.Default():
            m.d.comb += shown.eq(words[-1])


def load_port(shape):
    """The member ``load`` of an engine of ``shape``; none if its tables are baked in."""
    loadable = getattr(shape, "engine", shape).loadable
    return {"load": In(TableLoad(shape.memories))} if loadable else {}


def pass_on(m, ports, homes):
    """Connect the ports of several memories to those of the components that have them.

    Parameters
    ----------
    ports : interface
        A member of a component, with one port a memory.
    homes : mapping
        The port inside the component, by the name of the memory; there may be more in ``ports``.
    """
    for name, port in homes.items():
        connect(m, flipped(getattr(ports, name)), port)


class Contents:
    """What a memory for tables is made of: words that are baked in, or room for some.

    Parameters
    ----------
    given : sequence of int, or int
        The words; or how many can be written at run time, which are zero until then.
    shape : layout
        Layout of a word.

    Raises
    ------
    :exc:`TypeError`, :exc:`ValueError`
        If the words do not fit, or there is no room.
    """

    def __init__(self, given, *, shape):
        self._shape = shape
        self._words = ()
        self.loadable = isinstance(given, int)
        if self.loadable:
            check_sizes(depth=given)
            self.depth = given
        else:
            self._words = tuple(given)
            check_words(self._words, shape=shape)
            self.depth = len(self._words)

    @property
    def ports(self):
        """Members of the component that has the memory: ``read_back``; and ``load``, if it is."""
        sizes = {"depth": self.depth, "bits": self._shape.size}
        load = {"load": In(TableWrite(**sizes))} if self.loadable else {}
        return {"read_back": In(TableRead(**sizes)), **load}

    def memory(self, m, component):
        """The memory, written through the ``load`` of ``component``; it is still to be added."""
        memory = rom(shape=self._shape, words=self._words or (0,) * self.depth)
        if self.loadable:
            write = memory.write_port()
            m.d.comb += [
                write.en.eq(component.load.en),
                write.addr.eq(component.load.at),
                write.data.as_value().eq(component.load.data),
            ]
        return memory

    def read(self, m, component, memory, *, at, en=1):
        """What ``memory`` shows in the cycle after ``at`` was its address, and ``en`` high.

        While the port is lent through the ``read_back`` of ``component``, the word asked for there.

        Returns
        -------
        tuple
            The word as the memory shows it; and a register that holds it in the cycle after that.
            Nothing depends on the register while the component is at rest: it is what is lent.
        """
        port, read_back = memory.read_port(), component.read_back
        held = Signal(self._shape)
        m.d.comb += [
            port.addr.eq(Mux(read_back.lent, read_back.at, at)),
            port.en.eq(en | read_back.lent),
            read_back.data.eq(held),
        ]
        m.d.sync += held.eq(port.data)
        with m.If(read_back.lent & ~read_back.own):
            m.d.sync += held.as_value().eq(0)
        return port.data, held
