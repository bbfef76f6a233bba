"""Image stream: transfers of AXI4-Stream become bytes, and the end of each image is checked."""

from functools import reduce
from operator import or_

from amaranth import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from arch.axi_registers import COUNT_BITS
from hw.arguments import check_sizes
from hw.axi.axi_ports import AxiStream
from hw.queue import Queue

__all__ = ["ImageStream"]

_BYTE = 8


class ImageStream(wiring.Component):
    """Give the bytes of packets, the lowest of a transfer first; a packet should be an image.

    Bytes that ``tkeep`` leaves out are left out. With ``image_bytes``, a packet that is shorter
    raises ``short``; bytes beyond that number raise ``long`` and are dropped, until ``tlast``.
    While ``stop`` is high no packet begins. ``tready`` comes from flip-flops, and is low during a
    reset.

    Latency is one cycle; throughput is a byte a cycle; stalls when ``o`` does, and while ``stop``
    is high between two packets. A transfer without a byte takes a cycle, and so does the end of a
    packet that is checked.

    Parameters
    ----------
    data_bytes : int
        Bytes of a transfer; ``tkeep`` is there with more than one.

    Members
    -------
    axis : ``In(AxiStream)``
        Packets.
    image_bytes : ``In(24)``
        Bytes of an image; 0 if ``tlast`` is not to be looked at. To be changed between images.
    stop : ``In(1)``
        No packet may begin; from the cycle after ``short`` or ``long`` on, it is to be high.
    o : ``Out(stream.Signature(unsigned(8)))``
        Bytes.
    short, long : ``Out(1)``
        The packet was too short; a byte of it was too much. High for one cycle, soon after.
    """

    def __init__(self, *, data_bytes):
        check_sizes(data_bytes=data_bytes)
        self._data_bytes = data_bytes
        super().__init__(
            {
                "axis": In(AxiStream(data_bytes=data_bytes, keep=data_bytes > 1)),
                "image_bytes": In(COUNT_BITS),
                "stop": In(1),
                "o": Out(stream.Signature(_BYTE)),
                "short": Out(1),
                "long": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        transfer = data.StructLayout(
            {
                "data": data.ArrayLayout(_BYTE, self._data_bytes),
                "keep": self._data_bytes,
                "last": 1,
            }
        )
        m.submodules.queue = queue = Queue(transfer, depth=2)
        awake, left, given = Signal(), Signal(self._data_bytes), Signal(self._data_bytes)
        first, final, moves, ends = Signal(self._data_bytes), Signal(), Signal(), Signal()
        count, begun, checked = Signal(COUNT_BITS), Signal(), Signal()
        surplus, dropped, stopped, ended = Signal(), Signal(), Signal(), Signal()
        length = Signal(COUNT_BITS)
        axis, taken = self.axis, queue.o.p
        parts = [byte & first[n].replicate(_BYTE) for n, byte in enumerate(taken.data)]
        m.d.sync += awake.eq(1)
        m.d.comb += [
            axis.tready.eq(queue.i.ready & awake),
            queue.i.valid.eq(axis.tvalid & awake),
            queue.i.p.data.eq(axis.tdata),
            queue.i.p.keep.eq(axis.tkeep if self._data_bytes > 1 else 1),
            queue.i.p.last.eq(axis.tlast),
            # The lowest of the bytes that are left.
            left.eq(taken.keep & ~given),
            first.eq(left & (~left + 1)),
            final.eq(left == first),
            checked.eq(self.image_bytes != 0),
            # Until whoever keeps the errors says so.
            stopped.eq(self.stop | ended | self.short | self.long),
            surplus.eq(checked & (count == self.image_bytes) & left.any()),
            dropped.eq(surplus | ~left.any()),
            self.o.p.eq(reduce(or_, parts)),
            self.o.valid.eq(queue.o.valid & (begun | ~stopped) & ~dropped),
            moves.eq(queue.o.valid & (begun | ~stopped) & (self.o.ready | dropped)),
            queue.o.ready.eq(moves & final),
            ends.eq(queue.o.ready & taken.last & checked),
        ]
        m.d.sync += [
            self.long.eq(moves & surplus),
            ended.eq(ends),
            length.eq(count + ~dropped),
            self.short.eq(ended & (length != self.image_bytes)),
        ]
        with m.If(moves):
            m.d.sync += [
                given.eq(Mux(final, 0, given | first)),
                begun.eq(~ends & checked),
                count.eq(Mux(ends | ~checked, 0, count + ~dropped)),
            ]
        return m
