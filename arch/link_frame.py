"""Frames of the host link: what goes over the wire between a host and a device.

``docs/link.md`` explains the protocol. A frame is the same in both directions:

    start     1 byte    0x7e
    kind      1 byte    :class:`Kind`; with :data:`ANSWER` set, the answer to it
    sequence  1 byte    of the request; an answer has that of its request
    length    2 bytes   bytes of the payload
    payload
    check     4 bytes   CRC-32 (that of zlib and Ethernet) of everything between start and check

Numbers of several bytes have the least significant one first.
"""

import zlib
from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "ANSWER",
    "CHECK_BYTES",
    "HEADER_BYTES",
    "LINK_VERSION",
    "OVERHEAD_BYTES",
    "START",
    "Frame",
    "FrameReader",
    "Kind",
    "Status",
    "encode_frame",
    "pattern",
]

LINK_VERSION = 1
"""Version of the protocol, which the answer to :attr:`Kind.SYNC` has."""
START = 0x7E
"""First byte of a frame; what comes before it is not looked at."""
ANSWER = 0x80
"""Bit of the kind that tells an answer from a request."""
HEADER_BYTES = 5
"""Bytes before the payload: start, kind, sequence, length."""
CHECK_BYTES = 4
"""Bytes behind the payload."""
OVERHEAD_BYTES = HEADER_BYTES + CHECK_BYTES
"""Bytes of a frame that are not payload."""


class Kind(IntEnum):
    """What a request wants; the payloads of request and answer follow.

    The payload of every answer begins with a byte, :class:`Status`; what follows it comes only with
    :attr:`Status.DONE`, unless stated. ``u16`` and ``u32`` are unsigned numbers of so many bits.
    """

    SYNC = 1
    """Begin a conversation: ``nonce u32``; answer ``nonce u32, version u16, payload_max u16``."""
    READ = 2
    """Read words: ``address u32, step u16, count u16``; answer ``count`` words of 32 bits.

    Word ``n`` is at byte address ``address + n * step``. Where there is nothing: status
    ``ADDRESS`` and the words before it.
    """
    WRITE = 3
    """Write words: ``address u32, step u16``, words; answer ``written u16``.

    ``written`` comes with status ``ADDRESS``, too: the words before that where there is nothing.
    """
    PUT = 4
    """Give bytes of images: bytes; answer ``room u16``, the bytes for which there is room now.

    ``room`` comes with status ``NO_ROOM``, too; none of the bytes is taken then.
    """
    GET = 5
    """Take results: ``most u16``; answer up to ``most`` words of 32 bits, see ``docs/link.md``."""
    ECHO = 6
    """Try the link: bytes; answer the same bytes."""
    PATTERN = 7
    """Try the link: ``seed u32, count u16``; answer ``count`` bytes of :func:`pattern`."""


class Status(IntEnum):
    """First byte of the payload of an answer."""

    DONE = 0
    """It was done."""
    KIND = 1
    """There is no such kind of request; nothing was done."""
    LENGTH = 2
    """The payload is not as long as this kind needs, or the answer would be too long."""
    ADDRESS = 3
    """There is nothing at an address, and the access has ended there."""
    NO_ROOM = 4
    """The bytes of images do not fit now; nothing was taken."""
    SEQUENCE = 5
    """The number is neither that of the last request nor the one after it; nothing was done."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A frame whose check was right.

    Parameters
    ----------
    kind : int
        A :class:`Kind`, with :data:`ANSWER` in an answer; any byte may come.
    sequence : int
        0 to 255.
    payload : bytes
        At most 65,535.
    """

    kind: int
    sequence: int
    payload: bytes


def encode_frame(frame: Frame) -> bytes:
    """The bytes of a frame; raises ValueError or OverflowError if a field is out of range."""
    checked = bytes([frame.kind, frame.sequence])
    checked += len(frame.payload).to_bytes(2, "little") + frame.payload
    return bytes([START]) + checked + zlib.crc32(checked).to_bytes(CHECK_BYTES, "little")


class FrameReader:
    """Finds frames in bytes that come in pieces, as the device does.

    A frame that is too long or whose check is wrong is dropped with everything that follows, until
    :meth:`silence`.

    Parameters
    ----------
    payload_max : int
        The longest payload that can be right.
    """

    def __init__(self, payload_max: int) -> None:
        self._payload_max = payload_max
        self._held = bytearray()
        self._lost = False
        self.damaged = 0

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes; the frames that are complete with them."""
        frames = []
        self._held += data
        while not self._lost:
            start = self._held.find(START)
            if start < 0:
                self._held.clear()
                break
            del self._held[:start]
            if len(self._held) < HEADER_BYTES:
                break
            length = int.from_bytes(self._held[3:5], "little")
            if length > self._payload_max:
                self._lose()
                break
            end = length + OVERHEAD_BYTES
            if len(self._held) < end:
                break
            checked = bytes(self._held[1 : end - CHECK_BYTES])
            check = int.from_bytes(self._held[end - CHECK_BYTES : end], "little")
            if zlib.crc32(checked) != check:
                self._lose()
                break
            frames.append(Frame(kind=checked[0], sequence=checked[1], payload=checked[4:]))
            del self._held[:end]
        if self._lost:
            self._held.clear()
        return frames

    def silence(self) -> None:
        """Nothing came for long: what is held is no frame, and the next byte may begin one."""
        self._held.clear()
        self._lost = False

    def drop(self) -> None:
        """Bytes were passed over: what they began is dropped, too, until :meth:`silence`."""
        self._held.clear()
        self._lost = True

    def _lose(self) -> None:
        self._lost = True
        self.damaged += 1


def pattern(seed: int, count: int) -> bytes:
    """Bytes of the pattern generator: the lowest byte of each state of xorshift32, from ``seed``.

    A state follows from the one before by ``x ^= x << 13; x ^= x >> 17; x ^= x << 5`` (Marsaglia,
    "Xorshift RNGs", 2003); the first is ``seed`` itself. Of zero follows zero.
    """
    state, made = seed, bytearray()
    for _ in range(count):
        made.append(state & 0xFF)
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
    return bytes(made)
