# amaranth: UnusedElaboratable=no
"""Run control: permission to begin, and the first error."""

import pytest

from arch.registers import Error
from hw.run_control import RunControl
from hw.testing import run, tick


def simulate(testbench, tmp_path):
    dut = RunControl(steps=5)

    async def bound(ctx):
        await testbench(ctx, dut)

    run(dut, bound, vcd=tmp_path / "control.vcd")


async def pulse(ctx, signal):
    ctx.set(signal, 1)
    await tick(ctx)
    ctx.set(signal, 0)


def state(ctx, dut):
    return ctx.get(dut.permit), ctx.get(dut.busy)


def test_enable_permits_every_image(tmp_path):
    async def testbench(ctx, dut):
        assert state(ctx, dut) == (0, 0)
        ctx.set(dut.enable, 1)
        for _ in range(2):
            assert state(ctx, dut) == (1, 0)
            await pulse(ctx, dut.progress.begin)
            assert state(ctx, dut) == (1, 1)
            await tick(ctx, 3)
            await pulse(ctx, dut.progress.end)
        ctx.set(dut.enable, 0)
        assert state(ctx, dut) == (0, 0)

    simulate(testbench, tmp_path)


def test_start_permits_one_image(tmp_path):
    """Also when it comes while one is in work; two starts are one."""

    async def testbench(ctx, dut):
        await pulse(ctx, dut.start)
        await pulse(ctx, dut.start)
        assert state(ctx, dut) == (1, 0)
        await pulse(ctx, dut.progress.begin)
        assert state(ctx, dut) == (0, 1)
        await pulse(ctx, dut.start)
        assert state(ctx, dut) == (1, 1)
        await pulse(ctx, dut.progress.end)
        assert state(ctx, dut) == (1, 0)
        ctx.set(dut.start, 1)  # in the cycle in which the image begins that the other permitted
        await pulse(ctx, dut.progress.begin)
        ctx.set(dut.start, 0)
        assert state(ctx, dut) == (1, 1)

    simulate(testbench, tmp_path)


def test_reset_forgets_image_and_start(tmp_path):
    async def testbench(ctx, dut):
        await pulse(ctx, dut.start)
        await pulse(ctx, dut.progress.begin)
        await pulse(ctx, dut.start)
        await pulse(ctx, dut.reset)
        assert state(ctx, dut) == (0, 0)

    simulate(testbench, tmp_path)


def test_the_first_error_stays(tmp_path):
    """Its code and step, until the flag is cleared; a refused step is an error once."""

    async def testbench(ctx, dut):
        def error():
            return ctx.get(dut.error), ctx.get(dut.code), ctx.get(dut.step)

        ctx.set(dut.progress.step, 3)
        ctx.set(dut.progress.code, Error.STEP_KIND)
        ctx.set(dut.progress.refused, 1)
        assert error() == (1, Error.NONE, 0)
        await tick(ctx)
        assert error() == (0, Error.STEP_KIND, 3)
        ctx.set(dut.held, 1)
        ctx.set(dut.progress.step, 4)
        ctx.set(dut.fault, 1)
        assert error()[0] == 1
        await tick(ctx)
        assert error() == (1, Error.STEP_KIND, 3)
        ctx.set(dut.held, 0)
        await tick(ctx)
        ctx.set(dut.fault, 0)
        assert error() == (0, Error.ADDRESS, 4)
        ctx.set(dut.progress.refused, 0)
        await tick(ctx)
        ctx.set(dut.table_fault, 1)
        ctx.set(dut.table_code, Error.LOAD_CRC)
        ctx.set(dut.fault, 1)
        await tick(ctx)
        assert error() == (1, Error.LOAD_CRC, 4)
        ctx.set(dut.progress.code, Error.NO_PROGRESS)
        ctx.set(dut.progress.refused, 1)
        await tick(ctx)
        ctx.set(dut.fault, 0)
        ctx.set(dut.table_fault, 0)
        assert error() == (0, Error.NO_PROGRESS, 4)

    simulate(testbench, tmp_path)


def test_wrong_steps():
    with pytest.raises(ValueError, match=r"^steps must be at least 1, not 0$"):
        RunControl(steps=0)
