"""What the parts of the trace give each other."""

from amaranth import signed
from amaranth.lib import data

from arch.trace_event import CAUSES, PLANE_BITS, EventKind
from hw.layouts import span
from hw.network_layouts import CODE_BITS

__all__ = ["LOST_BITS", "TraceBundle", "TracedTile", "sources"]

LOST_BITS = 16
"""Width of the number of lost events in an event."""
_DATA_BITS = 32


def sources(tiles):
    """Kind and tile of every event that a cycle can have, in the order in which they are written.

    Returns
    -------
    list of tuple
        :class:`arch.trace_event.EventKind`, and the tile or None.
    """
    once = ("TIME", "LOST", "ERROR", "LOAD", "IMAGE", "STEP")
    each = ("RESULT", "CAUSE", "OU")
    return [
        *((EventKind[name], None) for name in once),
        *((EventKind[name], tile) for name in each for tile in range(tiles)),
    ]


class TracedTile(data.StructLayout):
    """What the events of a tile tell.

    Members
    -------
    cause : ``range(10)``
        Place in :data:`arch.trace_event.CAUSES`.
    ou : ``range(ous)``
    planes : ``unsigned(8)``
        Those that were issued of the OU, a bit a plane.
    position_last : ``unsigned(1)``
    value : signed
        Of the first weight column.
    """

    def __init__(self, *, ous, value_bits):
        super().__init__(
            {
                "cause": span(len(CAUSES)),
                "ou": span(ous),
                "planes": PLANE_BITS,
                "position_last": 1,
                "value": signed(min(value_bits, _DATA_BITS)),
            }
        )


class TraceBundle(data.StructLayout):
    """All events of a cycle.

    Members
    -------
    cycles : ``unsigned(time_bits)``
        Since the bundle before.
    present : one bit an event
        Which there are, as :func:`sources` has them.
    lost : ``unsigned(16)``
        Events that are missing before these.
    code : ``unsigned(8)``
        Of an error.
    loads : ``unsigned(2)``
        Tables are being loaded, in bit 0; they are there.
    image : ``unsigned(2)``
        Its data.
    step : ``range(steps)``
    begins, ends : ``unsigned(1)``
        Of the step.
    tiles : ``ArrayLayout(TracedTile, tiles)``
    """

    def __init__(self, *, time_bits, steps, tiles, ous, value_bits):
        super().__init__(
            {
                "cycles": time_bits,
                "present": len(sources(tiles)),
                "lost": LOST_BITS,
                "code": CODE_BITS,
                "loads": 2,
                "image": 2,
                "step": span(steps),
                "begins": 1,
                "ends": 1,
                "tiles": data.ArrayLayout(TracedTile(ous=ous, value_bits=value_bits), tiles),
            }
        )
