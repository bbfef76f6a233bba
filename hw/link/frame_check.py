"""Frame check: the CRC-32 of bytes that come now and then."""

from amaranth import Module, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.crc import catalog
from amaranth.lib.wiring import In, Out

from arch.link_frame import CHECK_BYTES
from hw.link.uart_receive import DATA_BITS

__all__ = ["Checking", "FrameCheck"]


class Checking(wiring.Signature):
    """The check of a frame, seen from who has the bytes.

    Members
    -------
    start : ``Out(1)``
        Begin anew; not within eight cycles after a byte.
    valid : ``Out(1)``
        A byte is to be taken.
    byte : ``Out(8)``
        Which; valid with ``valid``.
    busy : ``In(1)``
        The CRC is still without all of the last byte.
    crc : ``In(32)``
        Of all bytes since ``start``; valid while not ``busy``.
    right : ``In(1)``
        The last four of them were the CRC of those before; valid while not ``busy``.
    """

    def __init__(self):
        super().__init__(
            {
                "start": Out(1),
                "valid": Out(1),
                "byte": Out(DATA_BITS),
                "busy": In(1),
                "crc": In(CHECK_BYTES * DATA_BITS),
                "right": In(1),
            }
        )


class FrameCheck(wiring.Component):
    """CRC-32 of a frame, the one of zlib, a bit a cycle.

    A byte takes ten bits of a line, and so more than eight cycles: a byte a cycle would be larger
    and no faster. A request is checked before its answer is sent, so one of these is enough.

    Latency is nine cycles from a byte to the CRC with it; throughput is a byte in eight cycles;
    never stalls: bytes may not come faster.

    Members
    -------
    receive, send : ``In(Checking)``
        Who has a frame to check; one at a time.
    """

    def __init__(self):
        super().__init__({"receive": In(Checking()), "send": In(Checking())})

    def elaborate(self, platform):
        m = Module()
        start = Signal()
        crc = catalog.CRC32_ISO_HDLC(data_width=1).create()
        # Its own start may come along with data, which costs a multiplexer a bit.
        m.submodules.crc = ResetInserter(start)(crc)
        bits, left, busy = Signal(DATA_BITS), Signal(range(DATA_BITS + 1)), Signal()
        m.d.comb += [
            busy.eq(left != 0),
            start.eq(self.receive.start | self.send.start),
            crc.data.eq(bits[0]),
            crc.valid.eq(busy),
        ]
        with m.If(busy):
            m.d.sync += [bits.eq(bits[1:]), left.eq(left - 1)]
        for user in (self.receive, self.send):
            with m.If(user.valid):
                m.d.sync += [bits.eq(user.byte), left.eq(DATA_BITS)]
            m.d.comb += [
                user.busy.eq(busy),
                user.crc.eq(crc.crc),
                user.right.eq(crc.match_detected),
            ]
        return m
