"""Queue: payloads wait for the component behind."""

from amaranth import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.layouts import span

__all__ = ["Queue"]


class Queue(wiring.Component):
    """Hold up to ``depth`` payloads, in order.

    The memory is small and wide, so it is asked for in look-up tables instead of block RAM.

    Latency is one cycle; throughput is one payload per cycle; ``i`` stalls while ``depth`` payloads
    wait.

    Parameters
    ----------
    payload : layout
        What is queued.
    depth : int
        Payloads.

    Members
    -------
    i : ``In(stream.Signature(payload))``
        In.
    o : ``Out(stream.Signature(payload))``
        Out.
    """

    def __init__(self, payload, *, depth):
        check_sizes(depth=depth)
        self._depth = depth
        super().__init__({"i": In(stream.Signature(payload)), "o": Out(stream.Signature(payload))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.payloads = memory = Memory(
            shape=self.i.p.shape(),
            depth=max(2, self._depth),  # a memory of one word would have an address of no bits
            init=[],
            attrs={"ram_style": "distributed"},
        )
        write = memory.write_port()
        read = memory.read_port(transparent_for=(write,))
        waiting = Signal(range(self._depth + 1))
        write_at, read_at, next_read_at = (
            Signal(span(self._depth), name=name) for name in ("write_at", "read_at", "next_read_at")
        )
        put, take, full = Signal(), Signal(), Signal()

        m.d.comb += [
            put.eq(self.i.valid & self.i.ready),
            take.eq(self.o.valid & self.o.ready),
            self.i.ready.eq(~full),
            next_read_at.eq(Mux(take, self._after(read_at), read_at)),
            write.addr.eq(write_at),
            write.data.eq(self.i.p),
            write.en.eq(put),
            # What is read now is shown in the next cycle, also what is just being written.
            read.addr.eq(next_read_at),
            self.o.p.eq(read.data),
        ]
        m.d.sync += [
            waiting.eq(waiting + put - take),
            full.eq(~take & (full | (put & (waiting == self._depth - 1)))),
            self.o.valid.eq(put | (self.o.valid & ~(take & (waiting == 1)))),
            read_at.eq(next_read_at),
        ]
        with m.If(put):
            m.d.sync += write_at.eq(self._after(write_at))
        return m

    def _after(self, at):
        return Mux(at == self._depth - 1, 0, at + 1)
