# amaranth: UnusedElaboratable=no
"""Register block: every kind of field, from the bus and from the hardware."""

import dataclasses

import pytest

from arch.register import Access, Register, RegisterField
from hw.register_block import RegisterBlock
from hw.testing import access, run, sample, tick


def field(name, low, bits, access, **others):
    return RegisterField(name=name, low=low, bits=bits, access=access, text=name, **others)


CONSTANT = Register(
    name="constant",
    at=0,
    text="Constants",
    fields=(
        field("known", 0, 8, Access.CONSTANT, value=0xA5),
        field("given", 28, 4, Access.CONSTANT),
    ),
)
SETTING = Register(
    name="setting",
    at=8,  # nothing is at 4
    text="Settings",
    fields=(field("low", 0, 4, Access.SETTING), field("high", 7, 18, Access.SETTING)),
)
ACTION = Register(
    name="action",
    at=12,
    text="Pulses and events",
    fields=(
        field("pulse", 1, 1, Access.PULSE),
        field("event", 9, 1, Access.EVENT),
        field("state", 16, 16, Access.STATE),
    ),
)
PAIR = Register(
    name="pair",
    at=16,
    text="Two of two words",
    fields=(field("value", 0, 64, Access.STATE),),
    words=2,
    count=2,
)
WORD = Register(
    name="word",
    at=40,
    text="Takes words",
    fields=(field("value", 0, 32, Access.WORD),),
)
REGISTERS = (CONSTANT, SETTING, ACTION, PAIR, WORD)


def block():
    return RegisterBlock(REGISTERS, address_bits=4)


def simulate(dut, testbench, tmp_path):
    run(dut, testbench, vcd=tmp_path / "registers.vcd")


def test_reads(tmp_path):
    """What the table states, what the hardware gives, zero between, all words of wide registers."""
    dut = block()

    async def testbench(ctx):
        ctx.set(dut.constant.given, 0xF)
        ctx.set(dut.action.state, 0x8001)
        ctx.set(dut.pair[0].value, (1 << 63) + 5)
        ctx.set(dut.pair[1].value, 0x0123456789ABCDEF)
        seen = [await access(ctx, dut.bus, at) for at in range(0, 36, 4)]
        assert seen == [
            *(0xF00000A5, None, 0, 0x80010000),
            *(5, 1 << 31, 0x89ABCDEF, 0x01234567, None),
        ]

    simulate(dut, testbench, tmp_path)


def test_every_write_of_a_word_is_taken_once(tmp_path):
    """If all its bytes are written, also when it is the same again; it reads as zero."""
    dut, taken = block(), []

    async def record(ctx):
        for _ in range(40):
            written, value = await sample(ctx, dut.word.value_written, dut.word.value)
            if written:
                taken.append(value)

    async def testbench(ctx):
        taken.clear()
        for value, sel in ((0xFFFFFFFF, 15), (7, 7), (0, 15), (0, 15), (5, 0)):
            assert await access(ctx, dut.bus, 40, write=value, sel=sel) is not None
            assert await access(ctx, dut.bus, 40) == 0

    run(dut, testbench, record, vcd=tmp_path / "registers.vcd")
    assert taken == [0xFFFFFFFF, 0, 0]


def test_settings_keep_what_selected_bytes_wrote(tmp_path):
    dut = block()

    async def testbench(ctx):
        assert await access(ctx, dut.bus, 8, write=0xFFFFFFFF) is not None
        assert await access(ctx, dut.bus, 8) == 0x01FFFF8F
        assert (ctx.get(dut.setting.low), ctx.get(dut.setting.high)) == (15, (1 << 18) - 1)
        await access(ctx, dut.bus, 8, write=0, sel=0b0010)
        assert await access(ctx, dut.bus, 8) == 0x01FF008F
        await access(ctx, dut.bus, 8, write=0x00000003, sel=0b0001)
        assert await access(ctx, dut.bus, 8) == 0x01FF0003
        assert ctx.get(dut.setting.high) == 0x01FF0003 >> 7
        await access(ctx, dut.bus, 0, write=0)
        assert await access(ctx, dut.bus, 0) == 0xA5

    simulate(dut, testbench, tmp_path)


def test_a_pulse_is_one_cycle(tmp_path):
    """Where a one is written, and nowhere else; it reads as zero."""
    dut = block()

    async def testbench(ctx):
        for data, sel in ((2, 15), (0xFFFFFFFD, 15), (2, 14), (2, 1)):
            await access(ctx, dut.bus, 12, write=data, sel=sel)
        assert await access(ctx, dut.bus, 12) == 0

    pulses = []

    async def watch(ctx):
        seen = [await sample(ctx, dut.action.pulse) for _ in range(20)]
        pulses[:] = [cycle for cycle, high in enumerate(seen) if high]

    run(dut, testbench, watch, vcd=tmp_path / "registers.vcd")
    # With the answer; a write takes three cycles. The first and the last have the bit and its byte.
    assert pulses == [2, 11]


def test_events(tmp_path):
    """Set by hardware, cleared by a one; what happens in the cycle of clearing is not lost."""
    dut = block()
    event = 1 << 9

    async def testbench(ctx):
        ctx.set(dut.action.event_set, 1)
        await tick(ctx)
        ctx.set(dut.action.event_set, 0)
        for data, sel in ((0, 15), (~event & 0xFFFFFFFF, 15), (event, 0b1101)):
            await access(ctx, dut.bus, 12, write=data, sel=sel)
            assert await access(ctx, dut.bus, 12) == event
        ctx.set(dut.action.event_set, 1)
        await access(ctx, dut.bus, 12, write=event)
        assert ctx.get(dut.action.event)
        ctx.set(dut.action.event_set, 0)
        await access(ctx, dut.bus, 12, write=event)
        assert await access(ctx, dut.bus, 12) == 0

    simulate(dut, testbench, tmp_path)


def test_timing_and_faults(tmp_path):
    """An answer is there two cycles after the request, for one cycle; then the next can follow."""
    dut = block()
    bus = dut.bus

    async def testbench(ctx):
        for at, fault in ((0, 0), (1, 1), (9, 1), (15, 1)):
            ctx.set(bus.adr, at)
            ctx.set(bus.cyc, 1)
            ctx.set(bus.stb, 0)
            for _ in range(2):
                assert await sample(ctx, bus.ack, bus.err, dut.fault) == [0, 0, 0]
            ctx.set(bus.stb, 1)
            for _ in range(3):  # one access after the other
                assert await sample(ctx, bus.ack, bus.err, dut.fault) == [0, 0, 0]
                assert await sample(ctx, bus.ack, bus.err, dut.fault) == [0, 0, fault]
                assert await sample(ctx, bus.ack, bus.err, dut.fault) == [not fault, fault, 0]
            await tick(ctx)
            ctx.set(bus.cyc, 0)  # taken back before the answer; then it is for somebody else
            for _ in range(3):
                assert await sample(ctx, bus.ack, bus.err, dut.fault) == [0, 0, 0]

    simulate(dut, testbench, tmp_path)


@pytest.mark.parametrize(
    ("registers", "message"),
    [
        ([dataclasses.replace(CONSTANT, at=2)], "register constant is at 0x2, inside a word"),
        ([PAIR, ACTION], "register action has no place at 0xc"),
        ([dataclasses.replace(PAIR, at=56)], "register pair has no place at 0x38"),
        ([CONSTANT, dataclasses.replace(CONSTANT, at=4)], "there are two registers constant"),
        (
            [dataclasses.replace(ACTION, fields=(field("go", 0, 2, Access.PULSE),))],
            "action.go must have one bit, not 2",
        ),
    ],
)
def test_wrong_registers(registers, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        RegisterBlock(registers, address_bits=4)


def test_words_that_are_zero(tmp_path):
    """They are there, read as zero and ignore writes, alone and beside others in one register."""
    zero = field("value", 0, 16, Access.CONSTANT, value=0)
    dut = RegisterBlock(
        [
            Register(name="three", at=4, text="Zero", fields=(zero,), count=3),
            dataclasses.replace(SETTING, at=20),
            Register(name="last", at=60, text="Zero", fields=(zero,)),
        ],
        address_bits=4,
    )

    async def testbench(ctx):
        for at in (4, 8, 12, 20, 60):
            assert await access(ctx, dut.bus, at, write=0xFFFFFFFF) is not None
        seen = {at: await access(ctx, dut.bus, at) for at in range(0, 64, 4)}
        there = {4: 0, 8: 0, 12: 0, 20: 0x01FFFF8F, 60: 0}
        assert {at: word for at, word in seen.items() if word is not None} == there

    simulate(dut, testbench, tmp_path)


def test_wrong_address_bits():
    with pytest.raises(ValueError, match=r"^address_bits must be at least 1, not 0$"):
        RegisterBlock(REGISTERS, address_bits=0)
