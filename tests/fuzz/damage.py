"""Damage to the bytes of a file, whatever it holds.

Every function takes a :class:`random.Random`, so a seed gives the same damage again, and hypothesis
can draw and shrink it through ``strategies.randoms``.
"""

import re
from collections.abc import Callable, Sequence
from random import Random

__all__ = ["BYTE_DAMAGE", "Damage", "damage_bytes"]

Damage = Callable[[Random, bytes, bytes], bytes]
"""Damage to some bytes; the third argument is another file of the same kind."""

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_NUMBERS = (
    b"0",
    b"-1",
    b"1",
    b"255",
    b"65536",
    b"2147483648",
    b"9223372036854775808",
    b"18446744073709551616",
    b"1" + b"0" * 400,
    b"1e308",
    b"1e999",
    b"NaN",
    b"-Infinity",
    b".inf",
    b"0.1",
    b"true",
    b"null",
    b"''",
)
_WORDS = (
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",  # half a surrogate pair, which is not UTF-8
    b"\x1b]0;title\x07",
    b"\r\n",
    b"\t",
    b"../../../../outside",
    b"/etc/passwd",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x93NUMPY\x01\x00",
    b"\x80\x04\x95",
    b"&a [*a, *a]",
    b"!!python/object/apply:os.system [touch canary]",
    b"{{{{",
    b"[[[[",
    b"%s%n",
)
_LENGTH_MAX = 1 << 20


def damage_bytes(rng: Random, data: bytes, donor: bytes) -> bytes:
    """One to four kinds of damage, one after the other."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = rng.choice(BYTE_DAMAGE)(rng, data, donor)[:_LENGTH_MAX]
    return data


def _place(rng: Random, data: bytes) -> int:
    """A place in the data, often near an end: headers are short and hold what matters."""
    end = rng.choice((len(data), len(data), 64, 512))
    place = rng.randrange(min(end, len(data)) + 1)
    return len(data) - place if rng.random() < 0.3 else place


def _flip_bit(rng: Random, data: bytes, donor: bytes) -> bytes:
    place = _place(rng, data)
    changed = bytes(byte ^ 1 << rng.randrange(8) for byte in data[place : place + 1])
    return data[:place] + changed + data[place + 1 :]


def _set_bytes(rng: Random, data: bytes, donor: bytes) -> bytes:
    place = _place(rng, data)
    count = rng.choice((1, 1, 2, 4, 8))
    value = rng.choice((b"\x00", b"\xff", b"\x7f", b"\x80", b"\x01", bytes([rng.randrange(256)])))
    return data[:place] + value * count + data[place + count :]


def _insert(rng: Random, data: bytes, donor: bytes) -> bytes:
    place = _place(rng, data)
    return data[:place] + rng.choice((*_WORDS, *_NUMBERS)) + data[place:]


def _delete(rng: Random, data: bytes, donor: bytes) -> bytes:
    place = _place(rng, data)
    return data[:place] + data[place + rng.choice((1, 1, 2, 4, 16, 200)) :]


def _truncate(rng: Random, data: bytes, donor: bytes) -> bytes:
    return data[: _place(rng, data)]


def _repeat(rng: Random, data: bytes, donor: bytes) -> bytes:
    first, last = sorted((_place(rng, data), _place(rng, data)))
    return data[:last] + data[first:last] * rng.choice((1, 2, 20)) + data[last:]


def _swap(rng: Random, data: bytes, donor: bytes) -> bytes:
    first, second, third = sorted(_place(rng, data) for _ in range(3))
    return data[:first] + data[second:third] + data[first:second] + data[third:]


def _splice(rng: Random, data: bytes, donor: bytes) -> bytes:
    return data[: _place(rng, data)] + donor[_place(rng, donor) :]


def _replace_number(rng: Random, data: bytes, donor: bytes) -> bytes:
    found = list(_NUMBER.finditer(data[:_LENGTH_MAX]))
    if not found:
        return _set_bytes(rng, data, donor)
    start, end = rng.choice(found).span()
    return data[:start] + rng.choice(_NUMBERS) + data[end:]


def _replace_all(rng: Random, data: bytes, donor: bytes) -> bytes:
    return rng.choice((b"", b"\x00" * 100, b"\xff" * 5000, rng.randbytes(64), b"PK\x05\x06" * 9))


BYTE_DAMAGE: Sequence[Damage] = (
    _flip_bit,
    _set_bytes,
    _insert,
    _delete,
    _truncate,
    _repeat,
    _swap,
    _splice,
    _replace_number,
    _replace_all,
)
