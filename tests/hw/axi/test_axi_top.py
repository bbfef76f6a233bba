# amaranth: UnusedElaboratable=no
"""AXI top: images and results over streams, registers over AXI4-Lite, wrong packets."""

import dataclasses
import random

import numpy as np
import pytest

from arch.axi_registers import AXI_BASE, AXI_MAP
from arch.geometry import Geometry
from arch.network_program import build_network_program
from arch.registers import find_register
from cosim.golden import GoldenNetwork
from hw.axi.axi_ports import AxiResponse
from hw.axi.axi_top import AxiTop
from hw.testing import run, sample
from sw.mapping import map_network
from tests.hw.axi.manager import CHANNELS, Manager
from tests.sw.integer_layers import small_network

GEOMETRY = Geometry(adc_bits=4)


class AxiBench:
    """An AXI top, what images must give, and a host."""

    def __init__(self, stream_bytes=1):
        tables = map_network(small_network(GEOMETRY), GEOMETRY)
        tables = dataclasses.replace(tables, layers=tables.layers[:1])
        program = build_network_program(tables)
        self.top = AxiTop(program, stream_bytes=stream_bytes)
        self.stream_bytes = stream_bytes
        self.images = np.random.default_rng(1).integers(0, 200, (3, *program.steps[0].result.shape))
        maps = GoldenNetwork(tables).run(self.images)
        self.scores = maps[program.steps[-1].name].transpose(0, 2, 3, 1).reshape(3, -1)

    def image(self, number):
        return (self.images[number] & 255).ravel().tolist()

    async def get(self, ctx, at):
        axi = self.top.s_axi
        await self._offer(ctx, "ar", (at, 0))
        while not (await sample(ctx, axi.rvalid)):
            pass
        word, response = ctx.get(axi.rdata), ctx.get(axi.rresp)
        ctx.set(axi.rready, 1)
        await sample(ctx, axi.rvalid)
        ctx.set(axi.rready, 0)
        return word if response == AxiResponse.OKAY else None

    async def put(self, ctx, at, word):
        axi = self.top.s_axi
        await self._offer(ctx, "w", (word, 15))
        await self._offer(ctx, "aw", (at, 0))
        while not (await sample(ctx, axi.bvalid)):
            pass
        ctx.set(axi.bready, 1)
        await sample(ctx, axi.bvalid)
        ctx.set(axi.bready, 0)
        return ctx.get(axi.bresp) == AxiResponse.OKAY

    async def _offer(self, ctx, channel, payload):
        for name, value in zip(CHANNELS[channel], payload, strict=True):
            ctx.set(getattr(self.top.s_axi, name), value)
        await Manager(self.top.s_axi).send(channel, [payload])(ctx)

    async def send(self, ctx, pixels):
        """Give a packet."""
        axis, size = self.top.s_axis, self.stream_bytes
        for at in range(0, len(pixels), size):
            part = pixels[at : at + size]
            ctx.set(axis.tdata, int.from_bytes(bytes(part), "little"))
            if size > 1:
                ctx.set(axis.tkeep, (1 << len(part)) - 1)
            ctx.set(axis.tlast, at + size >= len(pixels))
            ctx.set(axis.tvalid, 1)
            while not await sample(ctx, axis.tready):
                pass
            ctx.set(axis.tvalid, 0)

    async def receive(self, ctx):
        """Take results up to the last of an image."""
        axis, rng, words, last = self.top.m_axis, random.Random(1), [], 0
        while not last:
            ctx.set(axis.tready, wants := rng.getrandbits(1))
            valid, word, marked = await sample(ctx, axis.tvalid, axis.tdata, axis.tlast)
            if valid & wants:
                words.append(word)
                last = marked
        ctx.set(axis.tready, 0)
        return words

    def words(self, number):
        """What the results of an image are as words."""
        values = [int(value) & 0xFFFF for value in self.scores[number]]
        return [*values[:-1], values[-1] | 1 << 31]


def at(name):
    return AXI_BASE + AXI_MAP.find(name).at


@pytest.mark.parametrize("stream_bytes", [1, 4])
def test_images(stream_bytes, tmp_path):
    """Exact, one after the other; a short packet is told, and after a reset all goes on."""
    bench = AxiBench(stream_bytes)
    size = len(bench.image(0))

    async def host(ctx):
        top = bench.top
        assert await bench.get(ctx, at("magic")) == 0x4F484D41
        assert await bench.get(ctx, at("features")) == stream_bytes
        assert await bench.get(ctx, find_register("magic").at) == 0x4F484D46
        assert await bench.get(ctx, at("interrupt_mask") + 4) is None
        assert not await bench.put(ctx, 0xFFC, 0)
        assert await bench.put(ctx, at("image_bytes"), size)
        assert await bench.put(ctx, at("interrupt_mask"), 1)
        assert await bench.put(ctx, find_register("error").at, 1)  # of the hole
        assert await bench.put(ctx, find_register("control").at, 1)
        await bench.send(ctx, bench.image(0))
        assert await bench.receive(ctx) == bench.words(0)
        assert not ctx.get(top.irq)
        await bench.send(ctx, bench.image(1)[:-3])
        for _ in range(4 * stream_bytes):
            await sample(ctx, top.irq)
        assert ctx.get(top.irq)
        assert await bench.get(ctx, at("error")) == 1
        assert await bench.put(ctx, find_register("control").at, 0b101)  # enable, reset
        assert await bench.put(ctx, at("error"), 1)
        assert not ctx.get(top.irq)
        await bench.send(ctx, bench.image(2))
        assert await bench.receive(ctx) == bench.words(2)
        assert await bench.get(ctx, find_register("error").at) & 1 == 0

    run(bench.top, host, timeout=20_000, vcd=tmp_path / "axi.vcd")


def test_flush(tmp_path):
    """Bytes that wait are dropped; the next byte begins an image."""
    bench = AxiBench()

    async def host(ctx):
        assert await bench.put(ctx, at("image_bytes"), len(bench.image(0)))
        await bench.send(ctx, bench.image(0)[:2])  # wait, since no image may begin
        assert await bench.put(ctx, at("control"), 1)
        assert await bench.put(ctx, find_register("control").at, 1)
        await bench.send(ctx, bench.image(1))
        assert await bench.receive(ctx) == bench.words(1)
        assert await bench.get(ctx, at("error")) == 0

    run(bench.top, host, timeout=20_000, vcd=tmp_path / "axi.vcd")


def test_wrong_stream_bytes():
    with pytest.raises(ValueError, match=r"^stream_bytes must be 1 or 4, not 2$"):
        AxiTop(None, stream_bytes=2)
