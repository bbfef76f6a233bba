# amaranth: UnusedElaboratable=no
"""Link top: a small network behind a serial line, bit by bit."""

import dataclasses
import struct

import pytest

from arch.link_frame import ANSWER, Frame, Kind, Status, encode_frame, pattern
from arch.link_registers import LINK_BASE, LINK_MAGIC, LINK_MAP
from arch.link_shape import LinkShape
from arch.registers import find_register
from hw.link.link_top import LinkTop
from hw.testing import run, tick
from tests.hw.link.serial_line import SerialLine
from tests.hw.test_network_top import Bench as EngineBench

MAGIC = 0x4F484D46
CLOCK, BAUD = 4_000_000, 1_000_000
IDLE_BITS = 24


class Host:
    """What a driver does, without its retries."""

    def __init__(self, ctx, bench, *, slower=0.0):
        self.ctx, self.link = ctx, bench.link
        dut = bench.dut
        self.line = SerialLine(dut.uart_rx, dut.uart_tx, self.link.divisor, slower)
        self.sequence = 0

    async def ask(self, kind, payload=b"", *, patience=4_000):
        """The answer to a new request, without its status; None if none comes."""
        self.sequence = (self.sequence + 1) & 255
        answer = await self.send(kind, payload, patience=patience)
        if answer is None:
            return None
        assert (answer.kind, answer.sequence) == (kind | ANSWER, self.sequence)
        return Status(answer.payload[0]), answer.payload[1:]

    async def send(self, kind, payload=b"", *, patience=4_000):
        """The frame that answers a request with the present number."""
        return await self.line.ask(
            self.ctx,
            kind,
            self.sequence,
            payload,
            payload_max=self.link.payload_max,
            patience=patience,
        )

    async def sync(self):
        status, answer = await self.ask(Kind.SYNC, b"\xaa\x55\x00\xff")
        version, payload_max = struct.unpack("<HH", answer[4:])
        assert (status, answer[:4], version) == (Status.DONE, b"\xaa\x55\x00\xff", 1)
        assert payload_max == self.link.payload_max

    async def read(self, at, count=1):
        status, answer = await self.ask(Kind.READ, struct.pack("<IHH", at, 4, count))
        assert status == Status.DONE
        return list(struct.unpack(f"<{count}I", answer))

    async def write(self, at, *words):
        payload = struct.pack(f"<IH{len(words)}I", at, 4, *words)
        assert await self.ask(Kind.WRITE, payload) == (
            Status.DONE,
            struct.pack("<H", len(words)),
        )

    async def counter(self, name):
        return (await self.read(LINK_BASE + LINK_MAP.find(name).at))[0]

    async def put(self, data):
        """Give bytes of an image, piece by piece; how many were taken."""
        given = 0
        while given < len(data):
            piece = data[given : given + self.link.payload_max]
            status, _room = await self.ask(Kind.PUT, piece)
            if status == Status.NO_ROOM:
                break
            given += len(piece)
        return given

    async def get(self):
        """The results that wait."""
        status, answer = await self.ask(Kind.GET, struct.pack("<H", self.link.payload_max // 4 - 1))
        assert status == Status.DONE
        return list(struct.unpack(f"<{len(answer) // 4}I", answer))

    async def silence(self):
        await self.line.silence(self.ctx, IDLE_BITS + 3)


class Bench:
    """A device, and what its engine must give."""

    def __init__(self, **sizes):
        self.engine = EngineBench()
        sizes = {"payload_max": 64, "image_bytes": 256, "results": 128} | sizes
        self.link = LinkShape(
            **({"clock_hz": CLOCK, "baud": BAUD, "idle_bits": IDLE_BITS, "build": 77} | sizes)
        )
        self.dut = LinkTop(self.engine.program, self.link)

    def words(self, number):
        """Results of an image, as a host sees them."""
        scores = [int(score) & 0xFFFF for score in self.engine.scores[number]]
        return [*scores[:-1], scores[-1] | 1 << 31]

    def simulate(self, host, tmp_path, *, timeout=100_000, slower=0.0):
        async def bound(ctx):
            await host(ctx, self, Host(ctx, self, slower=slower))

        run(self.dut, bound, timeout=timeout, vcd=tmp_path / "link.vcd")


def at(name):
    return find_register(name).at


def control(**values):
    fields = {field.name: field.low for field in find_register("control").fields}
    return sum(value << fields[name] for name, value in values.items())


def test_image(tmp_path):
    """Identity, registers, an image that waits in the buffer and then runs without stalls."""

    async def host(ctx, bench, device):
        await device.sync()
        assert await device.read(0) == [MAGIC]
        await device.write(at("scratch"), 0xDEADBEEF)
        assert await device.read(at("scratch")) == [0xDEADBEEF]
        magic, version, features, clock, wire, build, buffers = await device.read(LINK_BASE, 7)
        assert (magic, version, features) == (LINK_MAGIC, 1 << 16, 64 << 16)
        assert (clock, wire, build) == (CLOCK, IDLE_BITS << 16 | 4, 77)
        assert buffers == 128 << 16 | 256
        assert await device.read(LINK_BASE + 0x40, 3) == [0, 0, 0]  # no trace
        image = bytes(bench.engine.image(0))
        assert await device.put(image) == len(image)
        status = LINK_BASE + LINK_MAP.find("status").at
        assert await device.read(status) == [256 - len(image)]
        await device.write(at("control"), control(start=1, latch_images=1))
        lights = set()
        for _ in range(bench.engine.model.total // 40 + 4):
            lights.add((ctx.get(bench.dut.led_idle), ctx.get(bench.dut.led_busy)))
            await tick(ctx, 40)
        assert lights == {(1, 0), (0, 1)}
        assert await device.read(status) == [len(bench.words(0)) << 16 | 256]
        results = []
        while len(results) < len(bench.words(0)):
            results += await device.get()
        assert results == bench.words(0)
        cycles, idle_stopped = [
            (await device.read(at(name)))[0] for name in ("cycles", "idle_stopped")
        ]
        assert cycles - idle_stopped == bench.engine.model.total

    Bench().simulate(host, tmp_path)


def test_short_buffers(tmp_path):
    """With the smallest ones: what does not fit is not taken, and a flush makes room again."""

    async def host(ctx, bench, device):
        await device.sync()
        status = LINK_BASE + LINK_MAP.find("status").at
        assert await device.put(bytes(range(60))) == 60
        assert await device.ask(Kind.PUT, bytes(5)) == (Status.NO_ROOM, b"\x04\x00")
        assert await device.ask(Kind.PUT, bytes(4)) == (Status.DONE, b"\x00\x00")
        assert await device.read(status) == [0]
        await device.write(LINK_BASE + LINK_MAP.find("control").at, 1)
        assert await device.read(status) == [64]

    Bench(image_bytes=64, results=16).simulate(host, tmp_path)


def test_faults(tmp_path):
    """Nothing is answered to a damaged frame; a repeat is not done twice; all is counted."""

    async def host(ctx, bench, device):
        await device.sync()
        put = (Kind.PUT, b"\x01\x02\x03")
        assert await device.ask(*put) == (Status.DONE, struct.pack("<H", 253))
        for _ in range(2):  # as if the answer had been lost
            assert (await device.send(*put)).payload == b"\x00" + struct.pack("<H", 253)
        echo = encode_frame(Frame(kind=Kind.ECHO, sequence=3, payload=b"one"))
        flipped = echo[:6] + bytes([echo[6] ^ 4]) + echo[7:]
        await device.line.send(ctx, flipped + echo)
        assert await device.line.answer(ctx, payload_max=64, patience=300) is None
        await device.line.send(ctx, echo[:-1])
        await device.silence()
        await device.line.send(ctx, b"\x00\xff" + echo[:4])
        await device.line.send(ctx, echo[4:5], stop=0)
        await device.silence()
        assert await device.ask(Kind.ECHO, b"two") == (Status.DONE, b"two")
        await device.line.send(ctx, encode_frame(Frame(kind=1, sequence=9, payload=bytes(4))))
        await device.line.send(ctx, b"\x7e" * 22)  # while it is answered, and a little longer
        device.sequence = 9
        assert await device.ask(Kind.ECHO, b"lost", patience=300) is None
        await device.silence()
        assert (await device.send(Kind.ECHO, b"four")).payload == b"\x00four"
        names = ("frames", "repeats", "damaged", "silences", "bad_stops", "ignored")
        expected = {"repeats": 2, "damaged": 1, "silences": 1, "bad_stops": 1}
        seen = {name: await device.counter(name) for name in names}
        assert 16 <= seen["ignored"] < 22
        assert {name: seen[name] for name in expected} == expected
        assert seen["frames"] == 7
        await device.write(LINK_BASE + LINK_MAP.find("control").at, 3)  # flush, clear
        assert await device.read(LINK_BASE + LINK_MAP.find("status").at) == [256]
        assert await device.counter("damaged") == 0

    Bench().simulate(host, tmp_path)


def test_addresses_and_lights(tmp_path):
    """Where there is nothing the status says so, the engine notes it, and a light shows it."""

    async def host(ctx, bench, device):
        dut = bench.dut
        await device.sync()
        lights = (dut.led_idle, dut.led_busy, dut.led_error)
        assert [ctx.get(light) for light in lights] == [1, 0, 0]
        for address in (0x2000, 0x8000, 0x1F00):
            answer = await device.ask(Kind.READ, struct.pack("<IHH", address, 4, 1))
            assert answer == (Status.ADDRESS, b"")
        await tick(ctx, 200)
        assert not ctx.get(dut.led_error)
        answer = await device.ask(Kind.READ, struct.pack("<IHH", 0xF00, 4, 1))
        assert answer == (Status.ADDRESS, b"")
        await tick(ctx, 200)
        assert ctx.get(dut.led_error)
        await device.write(at("error"), 1)
        await tick(ctx, 200)
        assert [ctx.get(light) for light in lights] == [1, 0, 0]

    Bench().simulate(host, tmp_path)


@pytest.mark.parametrize("slower", [-0.02, 0.02])
def test_other_baud_rate(slower, tmp_path):
    """A host whose bits are 2 % longer or shorter is understood."""

    async def host(ctx, bench, device):
        await device.sync()
        made = await device.ask(Kind.PATTERN, struct.pack("<IH", 0x2545F491, 20))
        assert made == (Status.DONE, pattern(0x2545F491, 20))

    Bench(clock_hz=6_000_000).simulate(host, tmp_path, slower=slower)


def test_wrong_arguments():
    bench = EngineBench()
    link = LinkShape(clock_hz=CLOCK)
    with pytest.raises(TypeError, match=r"^program must be a NetworkProgram, not 'program'$"):
        LinkTop("program", link)
    with pytest.raises(TypeError, match=r"^link must be a LinkShape, not 'link'$"):
        LinkTop(bench.program, "link")
    wide = dataclasses.replace(bench.program.shape, out_bits=17)
    program = dataclasses.replace(bench.program, shape=wide)
    with pytest.raises(ValueError, match=r"^a result of 17 bits does not fit 16 bits$"):
        LinkTop(program, link)
