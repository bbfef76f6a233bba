# amaranth: UnusedElaboratable=no
"""Status watch: shows what the registers of an engine say."""

from amaranth import Module
from amaranth.lib.wiring import connect

from arch.registers import REGISTERS
from hw.link.status_watch import PERIOD, StatusWatch
from hw.register_block import RegisterBlock
from hw.testing import run, tick


def test_shows(tmp_path):
    """Busy behind the input only; the error until it is cleared. Both within two accesses."""
    top, dut = Module(), StatusWatch(address_bits=10)
    top.submodules.dut = dut
    top.submodules.block = block = RegisterBlock(REGISTERS, address_bits=10)
    connect(top, dut.bus, block.bus)

    async def host(ctx):
        for busy, step, error in ((0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 0x8000, 1), (0, 3, 1)):
            ctx.set(block.status.busy, busy)
            ctx.set(block.status.step, step)
            ctx.set(block.error.flag_set, error)
            await tick(ctx, 2 * (PERIOD + 4))
            assert ctx.get(dut.busy) == (busy and step > 0)
            assert ctx.get(dut.error) == error

    run(top, host, vcd=tmp_path / "watch.vcd")


def test_bus_that_fails(tmp_path):
    """An error leaves what was seen; the next access is made all the same."""
    dut, seen = StatusWatch(address_bits=10), []

    async def host(ctx):
        seen.clear()
        for _ in range(3):
            while not ctx.get(dut.bus.cyc):
                await tick(ctx)
            seen.append(ctx.get(dut.bus.adr))
            ctx.set(dut.bus.dat_r, -1)
            ctx.set(dut.bus.err, 1)
            await tick(ctx)
            ctx.set(dut.bus.err, 0)
            await tick(ctx)
            assert (ctx.get(dut.busy), ctx.get(dut.error)) == (0, 0)

    run(dut, host, vcd=tmp_path / "watch.vcd")
    assert seen[0] == seen[2] != seen[1]
