"""Counters of a host link."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from arch.link_memories import COUNTER_PLACES
from arch.link_registers import LINK_MAP
from arch.register import WORD_BITS

__all__ = ["COUNTED", "LinkCounters"]

COUNTED = ("frames", "repeats", "damaged", "silences", "bad_stops", "ignored")
"""What is counted: the registers of these names."""


class LinkCounters(wiring.Component):
    """Count events, modulo 2**32.

    The counters are words of a block RAM, which are counted up one after the other, and only while
    nobody reads: events of one kind are many cycles apart.

    Latency is at most 32 cycles from an event to its counter, and from ``clear``, while nobody
    reads; throughput is an event of each kind in so many cycles; never stalls.

    Members
    -------
    events : ``In(StructLayout)``
        One bit for each of :data:`COUNTED`: it happens in this cycle.
    clear : ``In(1)``
        Set all counters to zero; what is not yet counted is forgotten.
    read : ``In(1)``
        A counter is being read, or may be; it stays for an access.
    at : ``In(range(8))``
        Which: the lowest bits of the address of its register, in words.
    value : ``Out(32)``
        Which number it has; valid in the cycle after ``read``, with ``read``.
    """

    def __init__(self):
        super().__init__(
            {
                "events": In(data.StructLayout(dict.fromkeys(COUNTED, 1))),
                "clear": In(1),
                "read": In(1),
                "at": In(range(COUNTER_PLACES)),
                "value": Out(WORD_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = memory = Memory(
            shape=WORD_BITS, depth=COUNTER_PLACES, init=[], attrs={"ram_style": "block"}
        )
        write, read = memory.write_port(), memory.read_port()
        # The counter that has its turn: it is fetched, counted up, and written.
        turn, waits = Signal(range(COUNTER_PLACES)), Signal(COUNTER_PLACES)
        fetched, counted, more = Signal(), Signal(), Signal(WORD_BITS)
        clearing = Signal(
            range(COUNTER_PLACES + 1), init=COUNTER_PLACES
        )  # how many are still to be cleared
        wanted, free = Signal(), Signal()
        m.d.comb += [
            wanted.eq(waits.bit_select(turn, 1)),
            free.eq(~self.read & (clearing == 0)),
            write.en.eq((clearing != 0) | (counted & free)),
            write.addr.eq(turn),
            write.data.eq(Mux(clearing == 0, more, 0)),
            read.en.eq(~write.en),
            read.addr.eq(Mux(self.read, self.at, turn)),
            self.value.eq(read.data),
        ]
        m.d.sync += [
            fetched.eq(free & wanted & ~fetched & ~counted),
            more.eq(read.data + 1),
            counted.eq(fetched),
        ]
        with m.If(write.en | (free & ~wanted)):
            m.d.sync += turn.eq(turn + 1)
        with m.If(counted & free):
            m.d.sync += waits.bit_select(turn, 1).eq(0)
        for name in COUNTED:
            with m.If(self.events[name]):
                m.d.sync += waits[_place(name)].eq(1)
        with m.If(self.clear):
            m.d.sync += [clearing.eq(COUNTER_PLACES), waits.eq(0)]
        with m.Elif(clearing != 0):
            m.d.sync += clearing.eq(clearing - 1)
        return m


def _place(name):
    """Of a counter among the words."""
    return LINK_MAP.find(name).at // (WORD_BITS // 8) % COUNTER_PLACES
