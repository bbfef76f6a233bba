# amaranth: UnusedElaboratable=no
"""Image stream: bytes in their order, and packets of a wrong length are told."""

import random

import pytest
from amaranth import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.axi.axi_ports import AxiStream
from hw.axi.image_stream import ImageStream
from hw.testing import Watch, run, sample, tick

IMAGE = 7


class Device(wiring.Component):
    """An image stream with error bits as registers keep them, and a stream of transfers."""

    def __init__(self, data_bytes, image_bytes=0):
        self._images = ImageStream(data_bytes=data_bytes)
        self._image_bytes = image_bytes
        super().__init__(
            {
                "axis": In(AxiStream(data_bytes=data_bytes, keep=data_bytes > 1)),
                "o": Out(stream.Signature(8)),
                "short": Out(1),
                "long": Out(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.images = images = self._images
        connect(m, flipped(self.axis), images.axis)
        connect(m, images.o, flipped(self.o))
        held = Signal()
        m.d.comb += [
            images.image_bytes.eq(self._image_bytes),
            images.stop.eq(self.short | self.long),
            held.eq(~self.clear),
        ]
        m.d.sync += [
            self.short.eq(images.short | (self.short & held)),
            self.long.eq(images.long | (self.long & held)),
        ]
        return m


def transfers(packets, data_bytes, rng):
    """Packets as transfers: data, keep and last; with bytes left out at random."""
    for packet in packets:
        left = list(packet)
        while True:
            keep = rng.getrandbits(data_bytes) if data_bytes > 1 else 1
            word = rng.getrandbits(8 * data_bytes)
            for byte in range(data_bytes):
                if keep >> byte & 1:
                    if not left:
                        keep &= ~(1 << byte)
                        continue
                    word &= ~(0xFF << 8 * byte)
                    word |= left.pop(0) << 8 * byte
            # The end of a packet may be a transfer without bytes.
            last = not left and (data_bytes == 1 or rng.random() < 0.7)
            yield word, keep, last
            if last:
                break


def send(dut, moved, *, seed):
    async def testbench(ctx):
        rng = random.Random(seed)
        for word, keep, last in moved:
            await tick(ctx, 0 if seed is None else rng.choice((0, 0, 1, 5)))
            ctx.set(dut.axis.tdata, word)
            if hasattr(dut.axis, "tkeep"):
                ctx.set(dut.axis.tkeep, keep)
            ctx.set(dut.axis.tlast, last)
            ctx.set(dut.axis.tvalid, 1)
            while not await sample(ctx, dut.axis.tready):
                pass
            ctx.set(dut.axis.tvalid, 0)

    return testbench


def take(dut, count, *, seed):
    async def testbench(ctx):
        rng = random.Random(seed)
        taken = 0
        while taken < count:
            ctx.set(dut.o.ready, 1 if seed is None else rng.getrandbits(1))
            taken += await sample(ctx, dut.o.valid & dut.o.ready)
        ctx.set(dut.o.ready, 0)

    return testbench


@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize("image_bytes", [0, IMAGE])
@pytest.mark.parametrize("data_bytes", [1, 3, 4])
def test_bytes_in_order(data_bytes, image_bytes, seed, tmp_path):
    """Whatever is kept of a transfer, and whatever waits; without a size any packet will do."""
    rng = random.Random(seed)
    sizes = [IMAGE] * 12 if image_bytes else [rng.randrange(1, 12) for _ in range(12)]
    packets = [[rng.randrange(256) for _ in range(size)] for size in sizes]
    moved = list(transfers(packets, data_bytes, rng))
    dut = Device(data_bytes, image_bytes)
    watch = Watch(dut.o)
    every = [byte for packet in packets for byte in packet]

    async def never_wrong(ctx):
        while True:
            short, long = await sample(ctx, dut.short, dut.long)
            assert not short | long

    never_wrong.record = never_wrong
    run(
        dut,
        send(dut, moved, seed=seed),
        take(dut, len(every), seed=seed),
        watches=[watch, never_wrong],
        vcd=tmp_path / "images.vcd",
    )
    assert watch.payloads == every


@pytest.mark.parametrize("data_bytes", [1, 4])
def test_throughput_and_latency(data_bytes):
    """A byte a cycle, from the cycle after the first transfer."""
    words = [
        (int.from_bytes(bytes(range(n, n + data_bytes)), "little"), (1 << data_bytes) - 1, 0)
        for n in range(0, 32, data_bytes)
    ]
    dut = Device(data_bytes)
    watch, offered = Watch(dut.o), []

    async def note(ctx):
        offered.clear()
        while True:
            offered.append(await sample(ctx, dut.axis.tvalid & dut.axis.tready))

    note.record = note
    run(dut, send(dut, words, seed=None), take(dut, 32, seed=None), watches=[watch, note])
    assert watch.payloads == list(range(32))
    first = offered.index(1)
    assert watch.cycles == [first + 1 + n for n in range(32)]


@pytest.mark.parametrize("data_bytes", [1, 4])
@pytest.mark.parametrize(
    ("size", "wrong"), [(IMAGE - 2, "short"), (IMAGE + 3, "long"), (1, "short")]
)
def test_wrong_last(size, wrong, data_bytes, tmp_path):
    """It is told, what is too much is dropped, and nothing begins until that is cleared."""
    rng = random.Random(size)
    packets = [[rng.randrange(256) for _ in range(n)] for n in (IMAGE, size, IMAGE)]
    dut = Device(data_bytes, IMAGE)
    watch = Watch(dut.o)
    before = IMAGE + min(size, IMAGE)

    async def host(ctx):
        while not await sample(ctx, dut.short | dut.long):
            pass
        for _ in range(40):
            seen = await sample(ctx, dut.short, dut.long)
            assert seen == [wrong == "short", wrong == "long"]
        assert len(watch.payloads) == before
        ctx.set(dut.clear, 1)
        await tick(ctx)
        ctx.set(dut.clear, 0)

    run(
        dut,
        host,
        send(dut, list(transfers(packets, data_bytes, rng)), seed=size),
        take(dut, before + IMAGE, seed=size),
        watches=[watch],
        vcd=tmp_path / "images.vcd",
    )
    assert watch.payloads == packets[0] + packets[1][:IMAGE] + packets[2]


def test_nothing_is_taken_in_reset():
    dut = Device(1)

    async def testbench(ctx):
        assert not ctx.get(dut.axis.tready)
        await tick(ctx)
        assert ctx.get(dut.axis.tready)

    run(dut, testbench)


def test_wrong_size():
    with pytest.raises(ValueError, match=r"^data_bytes must be at least 1, not 0$"):
        ImageStream(data_bytes=0)
