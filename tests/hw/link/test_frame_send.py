# amaranth: UnusedElaboratable=no
"""Frame sender: answers as the encoder in Python has them, as often as one likes."""

import pytest
from amaranth import Module
from amaranth.lib.wiring import connect

from arch.link_frame import ANSWER, OVERHEAD_BYTES, Frame, Status, encode_frame
from hw.link.frame_check import FrameCheck
from hw.link.frame_send import FrameSend
from hw.testing import Watch, run, take, tick

PAYLOAD_MAX = 16


class Bench:
    """A sender with its check, and what it sends."""

    def __init__(self):
        self.dut = FrameSend(payload_max=PAYLOAD_MAX)
        self.top = Module()
        self.top.submodules.dut = self.dut
        self.top.submodules.check = check = FrameCheck()
        connect(self.top, self.dut.check, check.send)
        self.watch = Watch(self.dut.o)

    async def write(self, ctx, data):
        dut = self.dut
        ctx.set(dut.clear, 1)
        await tick(ctx)
        ctx.set(dut.clear, 0)
        for byte in data:
            ctx.set(dut.byte, byte)
            ctx.set(dut.write, 1)
            await tick(ctx)
            ctx.set(dut.write, 0)

    async def send(self, ctx, *, kind=3, sequence=77, status=Status.DONE, bare=False):
        dut = self.dut
        for name, value in (("kind", kind), ("sequence", sequence), ("status", status)):
            ctx.set(getattr(dut, name), value)
        ctx.set(dut.bare, bare)
        ctx.set(dut.send, 1)
        await tick(ctx)
        ctx.set(dut.send, 0)
        while ctx.get(dut.busy):
            await tick(ctx)

    def simulate(self, host, lengths, tmp_path, *, seed=None):
        count = sum(length + 1 + OVERHEAD_BYTES for length in lengths)
        run(
            self.top,
            host,
            take(self.dut.o, count, seed=seed),
            watches=[self.watch],
            vcd=tmp_path / "send.vcd",
        )

    def sent(self):
        return bytes(self.watch.payloads)


def answer(data, *, kind=3, sequence=77, status=Status.DONE):
    payload = bytes([status]) + data
    return encode_frame(Frame(kind=kind | ANSWER, sequence=sequence, payload=payload))


@pytest.mark.parametrize("seed", [None, 5])
def test_frames(seed, tmp_path):
    """Without bytes, with some, with all that fit; each of its own kind."""
    bench = Bench()
    payloads = [bytes(range(40, 40 + length)) for length in (0, 1, 6, PAYLOAD_MAX - 1)]

    async def host(ctx):
        for kind, data in enumerate(payloads):
            await bench.write(ctx, data)
            await bench.send(ctx, kind=kind, sequence=255 - kind, status=Status(kind))

    bench.simulate(host, map(len, payloads), tmp_path, seed=seed)
    assert bench.sent() == b"".join(
        answer(data, kind=kind, sequence=255 - kind, status=Status(kind))
        for kind, data in enumerate(payloads)
    )


def test_again(tmp_path):
    """The bytes stay, also while a frame without them is sent in between."""
    bench, data = Bench(), b"stay"

    async def host(ctx):
        await bench.write(ctx, data)
        await bench.send(ctx)
        await bench.send(ctx, kind=9, status=Status.SEQUENCE, bare=True)
        await bench.send(ctx)

    bench.simulate(host, [4, 0, 4], tmp_path)
    assert bench.sent() == (
        answer(data) + answer(b"", kind=9, status=Status.SEQUENCE) + answer(data)
    )


def test_timing(tmp_path):
    """Two cycles from `send` to the first byte, then one in at most 11 cycles."""
    bench = Bench()

    async def host(ctx):
        await bench.write(ctx, b"ab")
        await bench.send(ctx)

    bench.simulate(host, [2], tmp_path)
    first, *later = bench.watch.cycles
    assert first == 3 + 2
    steps = [one - before for before, one in zip([first, *later], later, strict=False)]
    assert max(steps) <= 11


@pytest.mark.parametrize("payload_max", [1, 48])
def test_wrong_payload_max(payload_max):
    message = f"^payload_max must be a power of two, at least 2, not {payload_max}$"
    with pytest.raises(ValueError, match=message):
        FrameSend(payload_max=payload_max)
