# amaranth: UnusedElaboratable=no
"""Step guard: what a step may be, and what ends one that runs."""

from itertools import product

import pytest
from amaranth import unsigned
from amaranth.lib import data

from arch.network_shape import STEP_KINDS
from arch.registers import Error
from hw.step_guard import StepGuard, patience
from hw.testing import run, tick

LAYOUT = data.StructLayout(
    {"kind": 2, "layer": unsigned(2), "store": 1, "store_at": unsigned(5), "program_last": 1}
)
INPUT, LAYER, OPERATION = range(len(STEP_KINDS))


def simulate(testbench, tmp_path, **sizes):
    dut = StepGuard(
        **({"layout": LAYOUT, "layers": 3, "elements": 20, "patience": 16, "out_bits": 9} | sizes)
    )

    async def bound(ctx):
        await testbench(ctx, dut)

    run(dut, bound, vcd=tmp_path / "guard.vcd")


@pytest.mark.parametrize(
    ("step", "over", "error"),
    [
        ({"kind": INPUT}, 0, Error.NONE),
        ({"kind": LAYER, "layer": 2}, 0, Error.NONE),
        ({"kind": LAYER, "layer": 3}, 0, Error.STEP_LAYER),
        ({"kind": OPERATION, "layer": 3}, 0, Error.NONE),
        ({"kind": 3}, 0, Error.STEP_KIND),
        ({"store": 1, "store_at": 19}, 0, Error.NONE),
        ({"store": 1, "store_at": 20}, 0, Error.MAP_ADDRESS),
        ({"store": 0, "store_at": 31}, 0, Error.NONE),
        ({"program_last": 1}, 1, Error.NONE),
        ({"program_last": 0}, 1, Error.PROGRAM_END),
    ],
)
def test_steps(step, over, error, tmp_path):
    """Known at once, or not; the reason is there with the refusal, and stays."""

    async def testbench(ctx, dut):
        ctx.set(dut.step, step)
        ctx.set(dut.over, over)
        assert ctx.get(dut.known) == (error == Error.NONE)
        await tick(ctx)
        ctx.set(dut.refused, 1)
        assert ctx.get(dut.code) == error
        ctx.set(dut.step, {"kind": 3})
        await tick(ctx, 3)
        assert ctx.get(dut.code) == error

    simulate(testbench, tmp_path)


def test_numbers_that_all_fit(tmp_path):
    async def testbench(ctx, dut):
        ctx.set(dut.step, {"kind": LAYER, "layer": 3, "store": 1, "store_at": 31})
        assert ctx.get(dut.known)

    simulate(testbench, tmp_path, layers=4, elements=32)


@pytest.mark.parametrize("elements", [20, 32])
def test_permits_what_there_is_place_for(elements, tmp_path):
    """Also behind addresses that would wrap; a write beyond is a fault at once."""

    async def testbench(ctx, dut):
        for at in (0, elements - 1, elements, 33, 63):
            ctx.set(dut.write_at, at)
            for write in (0, 1):
                ctx.set(dut.write, write)
                assert ctx.get(dut.permitted) == (write and at < elements)
                assert ctx.get(dut.fault) == (write and at >= elements)
        await tick(ctx)
        ctx.set(dut.refused, 1)
        ctx.set(dut.write, 0)
        assert ctx.get(dut.code) == Error.MAP_ADDRESS

    simulate(testbench, tmp_path, elements=elements)


def test_no_progress(tmp_path):
    """`patience` cycles and two more without a move, while the engine is active."""

    async def testbench(ctx, dut):
        async def until_fault():
            for cycles in range(100):
                if ctx.get(dut.fault):
                    return cycles
                await tick(ctx)
            return None

        assert await until_fault() is None  # nothing runs
        ctx.set(dut.active, 1)
        ctx.set(dut.moves, 1)
        assert await until_fault() is None
        ctx.set(dut.moves, 0)
        await tick(ctx, 10)
        ctx.set(dut.moves, 1)
        await tick(ctx)
        ctx.set(dut.moves, 0)
        assert await until_fault() == 16 + 1
        await tick(ctx)
        ctx.set(dut.refused, 1)
        assert ctx.get(dut.code) == Error.NO_PROGRESS
        ctx.set(dut.active, 0)
        await tick(ctx, 3)
        assert not ctx.get(dut.fault)
        assert ctx.get(dut.code) == Error.NO_PROGRESS

    simulate(testbench, tmp_path)


def test_no_result_passes_when_refused(tmp_path):
    async def testbench(ctx, dut):
        for valid, ready, refused in product((0, 1), repeat=3):
            ctx.set(dut.i.valid, valid)
            ctx.set(dut.i.p, -256 + valid)
            ctx.set(dut.o.ready, ready)
            ctx.set(dut.refused, refused)
            assert ctx.get(dut.o.valid) == (valid and not refused)
            assert ctx.get(dut.i.ready) == (ready and not refused)
            assert ctx.get(dut.o.p) == -256 + valid

    simulate(testbench, tmp_path)


@pytest.mark.parametrize(
    ("outputs", "ous", "cycles"),
    [(1, 1, 2048), (1000, 345, 2048), (1024, 345, 4096), (16, 991, 2048), (16, 992, 4096)],
)
def test_patience_is_longer_than_clearing_and_reading(outputs, ous, cycles):
    assert patience(outputs=outputs, ous=ous) == cycles > max(outputs, 2 * ous) + 16


def test_wrong_patience():
    with pytest.raises(ValueError, match=r"^patience must be a power of two, not 12$"):
        StepGuard(layout=LAYOUT, layers=3, elements=20, patience=12, out_bits=9)
    with pytest.raises(ValueError, match=r"^layers must be at least 1, not 0$"):
        StepGuard(layout=LAYOUT, layers=0, elements=20, patience=16, out_bits=9)
