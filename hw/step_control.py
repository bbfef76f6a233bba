"""Step control: runs the program of a network, a step after the other."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.layer_control import COUNTER_BITS
from hw.layouts import span
from hw.rom import check_words, rom

__all__ = ["StepControl"]


class StepControl(wiring.Component):
    """Read a step, start it, wait for its last result; after the last step begin anew.

    A step that is not ``known`` is refused: nothing happens any more, until a reset.

    A step is ``step_words`` words of the program memory, the first in the least significant bits.

    Latency is ``step_words + 3`` cycles from ``done`` to ``start``; throughput is a step at a time;
    stalls before a step until ``ready``, and before the first one until ``permit``.

    Parameters
    ----------
    words : sequence of int
        Contents of the program memory.
    word_bits : int
        Width of a word.
    layout : layout
        Layout of a step; has ``program_last``, which marks the last one.

    Members
    -------
    permit : ``In(1)``
        The program may begin.
    known : ``In(1)``
        The others know what ``step`` is.
    ready : ``In(1)``
        The others can start a step.
    step : ``Out(layout)``
        The step; valid from ``start`` until ``done``.
    number : ``Out(range(steps))``
        Its number; valid from the cycle after ``done`` until the next.
    start : ``Out(1)``
        Begin the step; high for one cycle.
    done : ``In(1)``
        The step has ended.
    running : ``Out(1)``
        A step runs: high from the cycle after ``start`` until ``done``.
    stopped : ``Out(1)``
        The first step waits for ``permit``, or a step was refused.
    refused : ``Out(1)``
        A step was refused.
    cycles : ``Out(48)``
        Cycles since the step before was done; the step's own with ``done``.
    """

    def __init__(self, words, *, word_bits, layout):
        check_sizes(word_bits=word_bits)
        self._words = tuple(words)
        self._word = data.ArrayLayout(1, word_bits)
        check_words(self._words, shape=self._word)
        self._step_words = -(-layout.size // word_bits)
        if len(self._words) % self._step_words:
            raise ValueError(
                f"a step takes {self._step_words} words, so {len(self._words)} are no whole steps"
            )
        super().__init__(
            {
                "permit": In(1, init=1),
                "known": In(1, init=1),
                "ready": In(1),
                "step": Out(layout),
                "number": Out(span(len(self._words) // self._step_words)),
                "start": Out(1),
                "done": In(1),
                "running": Out(1),
                "stopped": Out(1),
                "refused": Out(1),
                "cycles": Out(COUNTER_BITS, init=1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.steps = memory = rom(shape=self._word, words=self._words)
        read = memory.read_port()
        word = read.data.as_value()
        held = Signal(self._step_words * len(word))
        at = Signal(span(len(self._words)))
        left = Signal(span(self._step_words + 1))
        m.d.comb += [
            read.addr.eq(at),
            self.step.as_value().eq(held),
        ]
        # Much waits for the start, so it is a flip-flop.
        m.d.sync += [self.cycles.eq(self.cycles + 1), self.start.eq(0)]

        with m.FSM():
            with m.State("Begin"):  # the first word is read
                m.d.sync += [at.eq(at + 1), left.eq(self._step_words - 1)]
                m.next = "Fetch"
            with m.State("Fetch"):
                m.d.sync += [held.eq(Cat(held, word) >> len(word)), left.eq(left - 1)]
                with m.If(left == 0):
                    m.next = "Check"
                with m.Else():
                    m.d.sync += at.eq(at + 1)
            with m.State("Check"):
                with m.If(~self.known):
                    m.next = "Refuse"
                with m.Elif(~self.permit & (self.number == 0)):
                    m.d.comb += self.stopped.eq(1)
                with m.Elif(self.ready):
                    m.d.sync += self.start.eq(1)
                    m.next = "Start"
            with m.State("Start"):
                m.next = "Run"
            with m.State("Run"):
                m.d.comb += self.running.eq(1)
                with m.If(self.done):
                    m.d.sync += [
                        self.cycles.eq(1),
                        at.eq(Mux(self.step.program_last, 0, at)),
                        self.number.eq(Mux(self.step.program_last, 0, self.number + 1)),
                    ]
                    m.next = "Begin"
            with m.State("Refuse"):
                m.d.comb += [self.stopped.eq(1), self.refused.eq(1)]
        return m
