"""The trace of a device, by registers and memory that are played."""

import random

import pytest

from arch.link_registers import TRACE_BASE
from arch.trace_event import EventKind, TraceEvent, encode_event
from host import trace
from host.errors import DeviceError
from host.trace import Trace, TraceSettings, read_trace, start_trace, stop_trace


class Played:
    """A device of which only the trace is there: registers by name, and the words of its memory."""

    def __init__(self, monkeypatch, *, words=(), **registers):
        self.written = []
        self.registers = {
            "features": {"trace": 1},
            "trace_shape": {"events": 16, "words": 2},
            "trace_control": {"ring": 1, "kinds": 5},
            "trace_status": {"running": 0, "wrapped": 0, "next": len(words) // 2},
            "trace_lost": {"value": 0},
        } | registers
        self.link, self.link_registers = self, self
        self._words = [*words, *[0] * (32 - len(words))]
        monkeypatch.setattr(trace, "read_words", self._read)

    def fields(self, name):
        return self.registers[name]

    def value(self, name):
        return self.registers[name]["value"]

    def write(self, name, **values):
        self.written.append((name, values))

    def _read(self, link, address, count):
        assert (link, address) == (self, TRACE_BASE)
        return self._words[:count]


def numbered(*numbers):
    """Events a cycle apart whose data are numbers."""
    each = [encode_event(cycles=1, kind=EventKind.RESULT, data=number) for number in numbers]
    return [word for event in each for word in event]


def test_start_and_stop(monkeypatch):
    device = Played(monkeypatch)
    settings = TraceSettings(
        kinds=(EventKind.IMAGE, EventKind.OU), first_step=2, last_step=3, passes=9, ring=True
    )
    start_trace(device, settings)
    stop_trace(device)
    assert device.written == [
        ("trace_steps", {"first": 2, "last": 3}),
        ("trace_pass", {"events": 9}),
        ("trace_control", {"start": 1, "ring": 1, "kinds": 0b1001}),
        ("trace_control", {"stop": 1, "ring": 1, "kinds": 5}),
    ]


def test_reads_what_there_is(monkeypatch):
    device = Played(monkeypatch, words=numbered(4, 5), trace_lost={"value": 6})
    events = tuple(
        TraceEvent(cycle=n + 1, kind=EventKind.RESULT, tile=0, data=4 + n) for n in range(2)
    )
    assert read_trace(device) == Trace(events=events, lost=6, full=False)


def test_reads_a_ring_from_its_oldest_event(monkeypatch):
    status = {"running": 0, "wrapped": 1, "next": 3}
    device = Played(monkeypatch, words=numbered(*range(16)), trace_status=status)
    seen = read_trace(device)
    assert [event.data for event in seen.events] == [*range(3, 16), *range(3)]
    assert seen.full


@pytest.mark.parametrize(
    ("registers", "message"),
    [
        ({"features": {"trace": 0}}, "the device has no trace: build it with one "),
        ({"trace_shape": {"events": 24, "words": 2}}, "the device has a trace of 24 events of 2 "),
        ({"trace_shape": {"events": 65535, "words": 2}}, "the device has a trace of 65535 events"),
        ({"trace_shape": {"events": 16, "words": 3}}, "the device has a trace of 16 events of 3 "),
        (
            {"trace_status": {"running": 0, "wrapped": 0, "next": 16}},
            "the trace of 16 events says that the next is number 16",
        ),
        (
            {"trace_status": {"running": 0, "wrapped": 1, "next": 0}, "bad": True},
            "the memory of the trace is damaged: event 0 is of kind 9, which there is not",
        ),
    ],
)
def test_what_makes_no_sense(registers, message, monkeypatch):
    words = [9 << 24, 0] if registers.pop("bad", False) else []
    with pytest.raises(DeviceError, match=f"^{message}"):
        read_trace(Played(monkeypatch, words=words, **registers))


def test_a_trace_that_does_not_stop(monkeypatch):
    device = Played(monkeypatch, trace_status={"running": 1, "wrapped": 0, "next": 0})
    with pytest.raises(DeviceError, match=r"^the trace does not stop; configure the device anew$"):
        stop_trace(device)


def test_random_words_are_events_or_an_error(monkeypatch):
    rng = random.Random(7)
    for _ in range(200):
        words = [rng.getrandbits(32) for _ in range(2 * rng.randrange(1, 5))]
        device = Played(monkeypatch, words=words)
        if all(first >> 24 & 15 in set(EventKind) for first in words[::2]):
            assert len(read_trace(device).events) == len(words) // 2
        else:
            with pytest.raises(DeviceError, match=r"^the memory of the trace is damaged: event "):
                read_trace(device)
