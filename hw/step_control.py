"""Step control: runs the program of a network, a step after the other."""

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.layer_control import COUNTER_BITS
from hw.layouts import span
from hw.rom import Contents, show_word

__all__ = ["StepControl"]


class StepControl(wiring.Component):
    """Read a step, start it, wait for its last result; after the last step begin anew.

    A step that is not ``known`` is refused: nothing happens any more, until a reset. A ``fault``
    ends one that runs in the same way.

    A step is ``step_words`` words of the program memory, the first in the least significant bits.

    Latency is ``step_words + 3`` cycles from ``done`` to ``start``; throughput is a step at a time;
    stalls before a step until ``ready``, and before the first one until ``permit``.

    Parameters
    ----------
    words : sequence of int, or int
        Contents of the program memory, or how many words can be loaded.
    word_bits : int
        Width of a word.
    layout : layout
        Layout of a step; has ``program_last``, which marks the last one.
    logic : bool
        Steps follow from their number by logic, which is smaller if there are few; there is no
        memory. All takes as many cycles as with one.

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
    read_back : ``In(TableRead)``
        Reads the memory while the component is at rest; only if there is one.
    hold : ``In(1)``
        The program is not there yet, or is read back: the first step waits, and none is read.
    load : ``In(TableWrite)``
        Writes the memory, the first word first; only if its words are not baked in, as is all that
        follows.
    fault : ``In(1)``
        Something is wrong with the step that runs, or that waits until ``ready``.
    over : ``Out(1)``
        No step follows this one in what was loaded; valid from ``start`` until ``done``, and while
        the step waits for it.
    """

    def __init__(self, words, *, word_bits, layout, logic=False):
        check_sizes(word_bits=word_bits)
        self._word = data.ArrayLayout(1, word_bits)
        self._contents = Contents(words, shape=self._word)
        self._step_words = -(-layout.size // word_bits)
        depth = self._contents.depth
        if depth % self._step_words:
            raise ValueError(
                f"a step takes {self._step_words} words, so {depth} are no whole steps"
            )
        if logic and self._contents.loadable:
            raise ValueError("steps that are loaded cannot be logic")
        self._steps = _joined(words, self._step_words, word_bits) if logic else ()
        ports = {} if logic else self._contents.ports
        loaded = {"fault": In(1), "over": Out(1)} if self._contents.loadable else {}
        super().__init__(
            {
                "permit": In(1, init=1),
                "known": In(1, init=1),
                "ready": In(1),
                "hold": In(1),
                "step": Out(layout),
                "number": Out(span(depth // self._step_words)),
                "start": Out(1),
                "done": In(1),
                "running": Out(1),
                "stopped": Out(1),
                "refused": Out(1),
                "cycles": Out(COUNTER_BITS, init=1),
                **ports,
                **loaded,
            }
        )

    def elaborate(self, platform):
        m = Module()
        loadable, depth = self._contents.loadable, self._contents.depth
        at = Signal(range(depth + 1) if loadable else span(depth))
        left = Signal(span(self._step_words + 1))
        fetch = self._look_up(m) if self._steps else self._read(m, at)
        # Much waits for the start, so it is a flip-flop.
        m.d.sync += [self.cycles.eq(self.cycles + 1), self.start.eq(0)]
        fault = self.fault if loadable else Const(0)
        if loadable:
            self._look_ahead(m, at)

        with m.FSM():
            with m.State("Begin"):  # the first word is read
                with m.If(self.hold & (self.number == 0)):
                    m.d.comb += self.stopped.eq(1)
                with m.Else():
                    m.d.sync += [at.eq(at + 1), left.eq(self._step_words - 1)]
                    m.next = "Fetch"
            with m.State("Fetch"):
                m.d.sync += [*fetch, left.eq(left - 1)]
                with m.If(left == 0):
                    m.next = "Check"
                with m.Else():
                    m.d.sync += at.eq(at + 1)
            with m.State("Check"):
                with m.If(~self.known | fault):
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
                with m.If(fault):
                    m.next = "Refuse"
                with m.Elif(self.done):
                    m.d.sync += [
                        self.cycles.eq(1),
                        at.eq(Mux(self.step.program_last, 0, at)),
                        self.number.eq(Mux(self.step.program_last, 0, self.number + 1)),
                    ]
                    m.next = "Begin"
            with m.State("Refuse"):
                m.d.comb += [self.stopped.eq(1), self.refused.eq(1)]
        return m

    def _read(self, m, at):
        """Show the words that were read; what reads the next one."""
        m.submodules.steps = memory = self._contents.memory(m, self)
        (word, _) = self._contents.read(m, self, memory, at=at)
        word = word.as_value()
        held = Signal(self._step_words * len(word))
        m.d.comb += self.step.as_value().eq(held)
        return [held.eq(Cat(held, word) >> len(word))]

    def _look_up(self, m):
        """Show the step of a number; nothing is to be read."""
        show_word(m, self.number, self._steps, self.step.as_value())
        return []

    def _look_ahead(self, m, at):
        """Say whether the words that were loaded end at an address."""
        length = Signal.like(at, reset_less=True)  # a reset leaves the memory as it is
        with m.If(self.load.en):
            m.d.sync += length.eq(self.load.at + 1)
        m.d.comb += self.over.eq(at >= length)


def _joined(words, step_words, word_bits):
    """The steps of which ``words`` are the parts, the least significant one first."""
    return tuple(
        sum(word << word_bits * part for part, word in enumerate(words[at : at + step_words]))
        for at in range(0, len(words), step_words)
    )
