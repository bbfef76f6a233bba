# amaranth: UnusedElaboratable=no
"""Unit tests of layer control."""

import pytest
from amaranth import signed, unsigned
from amaranth.lib import data

from hw.layer_control import LayerControl
from hw.testing import run, sample, tick

LAYOUT = data.StructLayout({"first_ou": unsigned(4), "zero_point": signed(3)})
WORDS = [0b100_0011, 0b011_1111, 0b111_0000]
DESCRIPTORS = [(3, -4), (15, 3), (0, -1)]


def control(*, logic=False):
    return LayerControl(WORDS, layout=LAYOUT, position_bits=4, logic=logic)


async def give(ctx, dut, layer, positions):
    """Hand over a command; return in the cycle after it was taken."""
    ctx.set(dut.command.payload, {"layer": layer, "positions": positions})
    ctx.set(dut.command.valid, 1)
    while not await sample(ctx, dut.command.ready):
        pass
    ctx.set(dut.command.valid, 0)


@pytest.mark.parametrize("layer", range(3))
@pytest.mark.parametrize(("positions", "logic"), [(1, False), (3, False), (15, False), (3, True)])
def test_runs_a_layer(layer, positions, logic, tmp_path):
    """Starts two cycles after the command, and ends with the last output of the last position."""
    dut = control(logic=logic)

    async def testbench(ctx):
        ctx.set(dut.prepared, 1)
        await tick(ctx, 2)
        await give(ctx, dut, layer, positions)
        assert (ctx.get(dut.reading), ctx.get(dut.start)) == (1, 0)
        await tick(ctx)
        assert (ctx.get(dut.reading), ctx.get(dut.start)) == (0, 1)
        assert ctx.get(dut.busy)
        assert ctx.get(dut.positions) == positions
        descriptor = ctx.get(dut.layer)
        assert (descriptor.first_ou, descriptor.zero_point) == DESCRIPTORS[layer]
        await tick(ctx)
        for position in range(positions):
            assert not ctx.get(dut.start)
            assert not ctx.get(dut.command.ready)
            assert ctx.get(dut.cycles) == 2 + 3 * position
            ctx.set(dut.issued, 1)
            await tick(ctx, 2)
            ctx.set(dut.issued, 0)
            ctx.set(dut.position_done, 1)
            await tick(ctx)
            ctx.set(dut.position_done, 0)
        assert not ctx.get(dut.busy)
        assert ctx.get(dut.command.ready)
        await tick(ctx, 4)  # Counters keep their values.
        assert ctx.get(dut.cycles) == 2 + 3 * positions
        assert ctx.get(dut.planes) == 2 * positions

    run(dut, testbench, vcd=tmp_path / "control.vcd")


def test_counts_anew(tmp_path):
    """Counters and descriptor belong to the last command."""
    dut = control()

    async def testbench(ctx):
        ctx.set(dut.prepared, 1)
        ctx.set(dut.issued, 1)
        for layer, cycles in ((1, 9), (2, 4)):
            await give(ctx, dut, layer, 1)
            await tick(ctx, cycles - 1)
            ctx.set(dut.position_done, 1)
            await tick(ctx)
            ctx.set(dut.position_done, 0)
            assert (ctx.get(dut.cycles), ctx.get(dut.planes)) == (cycles, cycles)
            assert ctx.get(dut.layer).first_ou == DESCRIPTORS[layer][0]

    run(dut, testbench, vcd=tmp_path / "control.vcd")


def test_waits_until_prepared(tmp_path):
    dut = control()

    async def testbench(ctx):
        ctx.set(dut.command.payload, {"layer": 1, "positions": 1})
        ctx.set(dut.command.valid, 1)
        for _ in range(5):
            assert not ctx.get(dut.command.ready)
            assert not ctx.get(dut.busy)
            await tick(ctx)
        ctx.set(dut.prepared, 1)
        await tick(ctx, 2)
        assert ctx.get(dut.start)

    run(dut, testbench, vcd=tmp_path / "control.vcd")


def test_waits_while_a_layer_runs(tmp_path):
    """A command that comes early is held, and taken in the cycle after the last output."""
    dut = control()

    async def testbench(ctx):
        ctx.set(dut.prepared, 1)
        await give(ctx, dut, 0, 1)
        ctx.set(dut.command.payload, {"layer": 2, "positions": 2})
        ctx.set(dut.command.valid, 1)
        await tick(ctx, 6)
        assert ctx.get(dut.layer).first_ou == DESCRIPTORS[0][0]
        ctx.set(dut.position_done, 1)
        await tick(ctx)
        ctx.set(dut.position_done, 0)
        assert ctx.get(dut.command.ready)
        await tick(ctx, 2)
        assert ctx.get(dut.start)
        assert ctx.get(dut.positions) == 2

    run(dut, testbench, vcd=tmp_path / "control.vcd")


def test_no_positions(tmp_path):
    """A command without positions is taken and does nothing."""
    dut = control()

    async def testbench(ctx):
        ctx.set(dut.prepared, 1)
        await give(ctx, dut, 1, 0)
        for _ in range(4):
            assert not ctx.get(dut.busy)
            assert not ctx.get(dut.start)
            assert ctx.get(dut.command.ready)
            await tick(ctx)

    run(dut, testbench, vcd=tmp_path / "control.vcd")


def test_wrong_words():
    with pytest.raises(ValueError, match=r"^word 0 is 128, which does not fit 7 bits$"):
        LayerControl([128], layout=LAYOUT, position_bits=4)


def test_wrong_position_bits():
    with pytest.raises(TypeError, match=r"^position_bits must be an integer, not '4'$"):
        LayerControl(WORDS, layout=LAYOUT, position_bits="4")


def test_logic_has_no_memory():
    dut = control(logic=True)
    assert "read_back" not in dut.signature.members
    with pytest.raises(ValueError, match=r"^layers that are loaded cannot be logic$"):
        LayerControl(3, layout=LAYOUT, position_bits=4, logic=True)
