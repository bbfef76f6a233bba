"""Beat pack: joins runs to beats of rows, as the layer engine takes them."""

from amaranth import Array, Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.network_layouts import ReadRun

__all__ = ["BeatPack"]


class BeatPack(wiring.Component):
    """Put the elements of each run into their lanes; give the beat with its last run.

    Lanes of a beat that no run wrote carry anything.

    Latency is one cycle from the last run of a beat; throughput is a run a cycle; stalls when ``o``
    does.

    Parameters
    ----------
    code_bits, act_bits : int
        Widths of an element and of an activation, the lower bits of an element.
    lanes : int
        Banks of the feature memory, a power of two.
    beat : int
        Elements of a beat.

    Members
    -------
    i : ``In(stream.Signature(ReadRun))``
        Runs.
    o : ``Out(stream.Signature(ArrayLayout(unsigned(act_bits), beat)))``
        Beats.
    """

    def __init__(self, *, code_bits, act_bits, lanes, beat):
        check_sizes(code_bits=code_bits, act_bits=act_bits, lanes=lanes, beat=beat)
        if act_bits > code_bits:
            raise ValueError(f"act_bits must be at most {code_bits}, as elements, not {act_bits}")
        self._lanes = lanes
        read = ReadRun(code_bits=code_bits, lanes=lanes, beat=beat)
        super().__init__(
            {
                "i": In(stream.Signature(read)),
                "o": Out(stream.Signature(data.ArrayLayout(act_bits, beat))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        run, low = self.i.p, self._lanes.bit_length() - 1
        m.d.comb += self.i.ready.eq(~self.o.valid | self.o.ready)
        with m.If(self.i.ready):
            m.d.sync += self.o.valid.eq(self.i.valid & run.beat_last)
        values = Array(run["values"])
        for lane, act in enumerate(self.o.p):
            # Lane `run.lane` takes bank `run.bank`, and neighbours are in neighbouring banks.
            bank = (run.bank - run.lane + lane)[:low] if low else 0
            here = (lane >= run.lane) & (lane < run.lane + run.count)
            with m.If(self.i.valid & self.i.ready & here):
                m.d.sync += act.eq(values[bank])
        return m
