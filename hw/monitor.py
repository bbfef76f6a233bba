"""Monitor: what an observer sees of the inside of a layer engine."""

from amaranth import signed
from amaranth.lib import data

from arch.program import tile_name
from hw.layouts import span

__all__ = ["Monitor", "PlaneIssue", "TileMonitor"]


class PlaneIssue(data.StructLayout):
    """What an observer sees of the OU controller of a tile.

    Members
    -------
    issued : ``unsigned(1)``
        A plane is issued in this cycle; what follows is valid with it.
    ou : ``range(ous)``
        Address of the OU in the memories of the tile.
    plane : ``range(act_bits)``
        Number of the plane, which weighs ``2**plane``.
    last, position_last : ``unsigned(1)``
        The plane is the last one of the OU; the OU is the last of its output position.
    """

    def __init__(self, *, ous, act_bits):
        super().__init__(
            {
                "issued": 1,
                "ou": span(ous),
                "plane": span(act_bits),
                "last": 1,
                "position_last": 1,
            }
        )


class TileMonitor(data.StructLayout):
    """What an observer sees of the inside of a tile; nothing depends on it.

    Members
    -------
    plane : ``unsigned(1)``
        The codes of one plane of an OU are valid in this cycle; planes come in issue order.
    codes : ``ArrayLayout(unsigned(code_bits), columns)``
        One ADC code a bit line.
    result : ``unsigned(1)``
        The results of one OU are valid in this cycle.
    values : ``ArrayLayout(signed(value_bits), ou_weights)``
        What the OU adds to its outputs, one value a weight column.
    issue : ``PlaneIssue``
        What the OU controller does.
    """

    STREAMS = ("index_fetch", "input_fetch")
    """Streams of a tile that can stall."""

    def __init__(self, *, code_bits, columns, value_bits, ou_weights, ous, act_bits):
        super().__init__(
            {
                "plane": 1,
                "codes": data.ArrayLayout(code_bits, columns),
                "result": 1,
                "values": data.ArrayLayout(signed(value_bits), ou_weights),
                "issue": PlaneIssue(ous=ous, act_bits=act_bits),
            }
        )


class Monitor(data.StructLayout):
    """What an observer sees of the inside of a layer engine; nothing depends on it.

    Members
    -------
    tiles : ``ArrayLayout(TileMonitor, tiles)``
        Planes and results of each tile.
    offered, taken : ``StructLayout`` of ``unsigned(1)``
        Valid and ready of each stream that can stall; those of a tile have its number behind their
        name, if there are several.
    """

    def __init__(self, *, tiles, **sizes):
        own = [tile_name(name, n, tiles) for n in range(tiles) for name in TileMonitor.STREAMS]
        names = ("command", "i", *own, "accumulate", "o")
        streams = data.StructLayout(dict.fromkeys(names, 1))
        super().__init__(
            {
                "tiles": data.ArrayLayout(TileMonitor(**sizes), tiles),
                "offered": streams,
                "taken": streams,
            }
        )
