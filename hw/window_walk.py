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
        # Where the present iteration of each loop began; number of that of each outer loop.
        starts = [
            {
                axis: Signal.like(getattr(self, axis), name=f"{axis}{level}")
                for axis in ("at", "y", "x")
            }
            for level in range(self._levels)
        ]
        turns = [Signal.like(last, name=f"turn{n}") for n, last in enumerate(loops.last)][1:]
        here = starts[0]
        # Counted down, so that little has to be known to cut the next run: elements of the
        # innermost loop, and of the beat.
        left, space = Signal(len(loops.last[0]) + 1), Signal(range(self._beat + 1))
        row_end, beat_full = self._cut(m, left, space)

        ends = [row_end, *(turn == last for turn, last in zip(turns, loops.last[1:], strict=True))]
        m.d.comb += [
            run.at.eq(here["at"]),
            run.last.eq(Cat(ends[: self._window_levels]).all()),
            run.beat_last.eq(beat_full | run.last),
        ]
        row_inside = (here["y"] >= 0) & (here["y"] < self.height)
        for n, inside in enumerate(run.inside):
            x = here["x"] + n
            m.d.comb += inside.eq(row_inside & (x >= 0) & (x < self.width))

        with m.If(self.o.valid & self.o.ready):
            m.d.sync += [
                run.lane.eq(Mux(run.beat_last, 0, run.lane + run.count)),
                space.eq(Mux(run.beat_last, self._beat, space - run.count)),
                left.eq(Mux(row_end, loops.last[0] + 1, left - run.count)),
                run.operand.eq(~row_end & (run.operand ^ run.count[0])),
            ]
            self._move(m, starts, turns, ends)
        with m.If(self.start):
            m.d.sync += [
                self.o.valid.eq(1),
                run.lane.eq(0),
                space.eq(self._beat),
                left.eq(loops.last[0] + 1),
                run.operand.eq(0),
            ]
            m.d.sync += [turn.eq(0) for turn in turns]
            for level in starts:
                m.d.sync += [start.eq(getattr(self, axis)) for axis, start in level.items()]
        return m

    def _cut(self, m, left, space):
        """Elements of the next run; whether it ends the innermost loop, and fills the beat."""
        most, count = Signal.like(self.o.p.count), self.o.p.count
        fits = left <= space
        m.d.comb += [
            most.eq(Mux(self.wide, self._lanes, 1)),
            count.eq(
                Mux(
                    fits,
                    Mux(left < most, left, most),
                    Mux(space < most, space, most),
                )
            ),
        ]
        return fits & (left <= most), (space <= left) & (space <= most)

    def _move(self, m, starts, turns, ends):
        """Go on with the innermost loop that has not ended; those inside it begin anew."""
        for level, end in enumerate(ends):
            steps = {axis: self.loops[axis][level] for axis in ("at", "y", "x")}
            with m.If(~end) if level == 0 else m.Elif(~end):
                if level == 0:  # neighbours, when there are several in a run
                    for axis in ("at", "x"):
                        steps[axis] = Mux(self.wide, self.o.p.count, steps[axis])
                else:
                    m.d.sync += turns[level - 1].eq(turns[level - 1] + 1)
                for axis, step in steps.items():
                    moved = starts[level][axis] + step
                    m.d.sync += [starts[n][axis].eq(moved) for n in range(level + 1)]
                m.d.sync += [turn.eq(0) for turn in turns[: max(0, level - 1)]]
        with m.Else():
            m.d.sync += self.o.valid.eq(0)
