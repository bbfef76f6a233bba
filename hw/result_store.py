"""Result store: puts the results of a step into their feature map, or gives them to the user."""

from amaranth import Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.network_layouts import Score

__all__ = ["ResultStore"]


class ResultStore(wiring.Component):
    """Write results position by position: all channels of one, then those of the next.

    Channels are ``channel_step`` apart, positions one. A map that comes in its own order has one
    channel.

    Latency is one cycle, from ``start`` until results are taken, from a result to its writing or
    its offer on ``o``, and from the last one to ``done``; throughput is a result a cycle; stalls
    when ``o`` does, if results go there.

    Parameters
    ----------
    at_bits, code_bits : int
        Widths of an address and of an element of the feature memory.
    count_bits, position_bits : int
        Widths of the numbers of channels and of positions.
    out_bits : int
        Width of a result.

    Members
    -------
    start : ``In(1)``
        Begin a step; all that follows is steady until ``done``.
    store, emit : ``In(1)``
        Results are written; results are given to ``o``.
    store_at : ``In(at_bits)``
        Address of the first result.
    channel_last : ``In(count_bits)``
    channel_step : ``In(at_bits)``
    position_last : ``In(position_bits)``
    i : ``In(stream.Signature(signed(out_bits)))``
        Results.
    write, write_at, code : ``Out``
        The write port of the feature memory.
    o : ``Out(stream.Signature(Score))``
        Results for the user; ``last`` ends an image.
    taken : ``Out(1)``
        A result is taken in this cycle.
    at : ``Out(at_bits)``
        Where it goes; valid with ``taken``.
    done : ``Out(1)``
        The last result of the step was taken in the cycle before.
    """

    def __init__(self, *, at_bits, code_bits, count_bits, position_bits, out_bits):
        check_sizes(at_bits=at_bits, code_bits=code_bits, count_bits=count_bits, out_bits=out_bits)
        if code_bits > out_bits:
            raise ValueError(f"code_bits must be at most {out_bits}, as results, not {code_bits}")
        check_sizes(position_bits=position_bits)
        super().__init__(
            {
                "start": In(1),
                "store": In(1),
                "emit": In(1),
                "store_at": In(at_bits),
                "channel_last": In(count_bits),
                "channel_step": In(at_bits),
                "position_last": In(position_bits),
                "i": In(stream.Signature(signed(out_bits))),
                "write": Out(1),
                "write_at": Out(at_bits),
                "code": Out(code_bits),
                "o": Out(stream.Signature(Score(out_bits=out_bits))),
                "taken": Out(1),
                "at": Out(at_bits),
                "done": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        running = Signal()
        position_at = Signal.like(self.at)
        channel, position = Signal.like(self.channel_last), Signal.like(self.position_last)
        channel_end = channel == self.channel_last
        last = channel_end & (position == self.position_last)

        m.d.comb += [
            self.i.ready.eq(running & (~self.emit | ~self.o.valid | self.o.ready)),
            self.taken.eq(self.i.valid & self.i.ready),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        m.d.sync += [
            self.write.eq(self.taken & self.store),
            self.write_at.eq(self.at),
            self.code.eq(self.i.p),
            self.done.eq(self.taken & last),
        ]
        with m.If(self.taken):
            m.d.sync += [
                self.at.eq(Mux(channel_end, position_at + 1, self.at + self.channel_step)),
                channel.eq(Mux(channel_end, 0, channel + 1)),
            ]
            with m.If(channel_end):
                m.d.sync += [position.eq(position + 1), position_at.eq(position_at + 1)]
            with m.If(last):
                m.d.sync += running.eq(0)
            with m.If(self.emit):
                m.d.sync += [
                    self.o.valid.eq(1),
                    self.o.p.value.eq(self.i.p),
                    self.o.p.last.eq(last),
                ]
        with m.If(self.start):
            m.d.sync += [
                running.eq(1),
                self.at.eq(self.store_at),
                position_at.eq(self.store_at),
                channel.eq(0),
                position.eq(0),
            ]
        return m
