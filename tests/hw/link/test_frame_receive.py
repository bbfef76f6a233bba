# amaranth: UnusedElaboratable=no
"""Frame receiver: takes what the reader in Python takes, and drops the rest as it does."""

import random
import zlib

import pytest
from amaranth import Module
from amaranth.lib.wiring import connect
from hypothesis import given, settings
from hypothesis import strategies as st

from arch.link_frame import Frame, FrameReader, encode_frame
from hw.link.frame_check import FrameCheck
from hw.link.frame_receive import FrameReceive
from hw.testing import run, sample, tick

PAYLOAD_MAX = 16
SILENCE = None
"""Stands among bytes for a line that falls silent."""
BAD_STOP = 256
"""Stands for a byte without a stop bit."""


class Bench:
    """A receiver with its check, what it is given, and what it finds."""

    def __init__(self, *, seed=None, spacing=10):
        self.dut = FrameReceive(payload_max=PAYLOAD_MAX)
        self.top = Module()
        self.top.submodules.dut = self.dut
        self.top.submodules.check = self.check = check = FrameCheck()
        connect(self.top, self.dut.check, check.receive)
        self.seed, self.spacing = seed, spacing
        self.frames, self.events = [], dict.fromkeys(("damaged", "silenced", "ignored"), 0)

    async def give(self, ctx, symbol):
        """A byte, a byte without a stop bit, or silence."""
        ctx.set(self.dut.silent, symbol is SILENCE)
        ctx.set(self.dut.bad_stop, symbol == BAD_STOP)
        ctx.set(self.dut.valid, symbol not in (SILENCE, BAD_STOP))
        ctx.set(self.dut.byte, symbol or 0)
        await tick(ctx)
        ctx.set(self.dut.valid, 0)
        ctx.set(self.dut.bad_stop, 0)
        await tick(ctx, self.spacing - 1)

    async def take(self, ctx):
        """The request that is there, whose payload is taken with pauses."""
        dut, payload = self.dut, bytearray()
        rng = random.Random(self.seed)
        length = ctx.get(dut.length)
        while len(payload) < length:
            ctx.set(dut.payload.ready, self.seed is None or rng.getrandbits(1))
            valid, ready, byte, rest = await sample(
                ctx, dut.payload.valid, dut.payload.ready, dut.payload.payload, dut.rest
            )
            assert rest
            if valid and ready:
                payload.append(byte)
        ctx.set(dut.payload.ready, 0)
        assert not ctx.get(dut.rest)
        self.frames.append(
            Frame(kind=ctx.get(dut.kind), sequence=ctx.get(dut.sequence), payload=bytes(payload))
        )

    async def finish(self, ctx):
        ctx.set(self.dut.done, 1)
        await tick(ctx)
        ctx.set(self.dut.done, 0)

    async def record(self, ctx):
        self.events.update(dict.fromkeys(self.events, 0))
        while True:
            seen = await sample(ctx, *(getattr(self.dut, name) for name in self.events))
            for name, high in zip(self.events, seen, strict=True):
                self.events[name] += high

    def simulate(self, host, tmp_path=None):
        async def bound(ctx):
            self.frames.clear()
            await host(ctx)
            await tick(ctx, 2)

        vcd = None if tmp_path is None else tmp_path / "receive.vcd"
        run(self.top, bound, watches=[self], vcd=vcd)

    async def give_all(self, ctx, symbols):
        for symbol in symbols:
            await self.give(ctx, symbol)
            if ctx.get(self.dut.request):
                await self.take(ctx)
                await self.finish(ctx)


def frame(length, *, kind=5, sequence=200):
    payload = bytes((7 * n + length) & 255 for n in range(length))
    return Frame(kind=kind, sequence=sequence, payload=payload)


@pytest.mark.parametrize("seed", [None, 3])
def test_every_length(seed, tmp_path):
    """Requests one after the other, with all that passes for a start in front."""
    bench = Bench(seed=seed)
    sent = [frame(length, kind=length) for length in (0, 1, 2, 7, 15, 16)]

    async def host(ctx):
        for each in sent:
            await bench.give_all(ctx, b"\x00\x7f\xff" + encode_frame(each))

    bench.simulate(host, tmp_path)
    assert bench.frames == sent
    assert set(bench.events.values()) == {0}


def test_timing(tmp_path):
    """Ten cycles to a request, one more to its payload, a byte a cycle then."""
    bench = Bench()

    async def host(ctx):
        dut, data = bench.dut, encode_frame(frame(5))
        for byte in data[:-1]:
            await bench.give(ctx, byte)
        ctx.set(dut.byte, data[-1])
        ctx.set(dut.valid, 1)
        ctx.set(dut.payload.ready, 1)
        seen = []
        for _ in range(20):
            seen.append(await sample(ctx, dut.request, dut.payload.valid))
            ctx.set(dut.valid, 0)
        assert seen == [[0, 0]] * 10 + [[1, 0]] + [[1, 1]] * 5 + [[1, 0]] * 4

    bench.simulate(host, tmp_path)


WRONG = {
    "too long": (bytes([0x7E, 1, 2, PAYLOAD_MAX + 1, 0]), "damaged"),
    "much too long": (bytes([0x7E, 1, 2, 0, 0x80]), "damaged"),
    "flipped": (encode_frame(frame(3))[:-1] + b"\x00", "damaged"),
    "flipped head": (b"\x7e\x04" + encode_frame(frame(3))[2:], "damaged"),
    "without a stop bit": ([*encode_frame(frame(3))[:6], BAD_STOP], None),
    "without a stop bit outside": ([BAD_STOP], None),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_dropped_until_silence(wrong, tmp_path):
    """With right frames behind it; after silence they come again."""
    bench = Bench()
    symbols, event = WRONG[wrong]
    good = encode_frame(frame(4))

    async def host(ctx):
        await bench.give_all(ctx, [*symbols, *good, *good])
        assert bench.frames == []
        await bench.give_all(ctx, [SILENCE, *good])

    bench.simulate(host, tmp_path)
    assert bench.frames == [frame(4)]
    assert bench.events == {"damaged": 0, "silenced": 0, "ignored": 0} | (
        {event: 1} if event else {}
    )


@pytest.mark.parametrize("length", range(1, len(encode_frame(frame(3)))))
def test_silence_within(length, tmp_path):
    """What has come is dropped, wherever the frame ends."""
    bench = Bench()
    good = encode_frame(frame(3))

    async def host(ctx):
        await bench.give_all(ctx, [*good[:length], SILENCE, *good])

    bench.simulate(host, tmp_path)
    assert bench.frames == [frame(3)]
    assert bench.events == {"damaged": 0, "silenced": 1, "ignored": 0}


@pytest.mark.parametrize("symbol", [0x7E, BAD_STOP])
def test_bytes_during_an_answer(symbol, tmp_path):
    """They are passed over with what they began, and the request stays as it is."""
    bench = Bench()
    good = encode_frame(frame(6))

    async def host(ctx):
        dut = bench.dut
        for byte in good:
            await bench.give(ctx, byte)
        assert ctx.get(dut.request)
        await bench.give(ctx, symbol)
        await bench.take(ctx)
        await bench.finish(ctx)
        await bench.give_all(ctx, good)
        assert bench.frames == [frame(6)]
        await bench.give_all(ctx, [SILENCE, *good])

    bench.simulate(host, tmp_path)
    assert bench.frames == [frame(6)] * 2
    assert bench.events == {"damaged": 0, "silenced": 0, "ignored": symbol != BAD_STOP}


@pytest.mark.parametrize("pause", [1, 9])
def test_check_of_an_answer_is_left_alone(pause, tmp_path):
    """By bytes that come while it is sent."""
    bench = Bench()
    send = bench.check.send

    async def host(ctx):
        for byte in encode_frame(frame(2)):
            await bench.give(ctx, byte)
        assert ctx.get(bench.dut.request)
        ctx.set(send.start, 1)
        await tick(ctx)
        ctx.set(send.start, 0)
        for byte in b"answer":
            ctx.set(send.byte, byte)
            ctx.set(send.valid, 1)
            await tick(ctx)
            ctx.set(send.valid, 0)
            await tick(ctx, pause)
            await bench.give(ctx, 0x7E)
        assert not ctx.get(send.busy)
        assert ctx.get(send.crc) == zlib.crc32(b"answer")

    bench.simulate(host, tmp_path)


def test_payload_that_is_not_taken(tmp_path):
    """It is gone with the request."""
    bench = Bench()

    async def host(ctx):
        for byte in encode_frame(frame(9)):
            await bench.give(ctx, byte)
        await tick(ctx, 3)
        await bench.finish(ctx)
        await tick(ctx, 2)
        assert not ctx.get(bench.dut.payload.valid)
        await bench.give_all(ctx, encode_frame(frame(2)))

    bench.simulate(host, tmp_path)
    assert bench.frames == [frame(2)]


def damaged(length, cut, flip):
    """A frame, perhaps without its last bytes, perhaps with a flipped bit."""
    data = list(encode_frame(frame(length)))
    if flip is not None:
        data[flip // 8 % len(data)] ^= 1 << flip % 8
    return data[: len(data) - (cut or 0)]


PIECES = st.lists(
    st.one_of(
        st.lists(st.sampled_from([0x7E, 0x00, 0x01, PAYLOAD_MAX, 0xFF]), max_size=6),
        st.just([SILENCE]),
        st.builds(
            damaged,
            st.integers(0, PAYLOAD_MAX + 1),
            st.one_of(st.none(), st.integers(1, 8)),
            st.one_of(st.none(), st.none(), st.integers(0, 63)),
        ),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(PIECES)
def test_agrees_with_the_reader(pieces):
    """On whatever comes: the same frames, and as many dropped."""
    symbols = [symbol for piece in pieces for symbol in piece]
    reader, expected = FrameReader(PAYLOAD_MAX), []
    for symbol in symbols:
        if symbol is SILENCE:
            reader.silence()
        else:
            expected += reader.feed(bytes([symbol]))
    bench = Bench()
    bench.simulate(lambda ctx: bench.give_all(ctx, symbols))
    assert bench.frames == expected
    assert bench.events["damaged"] == reader.damaged


@pytest.mark.parametrize("payload_max", [1, 48])
def test_wrong_payload_max(payload_max):
    message = f"^payload_max must be a power of two, at least 2, not {payload_max}$"
    with pytest.raises(ValueError, match=message):
        FrameReceive(payload_max=payload_max)
