"""Words of events: what is written is read, and what is damaged is refused."""

import pytest

from arch.link_registers import LINK_MAP
from arch.trace_event import SELECTABLE, EventKind, TraceEvent, encode_event, read_events


def test_cycles_add_up():
    """Also over spans that have no place in an event."""
    words = [
        *encode_event(cycles=3, kind=EventKind.STEP, data=1 << 16 | 2),
        *encode_event(cycles=0, kind=EventKind.CAUSE, tile=7, data=4),
        *encode_event(cycles=0, kind=EventKind.TIME, data=300),
        *encode_event(cycles=(1 << 24) - 1, kind=EventKind.OU, tile=15, data=(1 << 32) - 1),
    ]
    late = 3 + 300 * (1 << 24) + (1 << 24) - 1
    assert read_events(words) == [
        TraceEvent(cycle=3, kind=EventKind.STEP, tile=0, data=65538),
        TraceEvent(cycle=3, kind=EventKind.CAUSE, tile=7, data=4),
        TraceEvent(cycle=3 + 300 * (1 << 24), kind=EventKind.TIME, tile=0, data=300),
        TraceEvent(cycle=late, kind=EventKind.OU, tile=15, data=0xFFFF_FFFF),
    ]
    assert read_events([]) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([1, 2, 3], "3 words are no whole events"),
        ([0, 0, 9 << 24, 0], "event 1 is of kind 9, which there is not"),
        ([1 << 32, 0], "event 0 is not of words of 32 bits"),
        ([0, -1], "event 0 is not of words of 32 bits"),
    ],
)
def test_damaged_words(words, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        read_events(words)


@pytest.mark.parametrize(
    ("name", "value", "bits"),
    [("cycles", 1 << 24, 24), ("kind", 16, 4), ("tile", -1, 4), ("data", 1 << 32, 32)],
)
def test_wrong_fields(name, value, bits):
    with pytest.raises(ValueError, match=f"^{name} must have {bits} bits, not be {value}$"):
        encode_event(**({"cycles": 0, "kind": 0} | {name: value}))


def test_every_selectable_kind_has_a_bit():
    (kinds,) = [f for f in LINK_MAP.find("trace_control").fields if f.name == "kinds"]
    assert max(SELECTABLE) < kinds.bits
    assert set(EventKind) - set(SELECTABLE) == {EventKind.TIME, EventKind.LOST}
