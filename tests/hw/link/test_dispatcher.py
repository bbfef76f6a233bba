# amaranth: UnusedElaboratable=no
"""Dispatcher: every kind of request, every status, with stalls wherever there can be some."""

import random
import struct
from dataclasses import dataclass, field

import pytest

from arch.link_frame import LINK_VERSION, Kind, Status, pattern
from hw.link.dispatcher import Dispatcher
from hw.testing import run, sample, tick
from tests.hw.link.conversations import CONVERSATIONS, IMAGE_BYTES, PAYLOAD_MAX, RESULTS, WORD

WORDS = (PAYLOAD_MAX - 1) // 4
MEMORY = range(0x100, 0x140, 4)
"""Addresses at which the bus has words."""


@dataclass
class Device:
    """What is around a dispatcher: a memory on the bus, results, and room for images."""

    memory: dict = field(default_factory=lambda: {at: at * 0x00400401 for at in MEMORY})
    writes: list = field(default_factory=list)
    image: bytearray = field(default_factory=bytearray)
    room: int = IMAGE_BYTES
    results: list = field(default_factory=list)


class Bench:
    """A dispatcher, the device around it, and what it answers."""

    def __init__(self, *, seed=None):
        self.dut = Dispatcher(payload_max=PAYLOAD_MAX, image_bytes=IMAGE_BYTES, results=RESULTS)
        self.seed = seed
        self.device = Device()

    def pause(self, rng):
        return 0 if self.seed is None else rng.choice((0, 0, 1, 3))

    async def slave(self, ctx):
        """Answers on the bus."""
        dut, rng, device = self.dut, random.Random(self.seed), self.device
        bus = dut.bus
        while True:
            asked, we, adr, word, sel = await sample(
                ctx, bus.cyc & bus.stb, bus.we, bus.adr, bus.dat_w, bus.sel
            )
            if not asked:
                continue
            await tick(ctx, self.pause(rng))
            assert ctx.get(bus.cyc)
            there = adr * 4 in device.memory
            if there and we:
                assert sel == 15
                device.memory[adr * 4] = word
                device.writes.append((adr * 4, word))
            ctx.set(bus.dat_r, device.memory.get(adr * 4, 0xBAD0BAD0))
            ctx.set(bus.ack, there)
            ctx.set(bus.err, not there)
            await tick(ctx)
            ctx.set(bus.ack, 0)
            ctx.set(bus.err, 0)

    async def image_buffer(self, ctx):
        """Takes bytes of images; there is always room for those that are given."""
        dut, device = self.dut, self.device
        ctx.set(dut.image.ready, 1)
        while True:
            ctx.set(dut.room, device.room)
            valid, byte = await sample(ctx, dut.image.valid, dut.image.payload)
            if valid:
                assert device.room
                device.image.append(byte)
                device.room -= 1

    async def result_buffer(self, ctx):
        """Offers results, with a pause between two as a block RAM has."""
        dut, rng, device = self.dut, random.Random(self.seed), self.device
        while True:
            ctx.set(dut.waiting, len(device.results))
            ctx.set(dut.result.valid, bool(device.results))
            ctx.set(dut.result.payload, device.results[0] if device.results else 0)
            if await sample(ctx, dut.result.valid & dut.result.ready):
                device.results.pop(0)
                ctx.set(dut.result.valid, 0)
                ctx.set(dut.waiting, len(device.results))
                await tick(ctx, self.pause(rng))

    async def ask(self, ctx, kind, sequence, payload=b""):
        """Do a request: status and answer, or None if it was answered with an old answer."""
        dut, rng = self.dut, random.Random(self.seed)
        left, written = list(payload), bytearray()
        ctx.set(dut.kind, kind)
        ctx.set(dut.sequence, sequence)
        ctx.set(dut.length, len(payload))
        ctx.set(dut.request, 1)
        cleared, self.cycles = False, 0
        while True:
            there = bool(left) and not self.pause(rng)
            ctx.set(dut.rest, bool(left))
            ctx.set(dut.payload.valid, there)
            ctx.set(dut.payload.payload, left[0] if there else 0xEE)
            taken, write, byte, clear, send, status, bare, answer_kind = await sample(
                ctx,
                dut.payload.valid & dut.payload.ready,
                dut.write,
                dut.byte,
                dut.clear,
                dut.send,
                dut.status,
                dut.bare,
                dut.answer_kind,
            )
            self.cycles += 1
            if taken:
                left.pop(0)
            assert not (write and not cleared)
            if clear:
                assert not written
                cleared = True
            if write:
                written.append(byte)
            if send:
                break
        ctx.set(dut.payload.valid, 0)
        ctx.set(dut.sending, 1)
        await tick(ctx, 5)
        assert not ctx.get(dut.done)
        ctx.set(dut.sending, 0)
        done, repeated = await sample(ctx, dut.done, dut.repeated)
        assert done
        ctx.set(dut.request, 0)
        await tick(ctx, 2)
        assert repeated == (not cleared and not bare)
        assert bare == (status == Status.SEQUENCE)
        self.answer_kind = answer_kind
        return (Status(status), bytes(written)) if cleared or bare else None

    def simulate(self, host, tmp_path):
        async def bound(ctx):
            self.device.__init__()
            await host(ctx)

        class Around:
            def __init__(self, record):
                self.record = record

        watches = [Around(each) for each in (self.slave, self.image_buffer, self.result_buffer)]
        run(self.dut, bound, watches=watches, timeout=40_000, vcd=tmp_path / "dispatcher.vcd")


async def begin(ctx, bench):
    """A SYNC with number 0."""
    status, answer = await bench.ask(ctx, Kind.SYNC, 0, b"\x01\x02\x03\x04")
    assert status == Status.DONE
    assert answer == b"\x01\x02\x03\x04" + struct.pack("<HH", LINK_VERSION, PAYLOAD_MAX)


def words(*numbers):
    return struct.pack(f"<{len(numbers)}I", *numbers)


AT = MEMORY[0]
REQUESTS = {
    "nothing to read": (Kind.READ, struct.pack("<IHH", AT, 4, 0), Status.DONE, b""),
    "one word": (
        *(Kind.READ, struct.pack("<IHH", AT + 4, 4, 1), Status.DONE),
        words(0x00400401 * (AT + 4)),
    ),
    "all that fit": (
        *(Kind.READ, struct.pack("<IHH", AT, 4, WORDS), Status.DONE),
        words(*(at * 0x00400401 for at in MEMORY[:WORDS])),
    ),
    "the same again": (
        *(Kind.READ, struct.pack("<IHH", AT + 8, 0, 3), Status.DONE),
        words(*[0x00400401 * (AT + 8)] * 3),
    ),
    "too many to read": (*(Kind.READ, struct.pack("<IHH", AT, 0, WORDS + 1), Status.LENGTH, b""),),
    "far too many": (Kind.READ, struct.pack("<IHH", AT, 0, 0x8000), Status.LENGTH, b""),
    "up to the end": (
        *(Kind.READ, struct.pack("<IHH", MEMORY[-2], 4, 3), Status.ADDRESS),
        words(*(at * 0x00400401 for at in MEMORY[-2:])),
    ),
    "odd address": (Kind.READ, struct.pack("<IHH", AT + 2, 4, 1), Status.ADDRESS, b""),
    "odd step": (
        *(Kind.READ, struct.pack("<IHH", AT, 5, 2), Status.ADDRESS),
        words(0x00400401 * AT),
    ),
    "far away": (Kind.READ, struct.pack("<IHH", AT + 0x10000, 4, 1), Status.ADDRESS, b""),
    "very far away": (Kind.READ, struct.pack("<IHH", AT + (1 << 31), 4, 1), Status.ADDRESS, b""),
    "carried away": (
        *(Kind.READ, struct.pack("<IHH", AT, 0xFFFC, 3), Status.ADDRESS),
        words(0x00400401 * AT),
    ),
    "read too short": (Kind.READ, bytes(7), Status.LENGTH, b""),
    "read too long": (Kind.READ, bytes(9), Status.LENGTH, b""),
    "write nothing": (Kind.WRITE, struct.pack("<IH", 0, 4), Status.DONE, b"\x00\x00"),
    "write": (
        *(Kind.WRITE, struct.pack("<IH", AT, 8) + words(1, 0xFFFFFFFF, 3), Status.DONE),
        b"\x03\x00",
    ),
    "write beyond": (
        *(Kind.WRITE, struct.pack("<IH", MEMORY[-1], 4) + words(7, 8, 9), Status.ADDRESS),
        b"\x01\x00",
    ),
    "write half a word": (Kind.WRITE, bytes(8), Status.LENGTH, b""),
    "write too short": (Kind.WRITE, bytes(2), Status.LENGTH, b""),
    "write without a step": (Kind.WRITE, bytes(5), Status.LENGTH, b""),
    "put nothing": (Kind.PUT, b"", Status.DONE, struct.pack("<H", IMAGE_BYTES)),
    "put": (Kind.PUT, b"pixels", Status.DONE, struct.pack("<H", IMAGE_BYTES - 6)),
    "put most": (Kind.PUT, bytes(PAYLOAD_MAX), Status.DONE, struct.pack("<H", 64)),
    "get nothing": (Kind.GET, struct.pack("<H", 0), Status.DONE, b""),
    "get": (Kind.GET, struct.pack("<H", 2), Status.DONE, words(0x80000001, 2)),
    "get more than there are": (
        *(Kind.GET, struct.pack("<H", WORDS), Status.DONE),
        words(0x80000001, 2, 3),
    ),
    "get too many": (Kind.GET, struct.pack("<H", WORDS + 1), Status.LENGTH, b""),
    "get too short": (Kind.GET, b"\x01", Status.LENGTH, b""),
    "echo nothing": (Kind.ECHO, b"", Status.DONE, b""),
    "echo": (Kind.ECHO, bytes(range(63)), Status.DONE, bytes(range(63))),
    "echo too long": (Kind.ECHO, bytes(64), Status.LENGTH, b""),
    "pattern": (Kind.PATTERN, struct.pack("<IH", 0xDEADBEEF, 63), Status.DONE, None),
    "no pattern": (Kind.PATTERN, struct.pack("<IH", 5, 0), Status.DONE, b""),
    "pattern too long": (Kind.PATTERN, struct.pack("<IH", 5, 64), Status.LENGTH, b""),
    "pattern too short": (Kind.PATTERN, bytes(5), Status.LENGTH, b""),
    "no kind": (0, b"", Status.KIND, b""),
    "kind 8": (8, bytes(8), Status.KIND, b""),
    "kind of an answer": (0x80 | Kind.ECHO, bytes(8), Status.KIND, b""),
    "sync": (Kind.SYNC, b"wxyz", Status.DONE, b"wxyz\x01\x00\x40\x00"),
    "sync too short": (Kind.SYNC, b"wxy", Status.LENGTH, b""),
}


@pytest.mark.parametrize("seed", [None, 1])
def test_requests(seed, tmp_path):
    """Every kind at its limits and beyond: status, answer, and a bounded time."""
    bench = Bench(seed=seed)

    async def host(ctx):
        await begin(ctx, bench)
        for number, (name, request) in enumerate(REQUESTS.items(), start=1):
            kind, payload, status, answer = request
            if kind == Kind.PATTERN and answer is None:
                answer = pattern(*struct.unpack("<IH", payload))
            device = bench.device
            device.memory.update((at, at * 0x00400401) for at in MEMORY)
            device.room, device.results[:] = IMAGE_BYTES, [0x80000001, 2, 3]
            device.image.clear()
            device.writes.clear()
            await tick(ctx)
            seen = await bench.ask(ctx, kind, number & 255, payload)
            assert seen == (status, answer), name
            assert bench.answer_kind == kind
            if seed is None:
                accesses = len(answer) // 4 + len(payload) // 4
                assert bench.cycles <= 20 + 2 * (len(payload) + len(answer)) + 4 * accesses, name
            if kind == Kind.PUT:
                assert device.image == payload
            if status in (Status.LENGTH, Status.KIND):
                assert (device.writes, len(device.results)) == ([], 3)

    bench.simulate(host, tmp_path)


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_conversations(name, tmp_path):
    """Those of docs/link.md, as the device in Python has them, too."""
    bench = Bench()

    async def host(ctx):
        bench.device.memory = {WORD: 0}
        kind = None
        for asked in CONVERSATIONS[name]:
            seen = await bench.ask(ctx, asked.kind, asked.number, asked.payload)
            assert seen == (None if asked.status is None else (asked.status, asked.answer)), asked
            if asked.status is not None:
                assert bench.answer_kind == asked.kind
            if asked.status not in (None, Status.SEQUENCE):
                kind = asked.kind
            if asked.status is None:
                assert bench.answer_kind == kind

    bench.simulate(host, tmp_path)


@pytest.mark.parametrize("seed", [None, 2])
def test_writes(seed, tmp_path):
    """Words go where they belong, once, up to the first address without one."""
    bench = Bench(seed=seed)

    async def host(ctx):
        await begin(ctx, bench)
        payload = struct.pack("<IH", AT, 8) + words(0x11223344, 0, 0xFFFFFFFF)
        await bench.ask(ctx, Kind.WRITE, 1, payload)
        expected = [(AT, 0x11223344), (AT + 8, 0), (AT + 16, 0xFFFFFFFF)]
        assert bench.device.writes == expected
        assert await bench.ask(ctx, Kind.WRITE, 1, payload) is None
        assert bench.device.writes == expected
        payload = struct.pack("<IH", MEMORY[-1], 4) + words(5, 6, 7)
        assert await bench.ask(ctx, Kind.WRITE, 2, payload) == (Status.ADDRESS, b"\x01\x00")
        assert bench.device.writes == [*expected, (MEMORY[-1], 5)]

    bench.simulate(host, tmp_path)


def test_sequence(tmp_path):
    """Before a SYNC nothing; then the next number; the last one again, whenever it comes."""
    bench = Bench()
    wrong = (Status.SEQUENCE, b"")

    async def host(ctx):
        for number in (0, 1, 255):
            assert await bench.ask(ctx, Kind.ECHO, number, b"a") == wrong
        status, _answer = await bench.ask(ctx, Kind.SYNC, 254, bytes(4))
        assert status == Status.DONE
        for number in (253, 0, 126):
            assert await bench.ask(ctx, Kind.ECHO, number, b"a") == wrong
            assert bench.answer_kind == Kind.ECHO
        assert await bench.ask(ctx, Kind.ECHO, 254, b"a") is None
        assert bench.answer_kind == Kind.SYNC  # that of the old answer
        assert await bench.ask(ctx, Kind.ECHO, 255, b"b") == (Status.DONE, b"b")
        for _ in range(2):
            assert await bench.ask(ctx, Kind.ECHO, 1, b"c") == wrong
            assert await bench.ask(ctx, Kind.ECHO, 255, b"b") is None
        assert await bench.ask(ctx, Kind.ECHO, 0, b"d") == (Status.DONE, b"d")
        assert await bench.ask(ctx, 77, 1, b"d") == (Status.KIND, b"")
        assert await bench.ask(ctx, Kind.READ, 2, b"d") == (Status.LENGTH, b"")
        assert await bench.ask(ctx, Kind.SYNC, 2, bytes(4)) == (
            *(Status.DONE,),
            bytes(4) + b"\x01\x00\x40\x00",
        )

    bench.simulate(host, tmp_path)


@pytest.mark.parametrize("seed", [None, 3])
def test_no_room(seed, tmp_path):
    """Bytes that do not fit are not taken, not even some of them; those that just fit are."""
    bench = Bench(seed=seed)

    async def host(ctx):
        await begin(ctx, bench)
        bench.device.room = 10
        await tick(ctx, 2)
        seen = await bench.ask(ctx, Kind.PUT, 1, bytes(11))
        assert seen == (Status.NO_ROOM, struct.pack("<H", 10))
        assert not bench.device.image
        seen = await bench.ask(ctx, Kind.PUT, 2, bytes(10))
        assert seen == (Status.DONE, struct.pack("<H", 0))
        assert bench.device.image == bytes(10)
        assert await bench.ask(ctx, Kind.PUT, 3, b"") == (Status.DONE, struct.pack("<H", 0))

    bench.simulate(host, tmp_path)


def test_wrong_sizes():
    with pytest.raises(ValueError, match=r"^results must be at least 1, not 0$"):
        Dispatcher(payload_max=64, image_bytes=64, results=0)
