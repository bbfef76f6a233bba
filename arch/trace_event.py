"""Events of the trace of an engine: how the hardware writes them, and how a host reads them.

An event is two words of 32 bits. The first says when, what and where, the second how much:

    first    23:0   cycles since the event before
             27:24  :class:`EventKind`
             31:28  tile, of an event that has one; else zero
    second   data of the kind

Cycles add up without a gap: where more than ``2**24`` pass between two events stands a
:attr:`EventKind.TIME`, which counts them in ``2**24``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from arch.registers import IDLE_CAUSES

__all__ = [
    "CAUSES",
    "EVENT_WORDS",
    "KIND_BITS",
    "PLANE_BITS",
    "SELECTABLE",
    "TILE_BITS",
    "TIME_BITS",
    "EventKind",
    "TraceEvent",
    "encode_event",
    "read_events",
]

EVENT_WORDS = 2
"""Words of 32 bits of an event."""
TIME_BITS = 24
"""Width of the cycles since the event before."""
KIND_BITS = 4
"""Width of the kind."""
TILE_BITS = 4
"""Width of the number of a tile."""
PLANE_BITS = 8
"""Bit planes that the mask of an OU has room for; an activation has at most so many bits."""
CAUSES = ("planes", *IDLE_CAUSES)
"""What a tile uses a cycle for, as :attr:`EventKind.CAUSE` numbers it."""

_WORD_MASK = 0xFFFF_FFFF


class EventKind(IntEnum):
    """What an event tells; its data follows."""

    IMAGE = 0
    """0: an image has ended; 1: its first step begins; 2: the engine was reset and dropped it."""
    STEP = 1
    """Number of a step in bits 15:0; bit 16: it begins; bit 17: it ends; neither: the trace begins
    in it, or goes on after it has lost events."""
    CAUSE = 2
    """From this cycle on the tile uses its cycles for this: place in :data:`CAUSES`."""
    OU = 3
    """The last plane of an OU is issued: bits 7:0 which planes were, bit 8 whether it ends an
    output position, bits 31:9 its address in the memories of the tile. Its planes were issued one a
    cycle, the most significant first, and this is the cycle of the last of them."""
    RESULT = 4
    """An OU has its result: that of its first weight column, signed."""
    ERROR = 5
    """There is an error: :class:`arch.registers.Error` in bits 7:0, the step in bits 31:16."""
    LOAD = 6
    """Tables: 1 are being loaded, 2 are there, 0 neither."""
    TIME = 14
    """So many times ``2**24`` cycles passed."""
    LOST = 15
    """So many events are missing here, as more came than can be written; 65,535 is that or more."""


SELECTABLE = tuple(kind for kind in EventKind if kind < EventKind.TIME)
"""Kinds that can be left out: bit ``kind`` of ``trace_control.kinds``. The others always come."""


@dataclass(frozen=True, kw_only=True)
class TraceEvent:
    """An event.

    Parameters
    ----------
    cycle : int
        When, counted from the start of the trace, or from its oldest event if older ones were
        overwritten.
    kind : EventKind
    tile : int
        0 where there is none.
    data : int
        32 bits, see :class:`EventKind`.
    """

    cycle: int
    kind: EventKind
    tile: int
    data: int


def encode_event(*, cycles: int, kind: int, tile: int = 0, data: int = 0) -> tuple[int, int]:
    """Both words of an event; raises ValueError if a field is out of range.

    Parameters
    ----------
    cycles : int
        Since the event before.
    """
    for name, value, bits in (
        ("cycles", cycles, TIME_BITS),
        ("kind", kind, KIND_BITS),
        ("tile", tile, TILE_BITS),
        ("data", data, 32),
    ):
        if not 0 <= value < 1 << bits:
            raise ValueError(f"{name} must have {bits} bits, not be {value}")
    return cycles | kind << TIME_BITS | tile << (TIME_BITS + KIND_BITS), data


def read_events(words: Sequence[int]) -> list[TraceEvent]:
    """The events in words as they were written, the oldest first.

    Parameters
    ----------
    words : sequence of int
        Two an event, each of 32 bits.

    Raises
    ------
    ValueError
        If there is half an event, no word of 32 bits, or a kind that there is not; it says where.
    """
    if len(words) % EVENT_WORDS:
        raise ValueError(f"{len(words)} words are no whole events")
    events, cycle = [], 0
    for place in range(0, len(words), EVENT_WORDS):
        first, data = words[place], words[place + 1]
        if not (0 <= first <= _WORD_MASK and 0 <= data <= _WORD_MASK):
            raise ValueError(f"event {place // EVENT_WORDS} is not of words of 32 bits")
        try:
            kind = EventKind(first >> TIME_BITS & 15)
        except ValueError:
            raise ValueError(
                f"event {place // EVENT_WORDS} is of kind {first >> TIME_BITS & 15}, "
                f"which there is not"
            ) from None
        cycle += first & ((1 << TIME_BITS) - 1)
        if kind == EventKind.TIME:
            cycle += data << TIME_BITS
        tile = first >> (TIME_BITS + KIND_BITS)
        events.append(TraceEvent(cycle=cycle, kind=kind, tile=tile, data=data))
    return events
