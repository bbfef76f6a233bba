"""Window walk: the addresses of the elements of every window of a step."""

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

    Latency is one cycle from ``start`` to the first run; throughput is a run a cycle; stalls when
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
        loops, run = self.loops, self.o.p
        # Where the present iteration of each loop began, and its number.
        starts = [
            {
                axis: Signal.like(getattr(self, axis), name=f"{axis}{level}")
                for axis in ("at", "y", "x")
            }
            for level in range(self._levels)
        ]
        turns = [Signal.like(last, name=f"turn{n}") for n, last in enumerate(loops.last)]
        lane = Signal.like(run.lane)
        here = starts[0]
        self._cut(m, turns[0], lane)

        left = Signal.like(turns[0])  # elements of the innermost loop behind the first of the run
        m.d.comb += left.eq(loops.last[0] - turns[0])
        ends = [turn == last for turn, last in zip(turns, loops.last, strict=True)]
        ends[0] = left < run.count
        beat_full = lane + run.count == self._beat
        m.d.comb += [
            run.at.eq(here["at"]),
            run.lane.eq(lane),
            run.operand.eq(turns[0][0]),
            run.last.eq(Cat(ends[: self._window_levels]).all()),
            run.beat_last.eq(beat_full | run.last),
        ]
        row_inside = (here["y"] >= 0) & (here["y"] < self.height)
        for n, inside in enumerate(run.inside):
            x = here["x"] + n
            m.d.comb += inside.eq(row_inside & (x >= 0) & (x < self.width))

        with m.If(self.o.valid & self.o.ready):
            m.d.sync += lane.eq(Mux(run.beat_last, 0, lane + run.count))
            self._move(m, starts, turns, ends)
        with m.If(self.start):
            m.d.sync += [self.o.valid.eq(1), lane.eq(0)]
            m.d.sync += [turn.eq(0) for turn in turns]
            for level in starts:
                m.d.sync += [start.eq(getattr(self, axis)) for axis, start in level.items()]
        return m

    def _cut(self, m, turn, lane):
        """Elements of the next run."""
        count, left = self.o.p.count, self.loops.last[0] - turn + 1
        space = self._beat - lane
        m.d.comb += count.eq(1)
        with m.If(self.wide):
            m.d.comb += count.eq(self._lanes)
            for limit in (left, space):
                with m.If((limit < self._lanes) & (limit <= space) & (limit <= left)):
                    m.d.comb += count.eq(limit)

    def _move(self, m, starts, turns, ends):
        """Go on with the innermost loop that has not ended; those inside it begin anew."""
        for level, end in enumerate(ends):
            inner = level == 0
            with m.If(~end) if inner else m.Elif(~end):
                steps = {axis: self.loops[axis][level] for axis in ("at", "y", "x")}
                if inner:  # neighbours, when there are several in a run
                    steps["at"] = Mux(self.wide, self.o.p.count, steps["at"])
                    steps["x"] = Mux(self.wide, self.o.p.count, steps["x"])
                for axis, step in steps.items():
                    moved = starts[level][axis] + step
                    m.d.sync += [starts[n][axis].eq(moved) for n in range(level + 1)]
                m.d.sync += [turns[n].eq(0) for n in range(level)]
                m.d.sync += turns[level].eq(turns[level] + (self.o.p.count if inner else 1))
        with m.Else():
            m.d.sync += self.o.valid.eq(0)
