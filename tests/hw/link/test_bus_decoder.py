# amaranth: UnusedElaboratable=no
"""Bus decoder: every access ends, at the right slave or with an error."""

import pytest
from amaranth import Module
from amaranth.lib.wiring import connect

from arch.register import Access, Register, RegisterField
from hw.link.bus_decoder import PATIENCE, BusDecoder
from hw.register_block import RegisterBlock
from hw.testing import access, run, sample, tick

WINDOWS = {"low": (0, 4), "high": (0x40, 5), "dead": (0x60, 5)}
SCRATCH = Register(
    name="scratch",
    at=8,
    text="Anything",
    fields=(RegisterField(name="value", low=0, bits=32, access=Access.SETTING, text="Any"),),
)


def bench():
    """Registers in two windows, and nobody behind the third."""
    top, dut = Module(), BusDecoder(address_bits=7, windows=WINDOWS)
    top.submodules.dut = dut
    for name in ("low", "high"):
        top.submodules[name] = block = RegisterBlock([SCRATCH], address_bits=WINDOWS[name][1])
        connect(top, getattr(dut, name), block.bus)
    return top, dut


def test_windows(tmp_path):
    """Each slave sees its own addresses; elsewhere there is nothing."""
    top, dut = bench()

    async def host(ctx):
        assert await access(ctx, dut.bus, 8, write=0x12345678) is not None
        assert await access(ctx, dut.bus, 0x40 * 4 + 8, write=0x9ABCDEF0) is not None
        found = {at: await access(ctx, dut.bus, at) for at in range(0, 0x60 * 4, 4)}
        expected = {8: 0x12345678, 0x108: 0x9ABCDEF0}
        assert {at: word for at, word in found.items() if word is not None} == expected

    run(top, host, vcd=tmp_path / "decoder.vcd")


async def duration(ctx, bus, at):
    """Cycles up to the answer, and whether it is an error; the request stays up."""
    ctx.set(bus.adr, at)
    ctx.set(bus.cyc, 1)
    ctx.set(bus.stb, 1)
    cycles = 0
    while True:
        ack, err = await sample(ctx, bus.ack, bus.err)
        if ack | err:
            assert ack ^ err
            return cycles, err
        cycles += 1


def test_timing(tmp_path):
    """That of the slave; one cycle without one; patience with one that does not answer."""
    top, dut = bench()

    async def host(ctx):
        for at, expected in (
            (2, (2, 0)),
            (3, (2, 1)),
            (0x20, (1, 1)),
            (0x60, (PATIENCE - 1, 1)),
            (0x42, (2, 0)),
        ):
            assert await duration(ctx, dut.bus, at) == expected
            ctx.set(dut.bus.cyc, 0)
            await tick(ctx, 2)
        for _ in range(3):  # the request stays for another one
            assert await duration(ctx, dut.bus, 0x70) == (PATIENCE - 1, 1)

    run(top, host, vcd=tmp_path / "decoder.vcd")


def test_answer_in_the_last_cycle(tmp_path):
    """It comes together with the error, which is all that is seen."""
    top, dut = bench()

    async def slave(ctx):
        while not await sample(ctx, dut.dead.cyc):
            pass
        await tick(ctx, PATIENCE - 2)
        ctx.set(dut.dead.ack, 1)

    async def host(ctx):
        assert await duration(ctx, dut.bus, 0x60) == (PATIENCE - 1, 1)

    run(top, slave, host, vcd=tmp_path / "decoder.vcd")


def test_late_answer(tmp_path):
    """It comes too late for its access, and is not taken for the answer to the next one."""
    top, dut = bench()

    async def host(ctx):
        assert await duration(ctx, dut.bus, 0x60) == (PATIENCE - 1, 1)
        ctx.set(dut.dead.ack, 1)
        ctx.set(dut.bus.cyc, 0)
        ctx.set(dut.bus.adr, 2)
        await tick(ctx)
        assert await sample(ctx, dut.bus.ack, dut.bus.err) == [0, 0]
        assert (await duration(ctx, dut.bus, 2))[1] == 0

    run(top, host, vcd=tmp_path / "decoder.vcd")


@pytest.mark.parametrize(
    ("windows", "message"),
    [
        ({"odd": (8, 4)}, "odd has no window at word 0x8"),
        ({"far": (0x80, 4)}, "far has no window at word 0x80"),
        ({"none": (0, 0)}, "width of none must be at least 1, not 0"),
    ],
)
def test_wrong_windows(windows, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        BusDecoder(address_bits=7, windows=windows)
