"""Buffer in block RAM: words wait for the component behind, as many as are not taken."""

from amaranth import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes

__all__ = ["BlockBuffer"]


class BlockBuffer(wiring.Component):
    """Hold up to ``depth`` words, in order.

    Latency is two cycles; throughput is a word a cycle; ``i`` stalls while ``depth`` words wait.

    Parameters
    ----------
    shape : shape
        Of a word.
    depth : int
        Words, a power of two.

    Members
    -------
    i : ``In(stream.Signature(shape))``
        In.
    o : ``Out(stream.Signature(shape))``
        Out.
    flush : ``In(1)``
        Drop all words, also one that is offered, or comes in this cycle.
    level : ``Out(range(depth + 1))``
        Words that wait.
    room : ``Out(range(depth + 1))``
        Words for which there is room.
    """

    def __init__(self, shape, *, depth):
        check_sizes(depth=depth)
        if depth < 2 or depth & (depth - 1):
            raise ValueError(f"depth must be a power of two, at least 2, not {depth}")
        self._depth = depth
        super().__init__(
            {
                "i": In(stream.Signature(shape)),
                "o": Out(stream.Signature(shape)),
                "flush": In(1),
                "level": Out(range(depth + 1)),
                "room": Out(range(depth + 1)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = memory = Memory(
            shape=self.i.p.shape(), depth=self._depth, init=[], attrs={"ram_style": "block"}
        )
        write, read = memory.write_port(), memory.read_port()
        write_at, read_at = Signal(range(self._depth)), Signal(range(self._depth))
        put, take, fetch, stored, clash = (Signal() for _ in range(5))
        m.d.comb += [
            self.i.ready.eq(~self.level[-1]),
            self.room.eq(self._depth - self.level),
            put.eq(self.i.valid & self.i.ready),
            take.eq(self.o.valid & self.o.ready),
            # What is offered has left the memory: is there a word besides?
            stored.eq(self.level > self.o.valid),
            # Nothing is both written and fetched, as the buffer is not both full and empty. Yosys
            # must see that here, or it adds what gives the word that was there before.
            clash.eq(put & (write_at == read_at)),
            fetch.eq(stored & (~self.o.valid | self.o.ready) & ~clash),
            write.en.eq(put),
            write.addr.eq(write_at),
            write.data.eq(self.i.p),
            read.en.eq(fetch),
            read.addr.eq(read_at),
            self.o.p.eq(read.data),
        ]
        m.d.sync += [
            self.o.valid.eq(fetch | (self.o.valid & ~self.o.ready)),
            write_at.eq(write_at + put),
            read_at.eq(read_at + fetch),
        ]
        with m.If(put != take):
            m.d.sync += self.level.eq(self.level + Mux(put, 1, -1))
        with m.If(self.flush):
            m.d.sync += [
                self.o.valid.eq(0),
                write_at.eq(0),
                read_at.eq(0),
                self.level.eq(0),
            ]
        return m
