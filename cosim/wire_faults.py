"""What can happen to a frame on its way: to a request on the wire, to an answer in the host's ear.

Each fault of :data:`ON_WIRE` makes the items that are played instead of those of a request, see
:mod:`cosim.wire`; each of :data:`IN_ANSWER` makes the bytes that the host hears instead of those
that came.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from cosim.wire import hold, reset

__all__ = ["IN_ANSWER", "ON_WIRE", "Line"]

_BITS = 10  # of a byte, with start and stop


@dataclass(frozen=True, kw_only=True)
class Line:
    """The line that a fault happens to.

    Parameters
    ----------
    divisor : int
        Cycles of a bit.
    idle_bits : int
        Silence after which a frame is dropped, in bits.
    """

    divisor: int
    idle_bits: int


Items = list[int]
_OnWire = Callable[[Items, Items, Line, random.Random], Items]
"""Items of a request and of the one before it, the line, and where chance comes from."""
_InAnswer = Callable[[bytes, random.Random], bytes]


def _flips(items: Items, before: Items, line: Line, rng: random.Random, *, most: int) -> Items:
    flipped = list(items)
    for _ in range(rng.randint(1, most)):
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(_BITS)
    return flipped


def _lost(items: Items, before: Items, line: Line, rng: random.Random) -> Items:
    at = rng.randrange(len(items))
    return items[:at] + items[at + 1 :]


def _doubled(items: Items, before: Items, line: Line, rng: random.Random) -> Items:
    at = rng.randrange(len(items))
    return items[: at + 1] + items[at:]


def _inserted(items: Items, before: Items, line: Line, rng: random.Random) -> Items:
    at = rng.randrange(len(items) + 1)
    return items[:at] + _bytes(rng, 20) + items[at:]


def _truncated(items: Items, before: Items, line: Line, rng: random.Random) -> Items:
    return items[: rng.randrange(len(items))]


def _nothing(items: Items, before: Items, line: Line, rng: random.Random) -> Items:
    return []


def _twice(items: Items, before: Items, line: Line, rng: random.Random) -> Items:
    return items + _silence(line, rng) * rng.randrange(2) + items


def _stale(items: Items, before: Items, line: Line, rng: random.Random) -> Items:
    """The request before comes once more."""
    return before + _silence(line, rng) * rng.randrange(2) + items


def _short_silence(items: Items, before: Items, line: Line, rng: random.Random) -> Items:
    at = rng.randrange(len(items))
    most = max(1, (line.idle_bits - 2 * _BITS) * line.divisor)
    return [*items[:at], hold(1, rng.randint(1, most)), *items[at:]]


def _long_silence(items: Items, before: Items, line: Line, rng: random.Random) -> Items:
    at = rng.randrange(len(items))
    return items[:at] + _silence(line, rng) + items[at:]


def _glitch(items: Items, before: Items, line: Line, rng: random.Random) -> Items:
    at = rng.randrange(len(items))
    low = hold(0, rng.randint(1, line.divisor))
    return [*items[:at], low, hold(1, rng.randint(1, 20 * line.divisor)), *items[at:]]


def _noise(items: Items, before: Items, line: Line, rng: random.Random) -> Items:
    """Levels of any length, so at any phase of the bits."""
    levels = [
        hold(rng.randrange(2), rng.randint(1, 3 * line.divisor)) for _ in range(rng.randint(1, 200))
    ]
    return levels + [hold(1, rng.randint(1, 12 * line.divisor))] * rng.randrange(2) + items


def _other_baud(items: Items, before: Items, line: Line, rng: random.Random) -> Items:
    time = line.divisor * 2 ** rng.uniform(-1.5, 3)
    return _at_speed(_bytes(rng, 30), time) + _silence(line, rng) * rng.randrange(2) + items


def _off_speed(items: Items, before: Items, line: Line, rng: random.Random) -> Items:
    return _at_speed(items, line.divisor * (1 + rng.uniform(-0.1, 0.1)))


def _break(items: Items, before: Items, line: Line, rng: random.Random) -> Items:
    at = rng.randrange(len(items) + 1)
    low = [hold(0, rng.randint(_BITS, 2 * line.idle_bits) * line.divisor)]
    return items[:at] + low + [hold(1, line.divisor)] * rng.randrange(2) + items[at:]


def _reset_in_request(items: Items, before: Items, line: Line, rng: random.Random) -> Items:
    at = rng.randrange(len(items))
    return [*items[:at], reset(rng.randint(1, 8)), *items[at:]]


def _reset_after(items: Items, before: Items, line: Line, rng: random.Random) -> Items:
    """While the request is done, while its answer goes, or afterwards."""
    return [*items, hold(1, rng.randint(1, 60 * _BITS * line.divisor)), reset(rng.randint(1, 8))]


def _silence(line: Line, rng: random.Random) -> Items:
    return [hold(1, rng.randint(line.idle_bits, 2 * line.idle_bits) * line.divisor)]


def _bytes(rng: random.Random, most: int) -> Items:
    return [byte << 1 | 1 << _BITS - 1 for byte in rng.randbytes(rng.randint(1, most))]


def _at_speed(items: Items, time: float) -> Items:
    """Bytes with a bit time of one's own, in cycles, as levels."""
    levels = [item >> bit & 1 for item in items for bit in range(_BITS)]
    ends = np.round(np.arange(1, len(levels) + 1) * time).astype(int)
    lengths = np.diff(ends, prepend=0)
    return [
        hold(level, int(length)) for level, length in zip(levels, lengths, strict=True) if length
    ]


ON_WIRE: Mapping[str, _OnWire] = {
    "flipped bit": partial(_flips, most=1),
    "flipped bits": partial(_flips, most=8),
    "lost byte": _lost,
    "doubled byte": _doubled,
    "inserted bytes": _inserted,
    "truncated request": _truncated,
    "lost request": _nothing,
    "doubled request": _twice,
    "stale request": _stale,
    "short silence": _short_silence,
    "long silence": _long_silence,
    "glitch": _glitch,
    "noise": _noise,
    "other baud rate": _other_baud,
    "wrong speed": _off_speed,
    "break": _break,
    "reset in request": _reset_in_request,
    "reset afterwards": _reset_after,
}
"""Faults on the way to the device."""


def _answer_flip(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def _answer_lost(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + data[at + 1 :]


def _answer_doubled(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[: at + 1] + data[at:]


def _answer_inserted(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.randint(1, 20)) + data[at:]


def _answer_truncated(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def _answer_twice(data: bytes, rng: random.Random) -> bytes:
    return data + data


def _answer_nothing(data: bytes, rng: random.Random) -> bytes:
    return b""


IN_ANSWER: Mapping[str, _InAnswer] = {
    "flipped bit in answer": _answer_flip,
    "lost byte in answer": _answer_lost,
    "doubled byte in answer": _answer_doubled,
    "inserted bytes in answer": _answer_inserted,
    "truncated answer": _answer_truncated,
    "doubled answer": _answer_twice,
    "lost answer": _answer_nothing,
}
"""Faults on the way back."""
