"""Feature memory: the feature maps of an image, read several neighbours at a time."""

from amaranth import Module
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.layouts import span

__all__ = ["FeatureMemory"]


class FeatureMemory(wiring.Component):
    """Store elements one by one, read ``lanes`` neighbours from any address.

    Element ``a`` is in bank ``a % lanes`` at word ``a // lanes``; each bank has a write and a read
    port. A read of a word that is written in the same cycle gives what was there before.

    Latency is one cycle from a read to its values, and a write is seen by reads of the next cycle;
    throughput is a read and a write a cycle; never stalls.

    Parameters
    ----------
    lanes : int
        Banks, a power of two.
    depth : int
        Elements, at least two words of all banks.
    code_bits : int
        Width of an element.

    Members
    -------
    write : ``In(1)``
        Write in this cycle.
    write_at : ``In(range(depth))``
        Where; valid with ``write``.
    code : ``In(code_bits)``
        What; valid with ``write``.
    read : ``In(1)``
        Read in this cycle; without it the values stay as they were.
    read_at : ``In(range(depth))``
        Address of the first element; valid with ``read``.
    values : ``Out(ArrayLayout(unsigned(code_bits), lanes))``
        What was read, one value a bank: the elements rotated by ``read_at % lanes``. Elements
        beyond the memory are not defined.
    """

    def __init__(self, *, lanes, depth, code_bits):
        check_sizes(lanes=lanes, depth=depth, code_bits=code_bits)
        if lanes & (lanes - 1):
            raise ValueError(f"lanes must be a power of two, not {lanes}")
        if depth < 2 * lanes:
            raise ValueError(f"depth must be at least {2 * lanes}, not {depth}")
        self._lanes = lanes
        self._words = -(-depth // lanes)
        super().__init__(
            {
                "write": In(1),
                "write_at": In(span(depth)),
                "code": In(code_bits),
                "read": In(1),
                "read_at": In(span(depth)),
                "values": Out(data.ArrayLayout(code_bits, lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        low = self._lanes.bit_length() - 1
        for bank, value in enumerate(self.values):
            memory = Memory(
                shape=value.shape(), depth=self._words, init=[], attrs={"ram_style": "block"}
            )
            m.submodules[f"bank{bank}"] = memory
            write, read = memory.write_port(), memory.read_port()
            # Banks below that of the first element have a later one, in their next word.
            below = self.read_at[:low] > bank if bank < self._lanes - 1 else 0
            m.d.comb += [
                write.en.eq(self.write & (self.write_at[:low] == bank)),
                write.addr.eq(self.write_at[low:]),
                write.data.eq(self.code),
                read.en.eq(self.read),
                read.addr.eq(self.read_at[low:] + below),
                value.eq(read.data),
            ]
        return m
