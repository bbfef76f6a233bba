"""Dispatcher: does what requests want, and says how it went."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from arch.link_frame import LINK_VERSION, Kind, Status
from arch.register import WORD_BITS
from hw.arguments import check_sizes
from hw.link.frame_send import STATUS_BITS
from hw.link.request_state import FIELD_BYTES, PAD, SEED, RequestState, check_length, xorshift
from hw.link.uart_receive import DATA_BITS
from hw.wishbone import Wishbone

__all__ = ["ADDRESS_BITS", "Dispatcher"]

ADDRESS_BITS = 16
"""Width of a byte address behind a link."""

_WORD_BYTES = WORD_BITS // DATA_BITS


class Dispatcher(wiring.Component):
    """Do the requests of :class:`arch.link_frame.Kind`, one after the other.

    The order of what is checked is in ``docs/link.md``; nothing is done before all of it is right.
    A request whose number is that of the last one is answered again, and not done.

    Latency is at most ``20 + 2 * n`` cycles from ``request`` to ``send`` for ``n`` bytes of payload
    and answer, and its accesses to the bus besides, each of which is answered in a bounded time;
    throughput is a request at a time; waits for nothing else.

    Parameters
    ----------
    payload_max : int
        Longest payload of a frame, in bytes: a power of two.
    image_bytes, results : int
        Sizes of the buffers.

    Members
    -------
    request : ``In(1)``
        A request waits; what it is must stay until ``done``.
    kind, sequence : ``In(8)``
        Which.
    length : ``In(range(payload_max + 1))``
        Bytes of its payload.
    payload : ``In(stream.Signature(unsigned(8)))``
        Its payload.
    rest : ``In(1)``
        Not all of it has been taken.
    done : ``Out(1)``
        It is answered; high for one cycle.
    repeated : ``Out(1)``
        So it was before; valid with ``done``.
    clear, write, byte, send, bare, status, answer_kind : ``Out``
        To :class:`hw.link.frame_send.FrameSend`, the last one as ``kind``.
    sending : ``In(1)``
        The answer is on its way.
    bus : ``Out(Wishbone)``
        Registers and memories.
    image, room : ``Out(stream.Signature(unsigned(8)))``, ``In(range(image_bytes + 1))``
        Bytes of images, and for how many there is room.
    result, waiting : ``In(stream.Signature(unsigned(32)))``, ``In(range(results + 1))``
        Results, and how many of them wait.
    """

    def __init__(self, *, payload_max, image_bytes, results):
        check_sizes(payload_max=payload_max, image_bytes=image_bytes, results=results)
        self._payload_max = payload_max
        super().__init__(
            {
                "request": In(1),
                "kind": In(DATA_BITS),
                "sequence": In(DATA_BITS),
                "length": In(range(payload_max + 1)),
                "payload": In(stream.Signature(DATA_BITS)),
                "rest": In(1),
                "done": Out(1),
                "repeated": Out(1),
                "clear": Out(1),
                "write": Out(1),
                "byte": Out(DATA_BITS),
                "send": Out(1),
                "bare": Out(1),
                "status": Out(STATUS_BITS),
                "answer_kind": Out(DATA_BITS),
                "sending": In(1),
                "bus": Out(Wishbone(address_bits=ADDRESS_BITS - 2)),
                "image": Out(stream.Signature(DATA_BITS)),
                "room": In(range(image_bytes + 1)),
                "result": In(stream.Signature(WORD_BITS)),
                "waiting": In(range(results + 1)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        state = RequestState(self)
        self._connect(m, state)
        shifted = Cat(state.word[DATA_BITS:], self.payload.payload)
        with m.FSM():
            with m.State("Idle"), m.If(self.request):
                m.next = "Number"
            with m.State("Number"):
                self._number(m, state)
            with m.State("Length"):
                m.next = "Send"
                with m.If(~state.known):
                    m.d.sync += state.status.eq(Status.KIND)
                with m.Elif(~state.fits):
                    m.d.sync += state.status.eq(Status.LENGTH)
                with m.Else():
                    m.next = "Fields"
                    with m.Switch(state.what), m.Case(Kind.SYNC, Kind.PUT, Kind.ECHO):
                        m.next = "Begin"
            with m.State("Fields"):
                self._take_fields(m, state)
            with m.State("Begin"):
                self._begin(m, state)
            with m.State("Next"):
                with m.If(state.ended):
                    m.next = "Send"
                with m.Elif(~state.more):
                    self._end(m, state)
                with m.Else():
                    self._step(m, state)
            with m.State("Take"):
                m.d.comb += self.payload.ready.eq(1)
                with m.If(self.payload.valid):
                    m.d.sync += [
                        state.word.eq(shifted),
                        state.turn.eq(state.turn - 1),
                    ]
                    with m.If(state.turn == 0):
                        m.next = "Access"
            with m.State("Access"):
                self._access(m, state)
            with m.State("Give"):
                m.d.comb += self.write.eq(1)
                m.d.sync += [state.word.eq(shifted), state.turn.eq(state.turn - 1)]
                with m.If(state.turn == 0):
                    m.next = "Next"
            with m.State("Send"):
                m.d.comb += self.send.eq(1)
                m.next = "Sending"
            with m.State("Sending"), m.If(~self.sending):
                m.d.comb += self.done.eq(1)
                m.next = "Idle"
        return m

    def _connect(self, m, state):
        """What is seen outside, and what is known a cycle after it is given."""
        bus, length, what = self.bus, self.length, state.what
        address = state.fields.address
        m.d.comb += [
            what.eq(self.kind),
            bus.stb.eq(bus.cyc),
            bus.we.eq(what == Kind.WRITE),
            bus.adr.eq(address[2:ADDRESS_BITS]),
            bus.dat_w.eq(state.word),
            bus.sel.eq(-1),
            self.byte.eq(state.word),
            self.image.payload.eq(self.payload.payload),
            self.status.eq(Mux(self.bare, Status.SEQUENCE, state.status)),
            self.answer_kind.eq(Mux(self.bare, self.kind, state.kind)),
        ]
        m.d.sync += [
            state.known.eq((self.kind >= min(Kind)) & (self.kind <= max(Kind))),
            state.same.eq(state.synced & (self.sequence == state.sequence)),
            state.follows.eq(state.synced & (self.sequence == (state.sequence + 1)[:DATA_BITS])),
            state.has_room.eq(length <= self.room),
            state.nowhere.eq(address[ADDRESS_BITS:].any() | address[:2].any()),
        ]
        counted = (what == Kind.READ) | (what == Kind.GET) | (what == Kind.PATTERN)
        m.d.comb += state.more.eq(~state.failed & Mux(counted, state.left != 0, self.rest))
        check_length(m, state, length, self._payload_max)

    def _number(self, m, state):
        """Decide whether a request is to be done, or was done, or neither."""
        m.d.sync += [self.bare.eq(0), self.repeated.eq(0)]
        with m.If((self.kind == Kind.SYNC) | state.follows):
            m.d.comb += self.clear.eq(1)
            m.d.sync += [
                state.synced.eq(1),
                state.sequence.eq(self.sequence),
                state.kind.eq(self.kind),
                state.status.eq(Status.DONE),
                state.ended.eq(0),
            ]
            with m.Switch(state.what):
                for kind, count in FIELD_BYTES.items():
                    with m.Case(kind):
                        shifts = count + PAD * (kind == Kind.WRITE)
                        m.d.sync += state.turn.eq(max(shifts, 1) - 1)
            m.next = "Length"
        with m.Else():
            m.d.sync += [self.bare.eq(~state.same), self.repeated.eq(state.same)]
            m.next = "Send"

    def _take_fields(self, m, state):
        """Shift the fields to their places."""
        pad, byte = Signal(), Signal(DATA_BITS)
        m.d.comb += [
            pad.eq((state.what == Kind.WRITE) & (state.turn < PAD)),
            self.payload.ready.eq(~pad),
            byte.eq(self.payload.payload & ~pad.replicate(DATA_BITS)),
        ]
        with m.If(self.payload.valid | pad):
            m.d.sync += [
                state.fields.eq(Cat(state.fields.as_value()[DATA_BITS:], byte)),
                state.turn.eq(state.turn - 1),
            ]
            with m.If(state.turn == 0):
                m.next = "Begin"

    def _begin(self, m, state):
        """Begin what is to be done, unless the answer would not fit, or images have no room."""
        count = state.fields.count
        m.d.sync += [state.written.eq(0), state.left.eq(count), state.failed.eq(0)]
        m.next = "Next"
        with m.Switch(state.what):
            with m.Case(Kind.PUT), m.If(~state.has_room):
                m.d.sync += [state.status.eq(Status.NO_ROOM), state.failed.eq(1)]
            for kinds, most in (
                ((Kind.READ, Kind.GET), self._payload_max // _WORD_BYTES),
                ((Kind.PATTERN,), self._payload_max),
            ):
                # A power of two: more if a bit above is set.
                with m.Case(*kinds), m.If(count[most.bit_length() - 1 :].any()):
                    m.d.sync += state.status.eq(Status.LENGTH)
                    m.next = "Send"

    def _end(self, m, state):
        """Give what comes last."""
        m.d.sync += state.ended.eq(1)
        with m.Switch(state.what):
            with m.Case(Kind.SYNC):
                self._give(m, state, LINK_VERSION | self._payload_max << 16, 4)
            with m.Case(Kind.WRITE):
                self._give(m, state, state.written, 2)
            with m.Case(Kind.PUT):
                self._give(m, state, self.room, 2)

    def _step(self, m, state):
        """Do a byte or a word of a request."""
        seed, done = state.fields.as_value()[SEED], Signal()
        m.d.sync += state.left.eq(state.left - done)
        with m.Switch(state.what):
            with m.Case(Kind.READ):
                m.d.comb += done.eq(1)
                m.next = "Access"
            with m.Case(Kind.WRITE):
                m.d.comb += done.eq(1)
                m.d.sync += state.turn.eq(_WORD_BYTES - 1)
                m.next = "Take"
            with m.Case(Kind.PUT):
                m.d.comb += [
                    self.payload.ready.eq(1),
                    self.image.valid.eq(self.payload.valid),
                    done.eq(self.payload.valid),
                ]
            with m.Case(Kind.GET):
                m.d.comb += [self.result.ready.eq(1), done.eq(self.result.valid)]
                with m.If(self.result.valid):
                    self._give(m, state, self.result.payload, _WORD_BYTES)
                with m.Elif(self.waiting == 0):
                    m.d.sync += state.ended.eq(1)
            with m.Case(Kind.SYNC, Kind.ECHO):
                m.d.comb += [
                    self.payload.ready.eq(1),
                    done.eq(self.payload.valid),
                    self.write.eq(done),
                    self.byte.eq(self.payload.payload),
                ]
            with m.Case(Kind.PATTERN):
                m.d.comb += [done.eq(1), self.write.eq(1), self.byte.eq(seed)]
                m.d.sync += seed.eq(xorshift(seed))

    def _access(self, m, state):
        """Read or write a word, and go on to the next address."""
        bus, address = self.bus, state.fields.address
        m.d.comb += bus.cyc.eq(~state.nowhere)
        with m.If(state.nowhere | bus.err):
            m.d.sync += state.status.eq(Status.ADDRESS)
            m.d.sync += [state.failed.eq(1), state.ended.eq(~bus.we)]
            m.next = "Next"
        with m.Elif(bus.ack):
            # With a carry into what must be zero the access is nowhere.
            m.d.sync += address[: ADDRESS_BITS + 1].eq(address[:ADDRESS_BITS] + state.fields.step)
            m.d.sync += state.written.eq(state.written + 1)
            m.next = "Next"
            with m.If(~bus.we):
                self._give(m, state, bus.dat_r, _WORD_BYTES)

    def _give(self, m, state, value, count):
        """Write the lowest ``count`` bytes of ``value`` into the answer."""
        m.d.sync += [state.word.eq(value), state.turn.eq(count - 1)]
        m.next = "Give"
