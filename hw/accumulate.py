"""Accumulate: adds the results of OUs into the outputs of a position."""

from amaranth import Array, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.accumulator_bank import AccumulatorBank
from hw.arguments import check_sizes
from hw.drain import Drain
from hw.layouts import BANKS, OuResult, PositionSum, span

__all__ = ["Accumulate"]


class Accumulate(wiring.Component):
    """Sum the results of all OUs of a position, output by output.

    There are two banks: while one position is added up, the one before is drained and set back to
    zero. When the index names a ``group``, an address is a group and the columns of the OU are its
    outputs. When it names ``outputs``, an address is an output, and what the columns hold for it is
    added on the way out.

    Latency is three cycles from the last result of a position to its first sum; throughput is one
    OU per cycle and one sum per cycle, without a gap between positions; the sums stall when ``o``
    does, the results never.

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

    Members
    -------
    last_output : ``In(range(outputs))``
        Last output of the layer; steady while it runs.
    i : ``In(stream.Signature(OuResult, always_ready=True))``
        Results of OUs.
    drained : ``Out(1)``
        A bank becomes free in this cycle.
    prepared : ``Out(1)``
        All accumulators have been set to zero since reset.
    o : ``Out(stream.Signature(PositionSum))``
        Sums, in the order of the outputs.
    """

    def __init__(self, *, value_bits, acc_bits, ou_weights, outputs, index):
        check_sizes(value_bits=value_bits, ou_weights=ou_weights, outputs=outputs)
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
                "i": In(stream.Signature(result, always_ready=True)),
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
        m.submodules.drain = drain = Drain(depth=self.depth, columns=columns, outputs=self._outputs)
        add_bank = Signal()
        banks = [self._add_bank(m, drain, number, add_bank == number) for number in range(BANKS)]

        # The last sum is written one cycle after its result has come.
        position_last = self.i.valid & self.i.p.position_last
        finish = Signal(BANKS)
        m.d.sync += [add_bank.eq(add_bank ^ position_last), finish.eq(position_last << add_bank)]

        if self._grouped:
            value = Array(Array(bank)[drain.o.p.column] for bank in banks)[drain.o.p.bank]
        else:
            value = Mux(drain.o.p.bank, sum(banks[1]), sum(banks[0]))
        m.d.comb += [
            drain.last_output.eq(self.last_output),
            drain.finish.eq(finish),
            self.drained.eq(drain.drained),
            self.prepared.eq(drain.prepared),
            drain.o.ready.eq(self.o.ready),
            self.o.valid.eq(drain.o.valid),
            self.o.p.value.eq(value),
            self.o.p.channel.eq(drain.o.p.channel),
            self.o.p.last.eq(drain.o.p.last),
        ]
        return m

    def _add_bank(self, m, drain, number, adds):
        """Make a bank that adds while ``adds``; return what it shows, one value a column."""
        bank = AccumulatorBank(columns=self._ou_weights, depth=self.depth, **self._widths)
        m.submodules[f"bank{number}"] = bank
        m.d.comb += [
            bank.addends.eq(self.i.p.values),
            bank.read.eq(drain.read[number]),
            bank.read_at.eq(drain.read_at),
            bank.clear.eq(drain.clear[number]),
            bank.clear_at.eq(drain.clear_at),
        ]
        for column in range(self._ou_weights):
            at = self.i.p.outputs if self._grouped else self.i.p.outputs[column]
            here = 1 if self._grouped else at != self._outputs
            m.d.comb += [
                bank.add_at[column].eq(at),
                bank.add[column].eq(self.i.valid & adds & here),
            ]
        return bank.values
