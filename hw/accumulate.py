"""Accumulate: adds the results of OUs into the outputs of a position, tile by tile."""

from amaranth import Array, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.accumulator_bank import AccumulatorBank
from hw.arguments import check_sizes
from hw.drain import Drain
from hw.layouts import BANKS, OuResult, PositionSum, span

__all__ = ["Accumulate"]


class Accumulate(wiring.Component):
    """Sum the results of all OUs of a position, output by output.

    Each tile has two banks: while one position is added up, the one before is drained and set back
    to zero. When the index names a ``group``, an address is a group and the columns of the OU are
    its outputs. When it names ``outputs``, an address is an output, and what the columns hold for
    it is added on the way out. So is what several tiles hold.

    Latency is five cycles from the last result of a position to its first sum, six with several
    tiles; throughput is one OU a tile per cycle and one sum per cycle, without a gap between
    positions; the sums stall when ``o`` does, the results never.

    Parameters
    ----------
    value_bits, acc_bits : int
        Widths of a result and of a sum.
    ou_weights : int
        Weight columns of an OU.
    outputs : int
        Outputs of a position, at most.
    index : layout
        Layout of the output part of an index word: an array of output numbers, in which
        ``outputs`` means none, or a group number.
    tiles : int
        Tiles that add up a position.

    Members
    -------
    last_output : ``In(range(outputs))``
        Last output of the layer; steady while it runs.
    i : array of ``In(stream.Signature(OuResult, always_ready=True))``
        Results of the OUs of each tile; each marks the last of its position.
    drained : ``Out(1)``
        A bank of every tile becomes free in this cycle: its last word has been taken out of it.
    prepared : ``Out(1)``
        All accumulators have been set to zero since reset.
    o : ``Out(stream.Signature(PositionSum))``
        Sums, in the order of the outputs.
    """

    def __init__(self, *, value_bits, acc_bits, ou_weights, outputs, index, tiles=1):
        check_sizes(value_bits=value_bits, ou_weights=ou_weights, outputs=outputs, tiles=tiles)
        if acc_bits < value_bits:
            raise ValueError(f"acc_bits must be at least {value_bits}, as values, not {acc_bits}")
        self._grouped = not isinstance(index, data.ArrayLayout)
        self._ou_weights = ou_weights
        self._outputs = outputs
        self._widths = {"acc_bits": acc_bits, "value_bits": value_bits}
        result = OuResult(value_bits=value_bits, ou_weights=ou_weights, outputs=index)
        super().__init__(
            {
                "last_output": In(span(outputs)),
                "i": In(stream.Signature(result, always_ready=True)).array(tiles),
                "drained": Out(1),
                "prepared": Out(1),
                "o": Out(stream.Signature(PositionSum(acc_bits=acc_bits, outputs=outputs))),
            }
        )

    @property
    def depth(self) -> int:
        """Words of a bank."""
        return -(-self._outputs // self._ou_weights) if self._grouped else self._outputs

    def elaborate(self, platform):
        m = Module()
        columns = self._ou_weights if self._grouped else 1
        m.submodules.drain = drain = Drain(
            depth=self.depth, columns=columns, outputs=self._outputs, tiles=len(self.i)
        )
        values = [self._add_tile(m, drain, tile) for tile in range(len(self.i))]
        if len(values) == 1:
            valid, word, value = drain.o.valid, drain.o.p, values[0]
            m.d.comb += drain.o.ready.eq(self.o.ready)
        else:
            valid, word, value = self._hold(m, drain, values)
        m.d.comb += [
            drain.last_output.eq(self.last_output),
            self.drained.eq(drain.drained),
            self.prepared.eq(drain.prepared),
            self.o.valid.eq(valid),
            self.o.p.value.eq(value),
            self.o.p.channel.eq(word.channel),
            self.o.p.last.eq(word.last),
        ]
        return m

    def _hold(self, m, drain, values):
        """Hold what each tile has for a cycle: the adders of all are a path of their own."""
        valid, word = Signal(), Signal(drain.o.p.shape())
        parts = [Signal.like(value, name=f"part{n}") for n, value in enumerate(values)]
        m.d.comb += drain.o.ready.eq(~valid | self.o.ready)
        with m.If(drain.o.ready):
            m.d.sync += [valid.eq(drain.o.valid), word.eq(drain.o.p)]
            m.d.sync += [part.eq(value) for part, value in zip(parts, values, strict=True)]
        return valid, word, sum(parts)

    def _add_tile(self, m, drain, tile):
        """Make the banks of a tile; return what they hold for the output that is drained."""
        i = self.i[tile]
        prefix = f"tile{tile}_" if len(self.i) > 1 else ""
        add_bank = Signal(name=f"{prefix}add_bank")
        banks = [
            self._add_bank(m, drain, i, f"{prefix}bank{number}", number, add_bank == number)
            for number in range(BANKS)
        ]
        # The last sum is written two cycles after its result has come.
        position_last = i.valid & i.p.position_last
        adding, finish = (Signal(BANKS, name=f"{prefix}{name}") for name in ("adding", "finish"))
        m.d.sync += [
            add_bank.eq(add_bank ^ position_last),
            adding.eq(position_last << add_bank),
            finish.eq(adding),
        ]
        m.d.comb += drain.finish[tile].eq(finish)

        # Block RAM is slow to show a word: it is held before its columns are chosen or added.
        held = Signal.like(banks[0], name=f"{prefix}held")
        with m.If(drain.show):
            m.d.sync += held.eq(Array(banks)[drain.show_bank])
        value = Signal(self.o.p.value.shape(), name=f"{prefix}value")
        m.d.comb += value.eq(Array(held)[drain.o.p.column] if self._grouped else sum(held))
        return value

    def _add_bank(self, m, drain, i, name, number, adds):
        """Make a bank that adds while ``adds``; return what it shows, one value a column."""
        bank = AccumulatorBank(columns=self._ou_weights, depth=self.depth, **self._widths)
        m.submodules[name] = bank
        m.d.comb += [
            bank.addends.eq(i.p.values),
            bank.read.eq(drain.read[number]),
            bank.read_at.eq(drain.read_at),
            bank.clear.eq(drain.clear[number]),
            bank.clear_at.eq(drain.clear_at),
        ]
        for column in range(self._ou_weights):
            at = i.p.outputs if self._grouped else i.p.outputs[column]
            here = 1 if self._grouped else at != self._outputs
            m.d.comb += [
                bank.add_at[column].eq(at),
                bank.add[column].eq(i.valid & adds & here),
            ]
        return bank.values
