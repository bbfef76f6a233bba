"""Drain: walks over the outputs of a finished position."""

from functools import reduce
from operator import and_

from amaranth import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.layouts import span

__all__ = ["Drain", "DrainedWord"]


class DrainedWord(data.StructLayout):
    """Where the accumulators of one output were, while what the bank showed is held.

    Members
    -------
    bank : ``unsigned(1)``
        The bank that was read.
    column : ``range(columns)``
        The weight column in a group.
    channel : ``range(outputs)``
        The output.
    last : ``unsigned(1)``
        Last output of the position.
    """

    def __init__(self, *, columns, outputs):
        super().__init__({"bank": 1, "column": span(columns), "channel": span(outputs), "last": 1})


class Drain(wiring.Component):
    """Read the accumulators of every finished position in order, and set them to zero.

    A position is finished when it is complete in all tiles; their banks are read together.

    A word that holds a group of outputs is read once for each of them. After reset all words of
    both banks are set to zero, which takes ``depth`` cycles.

    Latency is three cycles from ``finish`` to the first output; throughput is one output per cycle,
    without a gap between positions; stalls when ``o`` does.

    Parameters
    ----------
    depth : int
        Words of a bank.
    columns : int
        Outputs that share a word: the weight columns when grouped, else 1.
    outputs : int
        Outputs of a position, at most.
    tiles : int
        Tiles that add up a position.

    Members
    -------
    last_output : ``In(range(outputs))``
        Last output of the layer; steady while it runs.
    finish : ``In(ArrayLayout(2, tiles))``
        One bit a bank: its position is complete from the next cycle on in that tile. Banks
        alternate.
    read : ``Out(2)``
        Read in this cycle, one bit a bank.
    read_at : ``Out(range(depth))``
        Where; valid with ``read``.
    clear : ``Out(2)``
        Set to zero in this cycle, one bit a bank.
    clear_at : ``Out(range(depth))``
        Where; valid with ``clear``.
    show : ``Out(1)``
        What ``show_bank`` shows is the next output: to be held from the next cycle on.
    show_bank : ``Out(1)``
        Which bank; valid with ``show``.
    drained : ``Out(1)``
        The last word of a position is shown for the last time; its bank is free.
    prepared : ``Out(1)``
        Both banks have been set to zero since reset.
    o : ``Out(stream.Signature(DrainedWord))``
        The output that is held.
    """

    def __init__(self, *, depth, columns, outputs, tiles=1):
        check_sizes(depth=depth, columns=columns, outputs=outputs, tiles=tiles)
        if depth * columns < outputs:
            raise ValueError(f"{depth} words of {columns} columns do not hold {outputs} outputs")
        self._depth = depth
        self._columns = columns
        super().__init__(
            {
                "last_output": In(span(outputs)),
                "finish": In(data.ArrayLayout(2, tiles)),
                "read": Out(2),
                "read_at": Out(span(depth)),
                "clear": Out(2),
                "clear_at": Out(span(depth)),
                "show": Out(1),
                "show_bank": Out(1),
                "drained": Out(1),
                "prepared": Out(1),
                "o": Out(stream.Signature(DrainedWord(columns=columns, outputs=outputs))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        complete = [Signal(2, name=f"complete{n}") for n, _ in enumerate(self.finish)]
        bank, step, issue = Signal(), Signal(), Signal()
        at = Signal.like(self.read_at)
        column = Signal.like(self.o.p.column)
        channel = Signal.like(self.o.p.channel)
        last = channel == self.last_output
        word_done = last | (column == self._columns - 1)
        shows, shown = Signal(), Signal(self.o.p.shape())  # the word that a bank shows
        sweep = Signal.like(self.clear_at)
        clear = Signal()
        cleared_at = Signal.like(self.clear_at)

        m.d.comb += [
            step.eq(~self.o.valid | self.o.ready),
            issue.eq(step & reduce(and_, complete).bit_select(bank, 1)),
            self.read.eq(issue << bank),
            self.read_at.eq(at),
            self.show.eq(step & shows),
            self.show_bank.eq(shown.bank),
            self.drained.eq(self.show & shown.last),
            self.clear.eq(Mux(self.prepared, clear << shown.bank, 0b11)),
            self.clear_at.eq(Mux(self.prepared, cleared_at, sweep)),
        ]
        with m.If(step):
            m.d.sync += [
                shows.eq(issue),
                shown.bank.eq(bank),
                shown.column.eq(column),
                shown.channel.eq(channel),
                shown.last.eq(last),
                self.o.valid.eq(shows),
                self.o.p.eq(shown),
            ]
        m.d.sync += [clear.eq(issue & word_done), cleared_at.eq(at)]
        with m.If(issue):
            m.d.sync += [
                column.eq(Mux(word_done, 0, column + 1)),
                at.eq(Mux(last, 0, at + word_done)),
                channel.eq(Mux(last, 0, channel + 1)),
                bank.eq(bank ^ last),
            ]

        # Not only when the bank is free: with one output the walk is back at it before.
        walked = (issue & last) << bank
        for own, finish in zip(complete, self.finish, strict=True):
            m.d.sync += own.eq((own & ~walked) | finish)
        with m.If(~self.prepared):
            m.d.sync += [sweep.eq(sweep + 1), self.prepared.eq(sweep == self._depth - 1)]
        return m
