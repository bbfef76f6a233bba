"""Window walk: the addresses of the elements of every window of a step."""

from functools import reduce
from operator import or_

from amaranth import Cat, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.network_layouts import Run, WalkLoops

__all__ = ["WindowWalk"]


class WindowWalk(wiring.Component):
    """Walk over the elements of windows, as :meth:`arch.walk.Walk.runs` does.

    Nested loops move an address and two coordinates. An element is inside if ``0 <= y < height``
    and ``0 <= x < width``. When the walk is wide, a run has as many elements of the innermost loop
    as are left of it, of ``lanes`` and of the beat; otherwise it has one. The first
    ``window_levels`` loops make a window.

    Runs are cut first, which needs the counts of the loops alone. What each one moves is known
    then, and address and coordinates follow in the cycle after.

    Latency is two cycles from ``start`` to the first run; throughput is a run a cycle; stalls when
    ``o`` does.

    Parameters
    ----------
    levels, window_levels : int
        Loops of the walk, and those of them that make a window.
    at_bits, count_bits, place_bits : int
        Widths of an address, of a count and of a signed coordinate.
    lanes : int
        Elements of a run, at most.
    beat : int
        Elements of a beat.

    Members
    -------
    start : ``In(1)``
        Begin; all that follows is steady until the last run is taken.
    at : ``In(at_bits)``
        Address of the first element.
    y, x, height, width : ``In(signed(place_bits))``
        Coordinates of the first element, and their bounds.
    loops : ``In(WalkLoops)``
        The loops.
    wide : ``In(1)``
        Elements of the innermost loop are neighbours.
    o : ``Out(stream.Signature(Run))``
        Runs.
    """

    def __init__(self, *, levels, window_levels, at_bits, count_bits, place_bits, lanes, beat):
        check_sizes(
            levels=levels,
            window_levels=window_levels,
            at_bits=at_bits,
            count_bits=count_bits,
            place_bits=place_bits,
            lanes=lanes,
            beat=beat,
        )
        self._levels, self._window_levels = levels, window_levels
        self._lanes, self._beat = lanes, beat
        place = signed(place_bits)
        super().__init__(
            {
                "start": In(1),
                "at": In(at_bits),
                "y": In(place),
                "x": In(place),
                "height": In(place),
                "width": In(place),
                "loops": In(
                    WalkLoops(
                        levels=levels,
                        at_bits=at_bits,
                        count_bits=count_bits,
                        place_bits=place_bits,
                    )
                ),
                "wide": In(1),
                "o": Out(stream.Signature(Run(at_bits=at_bits, lanes=lanes, beat=beat))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        run = self.o.p
        cutting, advance = Signal(), Signal()
        # After this run one loop goes on, and those inside it begin anew: both in one bit a loop.
        moves, begins = Signal(self._levels), Signal(self._levels)
        cut, ends = self._cut(m, cutting & advance)
        m.d.comb += advance.eq(~self.o.valid | self.o.ready)
        with m.If(advance):
            m.d.sync += [
                self.o.valid.eq(cutting),
                *(run[name].eq(value) for name, value in cut.items()),
                *(
                    move.eq(Cat(*ends[:level], ~end).all())
                    for level, (move, end) in enumerate(zip(moves, ends, strict=True))
                ),
                *(
                    begin.eq(Cat(ends[:level]).all() & ~Cat(ends[level:]).all())
                    for level, begin in enumerate(begins)
                ),
            ]
            with m.If(Cat(ends).all()):
                m.d.sync += cutting.eq(0)
        with m.If(self.start):
            m.d.sync += cutting.eq(1)

        here = self._move(m, moves, begins)
        m.d.comb += run.at.eq(here["at"])
        row_inside = (here["y"] >= 0) & (here["y"] < self.height)
        for n, inside in enumerate(run.inside):
            x = here["x"] + n
            m.d.comb += inside.eq(row_inside & (x >= 0) & (x < self.width))
        return m

    def _cut(self, m, step):
        """Cut the next run; go on to the one after it with ``step``.

        Give what is known of the run, and which loops end with it. All that decides is kept in
        flip-flops, as the next run is cut in the next cycle.
        """
        last = self.loops.last
        most = Mux(self.wide, self._lanes, 1)
        # Elements of the innermost loop and of the beat that are left, and no more of them than a
        # run may have.
        left, space = Signal(len(last[0]) + 1), Signal(range(self._beat + 1))
        near, room = (Signal.like(self.o.p.count, name=name) for name in ("near", "room"))
        lane, operand = Signal.like(self.o.p.lane), Signal()
        row_end, beat_full, window_end = Signal(), Signal(), Signal()
        loop_ends = self._turn(m, step & row_end)
        ends = [row_end, *loop_ends]
        count = Signal.like(near)
        m.d.comb += [
            row_end.eq(left <= room),
            beat_full.eq(space <= near),
            count.eq(Mux(row_end, near, room)),
            window_end.eq(Cat(ends[: self._window_levels]).all()),
        ]
        cut = {
            "count": count,
            "lane": lane,
            "operand": operand,
            "beat_last": beat_full | window_end,
            "last": window_end,
        }
        # A run that does not end the innermost loop has ``room`` elements; one that does not fill
        # the beat has ``near``.
        left_next, space_next = Signal.like(left), Signal.like(space)
        m.d.comb += [
            left_next.eq(Mux(self.start | row_end, last[0] + 1, left - room)),
            space_next.eq(Mux(self.start | cut["beat_last"], self._beat, space - near)),
        ]
        with m.If(self.start | step):
            m.d.sync += [
                left.eq(left_next),
                space.eq(space_next),
                near.eq(Mux(left_next < most, left_next, most)),
                room.eq(Mux(space_next < most, space_next, most)),
                lane.eq(Mux(self.start | cut["beat_last"], 0, lane + near)),
                operand.eq(~self.start & ~row_end & (operand ^ room[0])),
            ]
        return cut, ends

    def _turn(self, m, step):
        """Count the iterations of the outer loops; say of each whether it is in its last one."""
        ends = []
        for level, last in list(enumerate(self.loops.last))[1:]:
            left = Signal.like(last, name=f"left{level}")
            end = Signal(name=f"end{level}")
            inner = Cat(ends).all() if ends else 1
            with m.If(self.start | (step & inner & end)):
                m.d.sync += [left.eq(last), end.eq(last == 0)]
            with m.Elif(step & inner):
                m.d.sync += [left.eq(left - 1), end.eq(left == 1)]
            ends.append(end)
        return ends

    def _move(self, m, moves, begins):
        """Follow the address and the coordinates; give those of the run."""
        taken = self.o.valid & self.o.ready
        here = {}
        for axis in ("at", "y", "x"):
            # Where the present iteration of each loop began.
            starts = [
                Signal.like(getattr(self, axis), name=f"{axis}{level}")
                for level in range(self._levels)
            ]
            steps = list(self.loops[axis])
            if axis != "y":  # neighbours, when there are several in a run
                steps[0] = Mux(self.wide, self.o.p.count, steps[0])
            begun, distance, moved = (
                Signal.like(starts[0], name=f"{axis}_{name}")
                for name in ("begun", "distance", "moved")
            )
            m.d.comb += [
                begun.eq(_chosen(starts, moves)),
                distance.eq(_chosen(steps, moves)),
                moved.eq(begun + distance),
            ]
            for start, begin in zip(starts, begins, strict=True):
                with m.If(taken & begin):
                    m.d.sync += start.eq(moved)
                with m.If(self.start):
                    m.d.sync += start.eq(getattr(self, axis))
            here[axis] = starts[0]
        return here


def _chosen(values, one_hot):
    """The value whose bit is high."""
    return reduce(or_, (Mux(bit, value, 0) for value, bit in zip(values, one_hot, strict=True)))
