"""OU controller: walks the bit planes of each OU and drives its word lines."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.layouts import BANKS, FetchedOu, PlaneBeat, PlaneTag, ScannedOu, span

__all__ = ["OuController"]


class OuController(wiring.Component):
    """Issue the bit planes of each OU, most significant first, one plane per cycle.

    With ``skip_zero_planes`` only planes with a one among the inputs are issued, and one of zeros
    for an OU that has none.

    Behind the controller nothing can wait: a crossbar that has been driven must be sampled. So an
    output position is begun only when a bank of accumulators is free for it, and from then on
    every plane finds its place.

    Latency is one cycle from taking an OU to its first plane; throughput is one plane per cycle,
    an OU in as many cycles as it has planes, without a gap; the first OU of a position stalls while
    both banks of accumulators are in use.

    Parameters
    ----------
    ou_rows, act_bits : int
        Word lines of an OU and planes of an activation.
    ous : int
        OUs of the program.
    outputs : layout
        Layout of the output part of an index word.
    skip_zero_planes : bool
        Whether OUs come with their planes.

    Members
    -------
    signed : ``In(1)``
        Activations are two's complement: their first plane counts negative. Steady in a layer.
    i : ``In(stream.Signature(FetchedOu))``, or of ``ScannedOu``
        OUs with their inputs.
    drained : ``In(1)``
        A bank of accumulators becomes free in this cycle.
    o : ``Out(stream.Signature(PlaneBeat, always_ready=True))``
        Planes.
    """

    def __init__(self, *, ou_rows, act_bits, ous, outputs, skip_zero_planes=False):
        check_sizes(ou_rows=ou_rows, act_bits=act_bits, ous=ous)
        self._act_bits = act_bits
        self._skips = skip_zero_planes
        taken = (ScannedOu if skip_zero_planes else FetchedOu)(
            ou_rows=ou_rows, act_bits=act_bits, outputs=outputs, ous=ous
        )
        tag = PlaneTag(outputs=outputs, skipped_of=act_bits if skip_zero_planes else None)
        beat = PlaneBeat(ou_rows=ou_rows, ous=ous, tag=tag)
        super().__init__(
            {
                "signed": In(1),
                "i": In(stream.Signature(taken)),
                "drained": In(1),
                "o": Out(stream.Signature(beat, always_ready=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        acts = Signal(self.i.p.acts.shape())
        credits = Signal(range(BANKS + 1), init=BANKS)
        take, begin = Signal(), Signal()

        m.d.comb += [
            self.i.ready.eq(
                (~self.o.valid | self.o.p.tag.last) & (~self.i.p.first | (credits != 0))
            ),
            take.eq(self.i.valid & self.i.ready),
            begin.eq(take & self.i.p.first),
        ]
        m.d.sync += credits.eq(credits + self.drained - begin)
        with m.If(take):
            m.d.sync += [
                self.o.valid.eq(1),
                acts.eq(self.i.p.acts),
                self.o.p.ou.eq(self.i.p.ou),
                self.o.p.tag.outputs.eq(self.i.p.outputs),
                self.o.p.tag.position_last.eq(self.i.p.last),
            ]
        with m.Elif(self.o.p.tag.last):
            m.d.sync += self.o.valid.eq(0)
        if self._skips:
            self._walk_ones(m, acts, take)
        else:
            self._walk_all(m, acts, take)
        return m

    def _walk_all(self, m, acts, take):
        """Shift the activations, most significant plane first."""
        plane = Signal(span(self._act_bits))
        m.d.comb += [
            self.o.p.word_lines.eq(Cat(act[-1] for act in acts)),
            self.o.p.tag.first.eq(plane == 0),
            self.o.p.tag.last.eq(plane == self._act_bits - 1),
            self.o.p.tag.negative.eq(self.signed & (plane == 0)),
        ]
        with m.If(take):
            m.d.sync += plane.eq(0)
        with m.Elif(self.o.valid):
            m.d.sync += plane.eq(Mux(self.o.p.tag.last, 0, plane + 1))
            for act in acts:
                m.d.sync += act.eq(act << 1)

    def _walk_ones(self, m, acts, take):
        """Choose the highest plane that is left."""
        # One bit a plane: the one that is issued, and those after it.
        chosen, after = (Signal.like(self.i.p.planes, name=name) for name in ("chosen", "after"))
        first, last = Signal(), Signal(init=1)
        m.d.comb += [
            self.o.p.word_lines.eq(Cat((act & chosen).any() for act in acts)),
            self.o.p.tag.first.eq(first),
            self.o.p.tag.last.eq(last),
            self.o.p.tag.negative.eq(self.signed & chosen[-1]),
            self.o.p.tag.plane.eq(
                Cat(
                    (chosen & sum(1 << p for p in range(self._act_bits) if p >> bit & 1)).any()
                    for bit in range(len(self.o.p.tag.plane))
                )
            ),
        ]
        m.d.sync += first.eq(take)
        # Whether an OU is taken is known late: both choices are made, then one is kept.
        with m.If(take):
            m.d.sync += self._choose(self.i.p.planes, chosen, after, last)
        with m.Else():
            m.d.sync += self._choose(after, chosen, after, last)

    def _choose(self, left, chosen, after, last):
        """Choose the highest of the planes that are left."""
        above = [left[b + 1 :].any() for b in range(self._act_bits)]
        rest = Cat(left[b] & above[b] for b in range(self._act_bits))
        highest = Cat(left[b] & ~above[b] for b in range(self._act_bits))
        return [chosen.eq(highest), after.eq(rest), last.eq(~rest.any())]
