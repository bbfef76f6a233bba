"""Faults on the way: each does what its name says, and nothing that the wire cannot."""

import random

import numpy as np
import pytest

from cosim.fault_case import WORKS, Plan
from cosim.wire import symbols
from cosim.wire_faults import IN_ANSWER, ON_WIRE, Line

LINE = Line(divisor=4, idle_bits=64)
DATA = bytes(range(40, 60))
REQUEST = [int(item) for item in symbols(DATA)]
BEFORE = [int(item) for item in symbols(b"before")]
UNCHANGED = {"doubled request", "stale request", "reset afterwards"}
"""Which have the whole request in them, as it is."""


def decoded(items):
    """Bytes of items that are bytes with start and stop; silences and the like are left out."""
    whole = [item for item in items if item < 1 << 10]
    return bytes(item >> 1 & 0xFF for item in whole if not item & 1 and item >> 9)


def lengths(items):
    """Cycles of the levels and resets."""
    return [item & (1 << 29) - 1 for item in items if item >= 1 << 30]


@pytest.mark.parametrize("name", ON_WIRE)
@pytest.mark.parametrize("seed", range(20))
def test_on_wire(name, seed):
    items = ON_WIRE[name](REQUEST, BEFORE, LINE, random.Random(seed))
    assert all(0 <= item < 3 << 30 for item in items)
    assert all(item < 1 << 10 or item >= 1 << 30 for item in items)
    assert all(length > 0 for length in lengths(items))
    assert items != REQUEST
    if name in UNCHANGED:
        assert DATA in decoded(items)


def test_symbols():
    assert symbols(b"\x00\xff\x01").tolist() == [0b1000000000, 0b1111111110, 0b1000000010]
    assert decoded(REQUEST) == DATA


def test_what_names_say():
    rng = random.Random(1)
    flipped = ON_WIRE["flipped bit"](REQUEST, BEFORE, LINE, rng)
    assert sum((a ^ b).bit_count() for a, b in zip(flipped, REQUEST, strict=True)) == 1
    assert len(ON_WIRE["lost byte"](REQUEST, BEFORE, LINE, rng)) == len(REQUEST) - 1
    assert len(ON_WIRE["doubled byte"](REQUEST, BEFORE, LINE, rng)) == len(REQUEST) + 1
    assert DATA.startswith(decoded(ON_WIRE["truncated request"](REQUEST, BEFORE, LINE, rng)))
    assert decoded(ON_WIRE["stale request"](REQUEST, BEFORE, LINE, rng)) == b"before" + DATA
    for _ in range(20):
        (short,) = lengths(ON_WIRE["short silence"](REQUEST, BEFORE, LINE, rng))
        (long,) = lengths(ON_WIRE["long silence"](REQUEST, BEFORE, LINE, rng))
        assert short < 64 * 4 <= long
        off = lengths(ON_WIRE["wrong speed"](REQUEST, BEFORE, LINE, rng))
        assert 0.89 <= sum(off) / (len(REQUEST) * 10 * 4) <= 1.11


@pytest.mark.parametrize("name", IN_ANSWER)
def test_in_answer(name):
    for seed in range(20):
        assert IN_ANSWER[name](DATA, random.Random(seed)) != DATA


def test_plans():
    """The seed decides; every fault comes equally often, and meets every kind of work."""
    plans = [Plan.of(3, number) for number in range(2080)]
    again = [Plan.of(3, number) for number in range(2080)]
    assert [(p.fault, p.work, p.first, p.count) for p in plans] == [
        (p.fault, p.work, p.first, p.count) for p in again
    ]
    assert plans[0].rng.random() == again[0].rng.random()
    faults, times = np.unique([plan.fault for plan in plans], return_counts=True)
    assert len(faults) == len(ON_WIRE) + len(IN_ANSWER) + 1
    assert set(times) == {80}
    assert len({(plan.fault, plan.work) for plan in plans}) == len(faults) * len(WORKS)
    assert [p.work for p in plans] != [Plan.of(4, number).work for number in range(2080)]
