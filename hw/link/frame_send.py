"""Frame sender: answers as bytes, which can be sent again."""

from amaranth import Array, Module, Mux, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from arch.link_frame import ANSWER, CHECK_BYTES, HEADER_BYTES, START
from hw.arguments import check_sizes
from hw.link.frame_check import Checking
from hw.link.uart_receive import DATA_BITS

__all__ = ["STATUS_BITS", "FrameSend"]

STATUS_BITS = 3
"""Bits of :class:`arch.link_frame.Status` that are not always zero."""


class _State(enum.Enum, shape=2):
    """What the next byte is."""

    IDLE = 0
    """None."""
    HEAD = 1
    """Of the header; the status is its last one."""
    PAYLOAD = 2
    """Of the payload behind the status."""
    CHECK = 3


class FrameSend(wiring.Component):
    """Send a frame whose payload is a status, and bytes that were written here before.

    The bytes stay until ``clear``, so that the frame can be sent again, and frames without them be
    sent in between. They wait in block RAM.

    Latency is two cycles from ``send`` to the first byte; throughput is a byte in 11 cycles;
    stalls with ``o``. ``busy`` ends when the last byte is taken.

    Parameters
    ----------
    payload_max : int
        Longest payload of a frame with its status, in bytes: a power of two.

    Members
    -------
    clear : ``In(1)``
        Forget all bytes.
    write : ``In(1)``
        Add a byte; there must be room.
    byte : ``In(8)``
        Which; valid with ``write``.
    send : ``In(1)``
        Send a frame; only while not ``busy``.
    bare : ``In(1)``
        The frame has the status only. This and what follows must stay until the frame is sent.
    kind, sequence : ``In(8)``
        Of the request.
    status : ``In(3)``
        :class:`arch.link_frame.Status`.
    busy : ``Out(1)``
        A frame is being sent.
    check : ``Out(Checking)``
        The CRC of the frame.
    o : ``Out(stream.Signature(unsigned(8)))``
        Bytes of frames.
    """

    def __init__(self, *, payload_max):
        check_sizes(payload_max=payload_max)
        if payload_max < 2 or payload_max & (payload_max - 1):
            raise ValueError(f"payload_max must be a power of two, at least 2, not {payload_max}")
        self._payload_max = payload_max
        super().__init__(
            {
                "clear": In(1),
                "write": In(1),
                "byte": In(DATA_BITS),
                "send": In(1),
                "bare": In(1),
                "kind": In(DATA_BITS),
                "sequence": In(DATA_BITS),
                "status": In(STATUS_BITS),
                "busy": Out(1),
                "check": Out(Checking()),
                "o": Out(stream.Signature(DATA_BITS)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.payloads = memory = Memory(
            shape=DATA_BITS, depth=self._payload_max, init=[], attrs={"ram_style": "block"}
        )
        crc = self.check
        write, read = memory.write_port(), memory.read_port()
        state, place = Signal(_State), Signal(3)
        # Bytes of the payload, with the status, which is not in the memory.
        held = Signal(range(self._payload_max + 1), init=1)
        at = Signal.like(held)
        free, taken, checked, last = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            # So that Yosys sees that nothing is read and written at a time.
            write.en.eq(self.write & ~self.busy),
            write.addr.eq(held),
            write.data.eq(self.byte),
            read.addr.eq(at),
            read.en.eq(self.busy),
            self.busy.eq(state != _State.IDLE),
            taken.eq(self.o.valid & self.o.ready),
            free.eq(~self.o.valid & ~crc.busy),
            crc.start.eq(self.send),
            crc.byte.eq(self.o.payload),
            crc.valid.eq(taken & checked),
        ]
        with m.If(self.clear):
            m.d.sync += held.eq(1)
        with m.Elif(self.write):
            m.d.sync += held.eq(held + 1)
        with m.If(taken):
            m.d.sync += self.o.valid.eq(0)
        with m.Switch(state):
            with m.Case(_State.IDLE):
                m.d.sync += [at.eq(1), place.eq(0), last.eq(0)]
                with m.If(self.send):
                    m.d.sync += state.eq(_State.HEAD)
            with m.Case(_State.HEAD), m.If(free):
                # The start is before what is checked.
                self._offer(m, self._header(held, place), place, checked, place != 0)
                with m.If(place == HEADER_BYTES):
                    m.d.sync += [place.eq(0), state.eq(_State.PAYLOAD)]
            with m.Case(_State.PAYLOAD), m.If(free):
                with m.If(self.bare | (at == held)):
                    m.d.sync += state.eq(_State.CHECK)
                with m.Else():
                    self._offer(m, read.data, at, checked, 1)
            with m.Case(_State.CHECK):
                with m.If(free):
                    byte = crc.crc.word_select(place[:2], DATA_BITS)
                    self._offer(m, byte, place, checked, 0)
                    m.d.sync += last.eq(place == CHECK_BYTES - 1)
                with m.Elif(taken & last):
                    m.d.sync += state.eq(_State.IDLE)
        return m

    def _offer(self, m, byte, place, checked, is_checked):
        """Offer a byte, and go on to the next place."""
        m.d.sync += [
            self.o.payload.eq(byte),
            self.o.valid.eq(1),
            place.eq(place + 1),
            checked.eq(is_checked),
        ]

    def _header(self, held, place):
        """Byte of the header, or the status behind it."""
        length = Mux(self.bare, 1, held)
        low, high = length[:DATA_BITS], length[DATA_BITS:]
        return Array([START, self.kind | ANSWER, self.sequence, low, high, self.status])[place]
