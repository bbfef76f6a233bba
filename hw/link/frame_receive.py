"""Frame receiver: requests out of bytes, whole and checked, and nothing else."""

from amaranth import Module, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from arch.link_frame import CHECK_BYTES, START
from hw.arguments import check_sizes
from hw.link.frame_check import Checking
from hw.link.uart_receive import DATA_BITS

__all__ = ["LENGTH_BITS", "FrameReceive"]

LENGTH_BITS = 16
"""Width of the length in a frame."""


class _State(enum.Enum, shape=4):
    """What the next byte is."""

    START = 0
    """The first of a frame, or one that is passed over."""
    KIND = 1
    SEQUENCE = 2
    LOW = 3
    """The lower one of the length."""
    HIGH = 4
    """The upper one of the length."""
    FIT = 5
    """None: the length is known."""
    PAYLOAD = 6
    CHECK = 7
    VERIFY = 8
    """None: the frame is complete, and its check is known."""
    ANSWER = 9
    """Passed over: a request is being answered."""
    LOST = 10
    """Passed over: a frame was dropped, and the line has not been silent since."""


_BEGUN = (
    *(_State.KIND, _State.SEQUENCE, _State.LOW, _State.HIGH),
    *(_State.PAYLOAD, _State.CHECK),
)
"""A frame has begun, and waits for a byte."""


class FrameReceive(wiring.Component):
    """Find requests in the bytes that come, as :class:`arch.link_frame.FrameReader` does.

    What is dropped, and until when, is in ``docs/link.md``. The payload waits in block RAM.

    Latency is ten cycles from the last byte of a frame to ``request``; throughput is a byte in ten
    cycles; never stalls: bytes may not come faster. While ``request`` is high all bytes are passed
    over. ``payload`` comes as fast as it is taken, a byte a cycle, the first of them one cycle
    after ``request``.

    Parameters
    ----------
    payload_max : int
        Longest payload that is taken, in bytes: a power of two.

    Members
    -------
    valid : ``In(1)``
        A byte has come.
    byte : ``In(8)``
        Which; valid with ``valid``.
    bad_stop : ``In(1)``
        A byte has come without a stop bit.
    silent : ``In(1)``
        There was no byte for long.
    request : ``Out(1)``
        A request has come that is not answered.
    kind, sequence : ``Out(8)``
        Which; valid with ``request``.
    length : ``Out(range(payload_max + 1))``
        Bytes of its payload; valid with ``request``.
    payload : ``Out(stream.Signature(unsigned(8)))``
        Its payload; what is not taken is dropped with ``done``.
    rest : ``Out(1)``
        Not all of the payload has been taken; valid with ``request``.
    done : ``In(1)``
        The request is answered.
    check : ``Out(Checking)``
        The CRC of the frame.
    damaged, silenced : ``Out(1)``
        A frame was dropped since its length or check was wrong; since the line fell silent. High
        for one cycle.
    ignored : ``Out(1)``
        A byte was passed over since a request is being answered; high for one cycle.
    """

    def __init__(self, *, payload_max):
        check_sizes(payload_max=payload_max)
        if payload_max < 2 or payload_max & (payload_max - 1):
            raise ValueError(f"payload_max must be a power of two, at least 2, not {payload_max}")
        self._payload_max = payload_max
        super().__init__(
            {
                "valid": In(1),
                "byte": In(DATA_BITS),
                "bad_stop": In(1),
                "silent": In(1),
                "request": Out(1),
                "kind": Out(DATA_BITS),
                "sequence": Out(DATA_BITS),
                "length": Out(range(payload_max + 1)),
                "payload": Out(stream.Signature(DATA_BITS)),
                "rest": Out(1),
                "done": In(1),
                "check": Out(Checking()),
                "damaged": Out(1),
                "silenced": Out(1),
                "ignored": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        crc = self.check
        state = Signal(_State)
        length = Signal(LENGTH_BITS)
        at = Signal(range(self._payload_max + 1))  # of the payload: what comes or is fetched next
        whole = Signal()
        check = Signal(range(CHECK_BYTES))
        disturbed = Signal()  # while a request is answered
        m.d.comb += [
            crc.start.eq(self.valid & (state == _State.START)),
            crc.byte.eq(self.byte),
            # While a request is answered the check is that of the answer.
            crc.valid.eq(self.valid & (state != _State.START) & ~self.request),
            whole.eq(at == length[: len(at)]),
            self.request.eq(state == _State.ANSWER),
            self.length.eq(length),
            self.ignored.eq(self.valid & (state == _State.ANSWER)),
        ]
        m.d.sync += [self.damaged.eq(0), self.silenced.eq(0)]
        with m.Switch(state):
            with m.Case(_State.START):
                m.d.sync += [at.eq(0), check.eq(0), disturbed.eq(0)]
                with m.If(self.valid & (self.byte == START)):
                    m.d.sync += state.eq(_State.KIND)
            for here, target, following in (
                (_State.KIND, self.kind, _State.SEQUENCE),
                (_State.SEQUENCE, self.sequence, _State.LOW),
                (_State.LOW, length[:DATA_BITS], _State.HIGH),
                (_State.HIGH, length[DATA_BITS:], _State.FIT),
            ):
                with m.Case(here), m.If(self.valid):
                    m.d.sync += [target.eq(self.byte), state.eq(following)]
            with m.Case(_State.FIT):
                m.d.sync += state.eq(_State.PAYLOAD)
                with m.If(length > self._payload_max):
                    self._drop(m, state)
            with m.Case(_State.PAYLOAD):
                with m.If(whole):
                    m.d.sync += state.eq(_State.CHECK)
                with m.Elif(self.valid):
                    m.d.sync += at.eq(at + 1)
            with m.Case(_State.CHECK), m.If(self.valid):
                m.d.sync += check.eq(check + 1)
                with m.If(check == CHECK_BYTES - 1):
                    m.d.sync += state.eq(_State.VERIFY)
            with m.Case(_State.VERIFY), m.If(~crc.busy):
                m.d.sync += [at.eq(0), state.eq(_State.ANSWER)]
                with m.If(~crc.right):
                    self._drop(m, state)
            with m.Case(_State.ANSWER):
                with m.If(self.valid | self.bad_stop):
                    m.d.sync += disturbed.eq(1)
                with m.If(self.done):
                    m.d.sync += state.eq(_State.START)
                    with m.If(disturbed | self.valid | self.bad_stop):
                        m.d.sync += state.eq(_State.LOST)
        with m.If(self.bad_stop & (state != _State.ANSWER)):
            m.d.sync += state.eq(_State.LOST)
        with m.Elif(self.silent), m.Switch(state):
            with m.Case(*_BEGUN):
                m.d.sync += [self.silenced.eq(1), state.eq(_State.START)]
            with m.Case(_State.LOST):
                m.d.sync += state.eq(_State.START)
        self._add_payload(m, state, at, whole)
        return m

    def _drop(self, m, state):
        m.d.sync += [self.damaged.eq(1), state.eq(_State.LOST)]

    def _add_payload(self, m, state, at, whole):
        """Store what comes, give it when it is asked for."""
        m.submodules.payloads = memory = Memory(
            shape=DATA_BITS, depth=self._payload_max, init=[], attrs={"ram_style": "block"}
        )
        write, read = memory.write_port(), memory.read_port()
        fetch = Signal()
        m.d.comb += [
            write.en.eq(self.valid & (state == _State.PAYLOAD)),
            write.addr.eq(at),
            write.data.eq(self.byte),
            fetch.eq(self.request & ~whole & (self.payload.ready | ~self.payload.valid)),
            read.en.eq(fetch),
            read.addr.eq(at),
            self.payload.payload.eq(read.data),
            self.rest.eq(~whole | self.payload.valid),
        ]
        with m.If(fetch):
            m.d.sync += [at.eq(at + 1), self.payload.valid.eq(1)]
        with m.Elif(self.payload.ready | ~self.request):
            m.d.sync += self.payload.valid.eq(0)
        with m.If(self.done):
            m.d.sync += self.payload.valid.eq(0)
