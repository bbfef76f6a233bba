"""Layer control: takes commands, holds the descriptor of the running layer, counts."""

from amaranth import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.layouts import Command
from hw.rom import Contents, show_word

__all__ = ["COUNTER_BITS", "LayerControl"]

COUNTER_BITS = 48
"""Width of the cycle counter and of the plane counter."""


class LayerControl(wiring.Component):
    """Start a layer for every command and end it when its last output has left.

    The descriptor is read from the layer memory and stays in place until the next command. Layers
    do not overlap. Counters keep their values after the layer has ended.

    Latency is two cycles from a command to ``start``; throughput is one layer at a time; a command
    waits while a layer runs and until ``prepared``.

    Parameters
    ----------
    words : sequence of int, or int
        Contents of the layer memory, one word a layer, or how many can be loaded.
    layout : layout
        Layout of such a word.
    position_bits : int
        Width of a number of positions.
    tiles : int
        Planes that can be issued in a cycle.

    Members
    -------
    command : ``In(stream.Signature(Command))``
        What to run.
    layer : ``Out(layout)``
        Descriptor of the running layer; valid from ``start`` on.
    reading : ``Out(1)``
        The descriptor is being read; ``start`` follows.
    start : ``Out(1)``
        High for one cycle when a layer starts.
    positions : ``Out(position_bits)``
        Output positions of the running layer, at least 1; valid from ``start`` on.
    prepared : ``In(1)``
        The accumulators are cleared.
    issued : ``In(range(tiles + 1))``
        Planes that are issued in this cycle.
    position_done : ``In(1)``
        The last output of a position leaves in this cycle.
    busy : ``Out(1)``
        A layer runs.
    cycles : ``Out(48)``
        Cycles after the one that took the command, up to the one in which the last output left.
    planes : ``Out(48)``
        Planes issued for the layer.
    read_back : ``In(TableRead)``
        Reads the memory while the component is at rest; only if there is one.
    load : ``In(TableWrite)``
        Writes the memory; only if its words are not baked in.
    """

    def __init__(self, words, *, layout, position_bits, tiles=1, logic=False):
        check_sizes(position_bits=position_bits, tiles=tiles)
        self._contents = Contents(words, shape=layout)
        if logic and self._contents.loadable:
            raise ValueError("layers that are loaded cannot be logic")
        self._layers = tuple(words) if logic else ()
        command = Command(layers=self._contents.depth, position_bits=position_bits)
        super().__init__(
            {
                "command": In(stream.Signature(command)),
                "layer": Out(layout),
                "reading": Out(1),
                "start": Out(1),
                "positions": Out(position_bits),
                "prepared": In(1),
                "issued": In(range(tiles + 1)),
                "position_done": In(1),
                "busy": Out(1),
                "cycles": Out(COUNTER_BITS),
                "planes": Out(COUNTER_BITS),
                **({} if logic else self._contents.ports),
            }
        )

    def elaborate(self, platform):
        m = Module()
        taken = self.command.valid & self.command.ready
        hold = self._look_up(m, taken) if self._layers else self._read(m, taken)
        left = Signal.like(self.positions)
        with m.If(self.busy):
            m.d.sync += [self.cycles.eq(self.cycles + 1), self.planes.eq(self.planes + self.issued)]

        with m.FSM():
            with m.State("Idle"):
                m.d.comb += self.command.ready.eq(self.prepared)
                with m.If(self.command.valid & self.prepared & (self.command.p.positions != 0)):
                    m.d.sync += [
                        self.positions.eq(self.command.p.positions),
                        left.eq(self.command.p.positions - 1),
                        self.busy.eq(1),
                        self.cycles.eq(0),
                        self.planes.eq(0),
                    ]
                    m.next = "Read"
            with m.State("Read"):  # block RAM is slow to show a word: it is held
                m.d.comb += self.reading.eq(1)
                m.d.sync += hold
                m.next = "Start"
            with m.State("Start"):
                m.d.comb += self.start.eq(1)
                m.next = "Run"
            with m.State("Run"), m.If(self.position_done):
                m.d.sync += left.eq(left - 1)
                with m.If(left == 0):
                    m.d.sync += self.busy.eq(0)
                    m.next = "Idle"
        return m

    def _read(self, m, taken):
        """Read the memory; what holds the word that it shows then."""
        m.submodules.layers = memory = self._contents.memory(m, self)
        layer, _ = self._contents.read(m, self, memory, at=self.command.p.layer, en=taken)
        return [self.layer.eq(layer)]

    def _look_up(self, m, taken):
        """Show the layer of the number that was taken; nothing is to be held."""
        number = Signal.like(self.command.p.layer)
        with m.If(taken):
            m.d.sync += number.eq(self.command.p.layer)
        show_word(m, number, self._layers, self.layer.as_value())
        return []
