"""Index fetch: reads the index record of every OU, position after position."""

from amaranth import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.layouts import IndexRecord, span
from hw.rom import Contents

__all__ = ["IndexFetch"]


class IndexFetch(wiring.Component):
    """Replay the index records of the running layer once for every output position.

    Latency is two cycles from ``start`` to the first record; throughput is one record per cycle,
    without a gap between positions; stalls when ``o`` does.

    Parameters
    ----------
    words : sequence of int, or int
        Contents of the index memory, one word an OU, or how many can be loaded.
    layout : layout
        Layout of such a word.
    position_bits : int
        Width of a number of positions.

    Members
    -------
    start : ``In(1)``
        Begin a layer.
    first_ou, last_ou : ``In(range(ous))``
        OUs of the layer; steady while it runs.
    positions : ``In(position_bits)``
        Output positions of the layer, at least 1; steady while it runs.
    more : ``Out(1)``
        Records of the layer are still to be taken.
    o : ``Out(stream.Signature(IndexRecord))``
        Index records.
    read_back : ``In(TableRead)``
        Reads the memory while the component is at rest.
    load : ``In(TableWrite)``
        Writes the memory; only if its words are not baked in.
    """

    def __init__(self, words, *, layout, position_bits):
        check_sizes(position_bits=position_bits)
        self._contents = Contents(words, shape=layout)
        ous = span(self._contents.depth)
        super().__init__(
            {
                "start": In(1),
                "first_ou": In(ous),
                "last_ou": In(ous),
                "positions": In(position_bits),
                "more": Out(1),
                "o": Out(stream.Signature(IndexRecord(index=layout, ous=self._contents.depth))),
                **self._contents.ports,
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.index = memory = self._contents.memory(m, self)
        running = Signal()
        ou = Signal.like(self.first_ou)
        left = Signal.like(self.positions)
        last = ou == self.last_ou
        step = Signal()
        index, _ = self._contents.read(m, self, memory, at=ou, en=step)

        m.d.comb += [
            step.eq(~self.o.valid | self.o.ready),
            self.o.p.index.eq(index),
            self.more.eq(self.start | running | self.o.valid),
        ]
        with m.If(step):
            m.d.sync += [
                self.o.valid.eq(running),
                self.o.p.ou.eq(ou),
                self.o.p.first.eq(ou == self.first_ou),
                self.o.p.last.eq(last),
            ]
            with m.If(running):
                m.d.sync += ou.eq(Mux(last, self.first_ou, ou + 1))
                with m.If(last):
                    m.d.sync += [left.eq(left - 1), running.eq(left != 0)]
        with m.If(self.start):
            m.d.sync += [running.eq(1), ou.eq(self.first_ou), left.eq(self.positions - 1)]
        return m
