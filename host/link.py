"""The host's end of a link: requests with answers, repeated until they come whole."""

import random
from collections.abc import Callable

from arch.link_frame import (
    ANSWER,
    LINK_VERSION,
    OVERHEAD_BYTES,
    Frame,
    FrameReader,
    Kind,
    Status,
    encode_frame,
)
from arch.link_shape import LinkShape
from host.errors import DeviceError, DeviceWasReset, NoAnswer
from host.link_answer import Answer, LinkCounts
from host.transport import Transport

__all__ = ["REPEATS", "TIMEOUT", "Link"]

TIMEOUT = 0.5
"""Seconds that an answer may take, beside those of its bytes on the wire."""
REPEATS = 8
"""How often a request is repeated before the link gives up."""
PAYLOAD_LEAST, PAYLOAD_MOST = 64, 1024
"""What a device may have as its longest payload, see :class:`arch.link_shape.LinkShape`."""
_BITS = 10
"""Of a byte on the wire, start and stop bit included."""
_NUMBERS = 256
_QUIET = 1.5
"""How much longer than ``idle_bits`` the host keeps silent."""
_QUIET_LIMIT = 64
"""So many times as long it waits for the device to fall silent."""


class Link:
    """Requests to a device, one at a time.

    A request is repeated until its answer has come whole; the device does none of them twice. When
    that fails :exc:`host.errors.NoAnswer` is raised, and the next request begins a new
    conversation, so that a link works again as soon as the line does. Nothing waits for ever.

    Parameters
    ----------
    transport : Transport
        The line.
    shape : LinkShape
        Speed of the line, and the silence after which the device drops what has begun.
    timeout : float
        Seconds that an answer may take, beside those of its bytes on the wire.
    repeats : int
        How often a request is repeated.
    seed : int, optional
        Of the numbers by which the answers to SYNC are known; random without.
    """

    def __init__(
        self,
        transport: Transport,
        shape: LinkShape,
        *,
        timeout: float = TIMEOUT,
        repeats: int = REPEATS,
        seed: int | None = None,
    ) -> None:
        if timeout <= 0 or repeats < 0:
            raise ValueError(
                f"timeout must be positive and repeats at least 0, not {timeout} and {repeats}"
            )
        self.transport = transport
        self.shape = shape
        self.counts = LinkCounts()
        self._timeout = timeout
        self._repeats = repeats
        self._random = random.Random(seed)
        self._reader = FrameReader(PAYLOAD_MOST)
        self._payload_max = PAYLOAD_LEAST
        self._sequence = 0
        self._synced = False

    @property
    def payload_max(self) -> int:
        """Longest payload that the device takes and gives; :meth:`sync` learns it."""
        if not self._synced:
            self.sync()
        return self._payload_max

    @property
    def wire_seconds(self) -> float:
        """Seconds that a byte takes on the wire."""
        return _BITS / self.shape.baud

    def sync(self) -> None:
        """Begin a conversation.

        Raises
        ------
        :exc:`host.errors.NoAnswer`
            If none begins.
        :exc:`host.errors.DeviceError`
            If the device speaks another version of the protocol.
        """
        self._synced = False
        nonce = self._random.getrandbits(32).to_bytes(4, "little")
        self._reader = FrameReader(PAYLOAD_MOST)

        def ours(frame: Frame) -> bool:
            return frame.payload[1:5] == nonce and len(frame.payload) == 9

        answer = self._exchange(Kind.SYNC, nonce, ours)
        version = int.from_bytes(answer.payload[4:6], "little")
        payload_max = int.from_bytes(answer.payload[6:8], "little")
        if version != LINK_VERSION:
            raise DeviceError(
                f"the device speaks version {version} of the link, this driver {LINK_VERSION}; "
                "use the driver that its bitstream was made with"
            )
        if not PAYLOAD_LEAST <= payload_max <= PAYLOAD_MOST:
            raise DeviceError(f"the device states a longest payload of {payload_max} bytes")
        self._payload_max = payload_max
        self._reader = FrameReader(payload_max)
        self._synced = True
        self.counts.syncs += 1

    def request(self, kind: Kind, payload: bytes = b"") -> Answer:
        """Send a request, and repeat it until it is answered.

        Raises
        ------
        :exc:`ValueError`
            If the payload is longer than the device takes.
        :exc:`host.errors.NoAnswer`
            If no whole answer came.
        :exc:`host.errors.DeviceWasReset`
            If the device has forgotten the conversation. Nothing is known of what it did.
        :exc:`host.errors.DeviceError`
            If the answer makes no sense.
        """
        if not self._synced:
            self.sync()
        if len(payload) > self._payload_max:
            raise ValueError(f"a payload of {len(payload)} bytes is too long for the device")
        self._sequence = (self._sequence + 1) % _NUMBERS
        answer = self._exchange(kind, payload)
        if answer.status == Status.SEQUENCE:
            self._synced = False
            raise DeviceWasReset(
                "the device has forgotten the conversation: it was reset, or another program "
                "uses the port; begin again"
            )
        if answer.status in (Status.KIND, Status.LENGTH):
            raise DeviceError(
                f"the device refuses a {kind.name} request ({answer.status.name}); use the driver "
                "that its bitstream was made with"
            )
        return answer

    def _exchange(
        self, kind: Kind, payload: bytes, ours: Callable[[Frame], bool] = lambda frame: True
    ) -> Answer:
        """Send a request with the sequence number at hand until ``ours`` is an answer to it."""
        data = encode_frame(Frame(kind=kind, sequence=self._sequence, payload=payload))
        began = self.transport.seconds()
        try:
            for attempt in range(self._repeats + 1):
                if attempt:
                    self.counts.repeats += 1
                    self._keep_silent()
                frame = self._attempt(data, kind, ours)
                if frame is not None:
                    self.counts.requests += 1
                    return _answer(frame)
        except BaseException:
            self._synced = False
            raise
        finally:
            self.counts.seconds += self.transport.seconds() - began
        self._synced = False
        raise NoAnswer(self._reason())

    def _attempt(self, data: bytes, kind: Kind, ours: Callable[[Frame], bool]) -> Frame | None:
        """Send a request once; None if no whole answer came."""
        longest = len(data) + PAYLOAD_MOST + OVERHEAD_BYTES
        damaged = self._reader.damaged
        self.transport.write(data)
        self.counts.sent += len(data)
        end = self.transport.seconds() + self._timeout + longest * self.wire_seconds
        begun = False
        while (left := end - self.transport.seconds()) > 0:
            received = self.transport.read(min(left, self._quiet_seconds) if begun else left)
            self.counts.received += len(received)
            for frame in self._reader.feed(received):
                if frame.kind != kind | ANSWER or frame.sequence != self._sequence:
                    self.counts.passed_over += 1
                elif frame.payload and ours(frame):
                    return frame
                else:
                    self.counts.passed_over += 1
            if self._reader.damaged > damaged:
                self.counts.damaged += 1
                return None
            if begun and not received:
                break  # what began to come has ended
            begun = begun or bool(received)
        self.counts.silent += 1
        return None

    @property
    def _quiet_seconds(self) -> float:
        return _QUIET * self.shape.idle_bits / self.shape.baud

    def _keep_silent(self) -> None:
        """Say nothing until the device has dropped what it holds and nothing comes any more."""
        end = self.transport.seconds() + _QUIET_LIMIT * self._quiet_seconds
        while received := self.transport.read(self._quiet_seconds):
            self.counts.received += len(received)
            if self.transport.seconds() > end:
                break  # it never stops: noise, or another baud rate; the next attempt fails, too
        self._reader.silence()

    def _reason(self) -> str:
        tried = f"tried {self._repeats + 1} times"
        if not self.counts.received:
            return (
                f"the device does not answer ({tried}, nothing at all came): is this its port, is "
                "it configured and out of reset, are transmit and receive exchanged?"
            )
        if not self.counts.requests:
            return (
                f"the device does not answer ({tried}; what came was no answer): is the baud rate "
                f"{self.shape.baud}, and is something of Ohmforge in the device?"
            )
        return (
            f"the device answers no more ({tried}): was it switched off, reset or reconfigured, or "
            "is the cable loose?"
        )


def _answer(frame: Frame) -> Answer:
    try:
        status = Status(frame.payload[0])
    except ValueError:
        raise DeviceError(
            f"the device answers with status {frame.payload[0]}, which this driver does not know"
        ) from None
    return Answer(status=status, payload=frame.payload[1:])
