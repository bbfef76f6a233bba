"""Plane scan: finds the bit planes of an OU that have a one, and drops OUs without any."""

from amaranth import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.layouts import FetchedOu, ScannedOu, span

__all__ = ["PlaneScan"]


class PlaneScan(wiring.Component):
    """Say of each OU which planes have a one; let only OUs through that have such a plane.

    The last OU of a position always passes, as it ends the position; an OU that passes is the first
    of its position if those before it were dropped.

    Latency is none; throughput is one OU per cycle; stalls when ``o`` does, also before OUs that
    are dropped: whether they are is known too late in the cycle.

    Parameters
    ----------
    ou_rows, act_bits : int
        Word lines of an OU and planes of an activation.
    ous : int
        OUs of the program.
    outputs : layout
        Layout of the output part of an index word.

    Members
    -------
    i : ``In(stream.Signature(FetchedOu))``
        OUs with their inputs.
    o : ``Out(stream.Signature(ScannedOu))``
        Those that are issued.
    skipped : ``Out(span(act_bits + 1))``
        Planes of the OU taken in this cycle that are not issued; zero if none is taken.
    """

    def __init__(self, *, ou_rows, act_bits, ous, outputs):
        check_sizes(ou_rows=ou_rows, act_bits=act_bits, ous=ous)
        sizes = {"ou_rows": ou_rows, "act_bits": act_bits, "outputs": outputs, "ous": ous}
        super().__init__(
            {
                "i": In(stream.Signature(FetchedOu(**sizes))),
                "o": Out(stream.Signature(ScannedOu(**sizes))),
                "skipped": Out(span(act_bits + 1)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        begins = Signal(init=1)  # no OU of the position has passed
        m.d.comb += [
            self.o.p[name].eq(self.i.p[name]) for name in ("acts", "outputs", "ou", "last")
        ]
        m.d.comb += [
            self.o.p.planes.eq(
                Cat(Cat(act[plane] for act in self.i.p.acts).any() for plane in self._planes)
            ),
            self.o.p.first.eq(begins),
            self.o.valid.eq(self.i.valid & (self.o.p.planes.any() | self.i.p.last)),
            self.i.ready.eq(self.o.ready),
        ]
        issued = sum(plane for plane in self.o.p.planes)
        none = ~self.o.p.planes.any()
        with m.If(self.i.valid & self.i.ready):  # one plane of zeros ends a position
            m.d.comb += self.skipped.eq(len(self._planes) - issued - (none & self.i.p.last))
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += begins.eq(self.o.p.last)
        return m

    @property
    def _planes(self):
        return range(len(self.o.p.planes))
