# amaranth: UnusedElaboratable=no
"""Bus share: nobody's access is mixed with the other's."""

import random

from amaranth import Module
from amaranth.lib.wiring import connect

from hw.link.bus_share import BusShare
from hw.register_block import RegisterBlock
from hw.testing import access, run, sample, tick
from tests.hw.test_register_block import REGISTERS


def bench():
    top, dut = Module(), BusShare(address_bits=4)
    top.submodules.dut = dut
    top.submodules.block = block = RegisterBlock(REGISTERS, address_bits=4)
    connect(top, dut.bus, block.bus)
    return top, dut, block


def test_both_at_random(tmp_path):
    """One writes and reads its register, the other reads others, whatever the phases."""
    top, dut, block = bench()

    async def first(ctx):
        rng = random.Random(1)
        for _ in range(150):
            value = rng.getrandbits(4)
            await tick(ctx, rng.choice((0, 0, 1, 2, 5)))
            assert await access(ctx, dut.first, 8, write=value) is not None
            assert await access(ctx, dut.first, 8) == value
            assert await access(ctx, dut.first, 4) is None

    async def second(ctx):
        rng = random.Random(2)
        ctx.set(block.pair[1].value, 0x11223344)
        for _ in range(150):
            await tick(ctx, rng.choice((1, 1, 2, 3, 11)))
            assert await access(ctx, dut.second, 24) == 0x11223344
            await tick(ctx)
            assert await access(ctx, dut.second, 36) is None

    run(top, first, second, vcd=tmp_path / "share.vcd")


def test_timing(tmp_path):
    """The first waits for nobody but an access that has begun, the second a cycle."""
    top, dut, _block = bench()

    async def duration(ctx, bus):
        ctx.set(bus.adr, 2)
        ctx.set(bus.cyc, 1)
        ctx.set(bus.stb, 1)
        cycles = 0
        while not await sample(ctx, bus.ack):
            cycles += 1
        ctx.set(bus.cyc, 0)
        await tick(ctx, 3)
        return cycles

    async def host(ctx):
        assert await duration(ctx, dut.first) == 2
        assert await duration(ctx, dut.second) == 3

    run(top, host, vcd=tmp_path / "share.vcd")
