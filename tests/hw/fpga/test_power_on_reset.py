# amaranth: UnusedElaboratable=no
"""Power-on reset: how long it lasts, and what begins it anew."""

import pytest

from hw.fpga.power_on_reset import PowerOnReset, reset_cycles
from hw.testing import run, sample, tick

SYNCHRONISED = 2
CYCLES = 5


@pytest.mark.parametrize(("mhz", "cycles"), [(12, 181), (80, 1201), (50, 751)])
def test_lasts_long_enough(mhz, cycles):
    assert reset_cycles(mhz) == cycles
    assert cycles / mhz >= 15


async def until_ready(ctx, dut):
    waited = 0
    while not await sample(ctx, dut.ready):
        waited += 1
    return waited


def test_waits_for_the_clock(tmp_path):
    dut = PowerOnReset(cycles=CYCLES)

    async def testbench(ctx):
        for _ in range(3 * CYCLES):
            assert not await sample(ctx, dut.ready)
        ctx.set(dut.locked, 1)
        assert await until_ready(ctx, dut) == CYCLES + SYNCHRONISED + 1
        for _ in range(3 * CYCLES):
            assert await sample(ctx, dut.ready)

    run(dut, testbench, vcd=tmp_path / "reset.vcd")


@pytest.mark.parametrize(("name", "against"), [("button", 1), ("locked", 0)])
@pytest.mark.parametrize("length", [1, 4])
def test_begins_anew(name, against, length, tmp_path):
    """One cycle in which the clock is lost, or the button is pressed, is enough."""
    dut = PowerOnReset(cycles=CYCLES)
    changed = getattr(dut, name)

    async def testbench(ctx):
        ctx.set(dut.locked, 1)
        await until_ready(ctx, dut)
        ctx.set(changed, against)
        await tick(ctx, length)
        ctx.set(changed, 1 - against)
        seen = [await sample(ctx, dut.ready) for _ in range(CYCLES + SYNCHRONISED + 2)]
        left = max(0, SYNCHRONISED + 1 - length)
        assert seen == [1] * left + [0] * (CYCLES + SYNCHRONISED + 1 - left) + [1]

    run(dut, testbench, vcd=tmp_path / "reset.vcd")


def test_wrong_size():
    with pytest.raises(ValueError, match=r"^cycles must be at least 1, not 0$"):
        PowerOnReset(cycles=0)
