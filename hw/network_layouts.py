"""Payload layouts of the streams around the layer engine."""

from amaranth import signed, unsigned
from amaranth.lib import data

from hw.cycle_cause import CycleCauses
from hw.layer_control import COUNTER_BITS
from hw.layouts import span
from hw.monitor import PlaneIssue

__all__ = [
    "CODE_BITS",
    "NetworkMonitor",
    "Progress",
    "ReadRun",
    "Run",
    "Score",
    "TileView",
    "WalkLoops",
]

CODE_BITS = 8
"""Width of :class:`arch.registers.Error`."""


class WalkLoops(data.StructLayout):
    """The loops of a walk, the innermost first.

    Members
    -------
    last : ``ArrayLayout(unsigned(count_bits), levels)``
        Last iteration of each loop.
    at, y, x : arrays of ``levels``
        How far one iteration of each loop moves; addresses wrap.
    """

    def __init__(self, *, levels, at_bits, count_bits, place_bits):
        super().__init__(
            {
                "last": data.ArrayLayout(unsigned(count_bits), levels),
                "at": data.ArrayLayout(unsigned(at_bits), levels),
                "y": data.ArrayLayout(signed(place_bits), levels),
                "x": data.ArrayLayout(signed(place_bits), levels),
            }
        )


class Run(data.StructLayout):
    """What one read of the feature memory brings.

    Members
    -------
    at : ``unsigned(at_bits)``
        Address of the first element.
    count : ``range(lanes + 1)``
        Elements, at least 1.
    inside : ``unsigned(lanes)``
        One bit an element: whether it lies in the map.
    lane : ``range(beat)``
        Place of the first element in its beat.
    operand : ``unsigned(1)``
        Whether the number of the first element in the innermost loop is odd.
    beat_last, last : ``unsigned(1)``
        The run completes a beat; it completes a window.
    """

    def __init__(self, *, at_bits, lanes, beat):
        super().__init__(
            {
                "at": unsigned(at_bits),
                "count": range(lanes + 1),
                "inside": unsigned(lanes),
                "lane": span(beat),
                "operand": 1,
                "beat_last": 1,
                "last": 1,
            }
        )


class ReadRun(data.StructLayout):
    """A run with its elements.

    Members
    -------
    values : ``ArrayLayout(unsigned(code_bits), lanes)``
        What each bank shows; the fill code for elements outside.
    bank : ``range(lanes)``
        Bank of the first element.
    inside : ``unsigned(1)``
        Whether the first element lies in the map.
    count, lane, operand, beat_last, last
        As in :class:`Run`.
    """

    def __init__(self, *, code_bits, lanes, beat):
        super().__init__(
            {
                "values": data.ArrayLayout(unsigned(code_bits), lanes),
                "bank": span(lanes),
                "inside": 1,
                "count": range(lanes + 1),
                "lane": span(beat),
                "operand": 1,
                "beat_last": 1,
                "last": 1,
            }
        )


class Score(data.StructLayout):
    """One result of the network.

    Members
    -------
    value : ``signed(out_bits)``
    index : ``unsigned(index_bits)``
        Its number among the results of the image; only where it is asked for.
    last : ``unsigned(1)``
        Last result of the image.
    """

    def __init__(self, *, out_bits, index_bits=None):
        index = {} if index_bits is None else {"index": unsigned(index_bits)}
        super().__init__({"value": signed(out_bits)} | index | {"last": 1})


class Progress(data.StructLayout):
    """How far the network engine is, for those who control it.

    Members
    -------
    begin, end : ``unsigned(1)``
        The first step of an image begins in this cycle; the last one ends.
    stopped : ``unsigned(1)``
        No image may begin, or a step was refused.
    refused : ``unsigned(1)``
        A step cannot be run, or was ended; nothing happens until a reset.
    code : ``unsigned(8)``
        Why: :class:`arch.registers.Error`; valid with ``refused``.
    step : ``range(steps)``
        Number of the step.
    """

    def __init__(self, *, steps):
        flags = dict.fromkeys(("begin", "end", "stopped", "refused"), 1)
        super().__init__({**flags, "code": CODE_BITS, "step": span(steps)})


class TileView(data.StructLayout):
    """What an observer sees of a tile of a network engine.

    Members
    -------
    cause : ``CycleCauses``
        What it uses this cycle for.
    issue : ``PlaneIssue``
        What its OU controller does.
    result : ``unsigned(1)``
        The results of one OU are valid in this cycle.
    values : ``ArrayLayout(signed(value_bits), ou_weights)``
        What the OU adds to its outputs, one value a weight column.
    """

    def __init__(self, *, ous, act_bits, value_bits, ou_weights):
        super().__init__(
            {
                "cause": CycleCauses(),
                "issue": PlaneIssue(ous=ous, act_bits=act_bits),
                "result": 1,
                "values": data.ArrayLayout(signed(value_bits), ou_weights),
            }
        )


class NetworkMonitor(data.StructLayout):
    """What an observer sees of the inside of a network engine; nothing depends on it.

    Members
    -------
    result : ``unsigned(1)``
        A result of the step is taken in this cycle; they come in the order of the step.
    value : ``signed(out_bits)``
        Which.
    at : ``unsigned(at_bits)``
        Where it goes in the feature memory.
    done : ``unsigned(1)``
        A step ends in this cycle.
    step : ``range(steps)``
        Number of the step.
    cycles : ``unsigned(48)``
        Cycles of the step, counted from the end of the one before; valid with ``done``.
    planes : ``unsigned(48)``
        OU planes issued; valid with ``done`` of a layer.
    plane : ``unsigned(1)``
        The codes of a plane of some tile are valid in this cycle.
    offered, taken : ``StructLayout`` of ``unsigned(1)``
        Valid and ready of each stream that can stall; ``ous`` are the OUs that input fetch gives,
        of the first tile.
    start : ``unsigned(1)``
        The step begins in this cycle.
    begin, end : ``unsigned(1)``
        The first step of an image begins in this cycle; the last one ends.
    reset : ``unsigned(1)``
        The engine is reset in this cycle: an image in work is dropped.
    error : ``unsigned(1)``
        There is an error in this cycle.
    code : ``unsigned(8)``
        Which: :class:`arch.registers.Error`; valid with ``error``.
    loading, loaded : ``unsigned(1)``
        Tables are being loaded; they are there.
    tiles : ``ArrayLayout(TileView, tiles)``
        What each tile does.

    ``reset``, ``error``, ``code``, ``loading`` and ``loaded`` come from around the engine.
    """

    STREAMS = ("i", "runs", "read_runs", "beats", "layer_results", "results", "o", "ous")

    def __init__(self, *, out_bits, at_bits, steps, tiles, **tile):
        flags = data.StructLayout(dict.fromkeys(self.STREAMS, 1))
        super().__init__(
            {
                "result": 1,
                "value": signed(out_bits),
                "at": unsigned(at_bits),
                "done": 1,
                "step": span(steps),
                "cycles": COUNTER_BITS,
                "planes": COUNTER_BITS,
                "plane": 1,
                "offered": flags,
                "taken": flags,
                **dict.fromkeys(("start", "begin", "end", "reset", "error"), 1),
                "code": CODE_BITS,
                "loading": 1,
                "loaded": 1,
                "tiles": data.ArrayLayout(TileView(**tile), tiles),
            }
        )
