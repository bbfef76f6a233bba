"""Requests in a row, and what docs/link.md says that any device answers to them.

The dispatcher and the device in Python are asked the same. Both have the sizes below, a word that
can be written at :data:`WORD` and none at :data:`NOWHERE`, and no results that wait.
"""

import struct
from typing import NamedTuple

from arch.link_frame import LINK_VERSION, Kind, Status, pattern

__all__ = ["CONVERSATIONS", "IMAGE_BYTES", "PAYLOAD_MAX", "RESULTS", "WORD", "Ask"]

PAYLOAD_MAX, IMAGE_BYTES, RESULTS = 64, 128, 32
WORD, NOWHERE = 0x40, 0xF00


class Ask(NamedTuple):
    """A request; ``status`` is None if the last answer comes once more."""

    kind: int
    number: int
    payload: bytes
    status: Status | None
    answer: bytes = b""


def sync(number, nonce=b"\x01\x02\x03\x04"):
    answer = nonce + struct.pack("<HH", LINK_VERSION, PAYLOAD_MAX)
    return Ask(Kind.SYNC, number, nonce, Status.DONE, answer)


def echo(number, status=Status.DONE):
    data = bytes([number, 0x7E])
    return Ask(Kind.ECHO, number, data, status, data if status == Status.DONE else b"")


def refused(number):
    return echo(number, Status.SEQUENCE)


def again(number, kind=Kind.ECHO, payload=b"else"):
    return Ask(kind, number, payload, None)


def read(number, address, *words, step=4, more=0):
    """Of the words that are there, and ``more`` besides."""
    status = Status.ADDRESS if more else Status.DONE
    payload = struct.pack("<IHH", address, step, len(words) + more)
    return Ask(Kind.READ, number, payload, status, struct.pack(f"<{len(words)}I", *words))


def write(number, address, *words, step=4, written=None):
    count = len(words) if written is None else written
    status = Status.DONE if count == len(words) else Status.ADDRESS
    payload = struct.pack(f"<IH{len(words)}I", address, step, *words)
    return Ask(Kind.WRITE, number, payload, status, struct.pack("<H", count))


def put(number, count, room, status=Status.DONE):
    return Ask(Kind.PUT, number, bytes(count), status, struct.pack("<H", room))


def get(number):
    return Ask(Kind.GET, number, b"\x02\x00", Status.DONE)


def wrong(number, kind, payload, status=Status.LENGTH):
    return Ask(kind, number, payload, status)


CONVERSATIONS = {
    "nothing before a SYNC": [refused(0), refused(1), refused(255), sync(5), refused(1), echo(6)],
    "a SYNC of a wrong length is one": [
        wrong(7, Kind.SYNC, b"abc"),
        again(7),
        echo(8),
        wrong(100, Kind.SYNC, b""),
        refused(9),
        again(100, Kind.SYNC + 1),
        echo(101),
        wrong(101, Kind.SYNC, bytes(5)),
        again(101),
        echo(102),
    ],
    "a SYNC is always done": [
        sync(3),
        sync(3, b"abcd"),
        again(3),
        echo(4),
        sync(4, b"efgh"),
        again(4),
        sync(0),
        refused(5),
        echo(1),
    ],
    "numbers go round": [
        sync(254),
        refused(253),
        refused(0),
        again(254),
        echo(255),
        echo(0),
        refused(255),
        again(0),
        echo(1),
    ],
    "what is refused leaves the answer": [sync(9), echo(10), refused(12), again(10), echo(11)],
    "what ends in an error is the last request": [
        sync(0),
        wrong(1, 0, b"", Status.KIND),
        again(1),
        wrong(2, 8, bytes(8), Status.KIND),
        wrong(3, 0x80 | Kind.ECHO, b"", Status.KIND),
        again(3),
        wrong(4, Kind.READ, bytes(7)),
        again(4),
        wrong(5, Kind.READ, struct.pack("<IHH", WORD, 0, PAYLOAD_MAX // 4)),
        wrong(6, Kind.WRITE, bytes(4)),
        wrong(7, Kind.WRITE, bytes(8)),
        wrong(8, Kind.GET, b"\x01"),
        wrong(9, Kind.GET, struct.pack("<H", PAYLOAD_MAX // 4)),
        wrong(10, Kind.ECHO, bytes(PAYLOAD_MAX)),
        wrong(11, Kind.PATTERN, bytes(5)),
        wrong(12, Kind.PATTERN, struct.pack("<IH", 1, PAYLOAD_MAX)),
        again(12),
        echo(13),
    ],
    "limits": [
        sync(0),
        read(1, WORD, *[0] * 15, step=0),
        write(2, NOWHERE),
        put(3, 0, IMAGE_BYTES),
        Ask(Kind.ECHO, 4, bytes(63), Status.DONE, bytes(63)),
        Ask(Kind.PATTERN, 5, struct.pack("<IH", 77, 63), Status.DONE, pattern(77, 63)),
        Ask(Kind.GET, 6, b"\x0f\x00", Status.DONE),
        Ask(Kind.GET, 7, b"\x00\x00", Status.DONE),
        read(8, WORD + 0x10000),
    ],
    "addresses": [
        sync(0),
        write(1, WORD, 0xDEADBEEF),
        read(2, WORD, 0xDEADBEEF),
        read(3, WORD + 0x10000, more=1),
        write(4, WORD + 0x10000, 1, written=0),
        read(5, WORD + (1 << 31), more=1),
        write(6, WORD + 2, 1, written=0),
        read(7, WORD + 1, more=1),
        read(8, WORD, 0xDEADBEEF, step=2, more=1),
        read(9, WORD, 0xDEADBEEF, step=0xFFFC, more=2),
        read(10, NOWHERE, more=3),
        write(11, NOWHERE, 1, 2, written=0),
        write(12, WORD, 5, 6, step=NOWHERE - WORD, written=1),
        read(13, WORD, 5, 5, 5, step=0),
        write(14, WORD, 1, 2, 3, step=0),
        again(14, Kind.WRITE, struct.pack("<IHI", WORD, 0, 9)),
        read(15, WORD, 3),
    ],
    "images": [
        sync(20),
        put(21, 60, 68),
        again(21, Kind.PUT, bytes(60)),
        again(21, Kind.PUT, bytes(3)),
        put(22, 64, 4),
        put(23, 5, 4, Status.NO_ROOM),
        again(23, Kind.PUT, bytes(4)),
        sync(23),
        put(24, 4, 0),
        put(25, 0, 0),
        put(26, 1, 0, Status.NO_ROOM),
        get(27),
        again(27, Kind.GET, b"\x01\x00"),
    ],
}
"""By what they show."""
