"""What a dispatcher knows of a request: its fields, how far it is, and what came before."""

from amaranth import Signal
from amaranth.lib import data

from arch.link_frame import Kind
from arch.register import WORD_BITS
from hw.link.frame_send import STATUS_BITS
from hw.link.uart_receive import DATA_BITS

__all__ = [
    "FIELD_BYTES",
    "PAD",
    "SEED",
    "RequestFields",
    "RequestState",
    "check_length",
    "xorshift",
]

FIELD_BYTES = {
    Kind.SYNC: 4,
    Kind.READ: 8,
    Kind.WRITE: 6,
    Kind.PUT: 0,
    Kind.GET: 2,
    Kind.ECHO: 0,
    Kind.PATTERN: 6,
}
"""Bytes of the fields at the front of a payload."""


class RequestFields(data.StructLayout):
    """Where the fields are when all of them have been shifted in, the last byte on top.

    Those of a ``WRITE`` are followed by two bytes of zero, so that they lie as those of a ``READ``.
    """

    def __init__(self):
        super().__init__({"address": WORD_BITS, "step": 16, "count": 16})


SEED = slice(16, 48)
"""Bits of the seed in the fields of a ``PATTERN``."""
PAD = 2
"""Bytes of zero behind the fields of a ``WRITE``."""


class RequestState:
    """Registers of a dispatcher.

    Parameters
    ----------
    dispatcher : :class:`hw.link.dispatcher.Dispatcher`
        Whose lengths they have.
    """

    def __init__(self, dispatcher):
        most = len(dispatcher.length)
        self.fields = Signal(RequestFields())
        self.word = Signal(WORD_BITS)
        self.turn = Signal(range(FIELD_BYTES[Kind.READ]))  # bytes still to be moved after this one
        self.left = Signal(most - 1)  # words or bytes that are still to be given
        self.more = Signal()  # to be done
        self.failed = Signal()
        self.written = Signal(most - 2)  # words
        self.ended = Signal()
        # What has come last, and how it went.
        self.synced = Signal()
        self.sequence = Signal(DATA_BITS)
        self.kind = Signal(DATA_BITS)
        self.status = Signal(STATUS_BITS)
        # Decided a cycle after it is known.
        self.what = Signal(3)  # the kind of request, if it is one
        self.known = Signal()
        self.same, self.follows = Signal(), Signal()
        self.fits, self.has_room = Signal(), Signal()
        self.nowhere = Signal()


def check_length(m, state, length, payload_max):
    """Decide whether the payload of a request is as long as its kind needs."""
    with m.Switch(state.what):
        with m.Case(Kind.WRITE):
            m.d.sync += state.fits.eq((length[:2] == 2) & (length >= FIELD_BYTES[Kind.WRITE]))
        with m.Case(Kind.PUT):
            m.d.sync += state.fits.eq(1)
        with m.Case(Kind.ECHO):
            m.d.sync += state.fits.eq(length != payload_max)
        for kind in (Kind.SYNC, Kind.READ, Kind.GET, Kind.PATTERN):
            with m.Case(kind):
                m.d.sync += state.fits.eq(length == FIELD_BYTES[kind])


def xorshift(x):
    """The next state of :func:`arch.link_frame.pattern`."""
    x = (x ^ x << 13)[:WORD_BITS]
    x = x ^ x >> 17
    return (x ^ x << 5)[:WORD_BITS]
