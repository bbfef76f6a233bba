# amaranth: UnusedElaboratable=no
"""AXI4-Lite bridge: every access is done once, as it was asked for, whatever the channels do."""

import random

import pytest
from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, connect, flipped

from arch.register import Access, Register, field
from hw.axi.axi_lite import AxiLiteBridge
from hw.axi.axi_ports import AxiLite, AxiResponse
from hw.register_block import RegisterBlock
from hw.testing import run, sample
from tests.hw.axi.manager import CHANNELS, Manager

ADDRESS_BITS = 6
WORDS = 8
"""Words from 0 on that are there; behind them is nothing."""
ACCESSES = 120
OKAY, SLVERR = AxiResponse.OKAY, AxiResponse.SLVERR


class Device(wiring.Component):
    """Registers behind a bridge."""

    axi: In(AxiLite(address_bits=ADDRESS_BITS))

    def elaborate(self, platform):
        m = Module()
        value = field("value", 0, Access.SETTING, "Anything", bits=32)
        words = Register(name="word", at=0, text="Words", fields=(value,), count=WORDS)
        m.submodules.bridge = bridge = AxiLiteBridge(address_bits=ADDRESS_BITS)
        m.submodules.block = block = RegisterBlock([words], address_bits=ADDRESS_BITS - 2)
        connect(m, flipped(self.axi), bridge.axi)
        connect(m, bridge.bus, block.bus)
        return m


def accesses(rng, count):
    """Addresses of bytes, unaligned ones and holes among them, and what is written there."""
    at = [rng.randrange(1 << ADDRESS_BITS) for _ in range(count)]
    return at, [(rng.getrandbits(32), rng.randrange(16)) for _ in range(count)]


def written(at, data, memory):
    """Do writes as they should be done; the answers."""
    answers = []
    for place, (word, strobe) in zip(at, data, strict=True):
        number = place // 4
        answers.append((OKAY if number < WORDS else SLVERR,))
        for byte in range(4):
            if strobe >> byte & 1 and number < WORDS:
                mask = 0xFF << 8 * byte
                memory[number] = memory[number] & ~mask | word & mask
    return answers


@pytest.mark.parametrize("seed", [None, 0, 1, 2])
@pytest.mark.parametrize("lead", [{}, {"w": 7}, {"aw": 7}], ids=str)
def test_writes_and_reads(seed, lead, tmp_path):
    """Address and data in any order; what was written is read, and holes answer SLVERR."""
    at, data = accesses(random.Random(seed), ACCESSES)
    memory = [0] * WORDS
    expected = written(at, data, memory)
    dut = Device()
    manager = Manager(dut.axi, seed=seed)
    looked = [n * 4 + n % 4 for n in range(1 << ADDRESS_BITS - 2)]

    async def reads_after(ctx):
        await manager.receive("b", ACCESSES)(ctx)
        await manager.receive("r", len(looked))(ctx)

    async def asks_after(ctx):
        while len(manager.answers["b"]) < ACCESSES:
            await sample(ctx, dut.axi.bvalid)
        await manager.send("ar", [(place, 7) for place in looked])(ctx)

    run(
        dut,
        manager.send("aw", [(place, 0) for place in at], after=lead.get("aw", 0)),
        manager.send("w", data, after=lead.get("w", 0)),
        reads_after,
        asks_after,
        watches=manager.watches(),
        vcd=tmp_path / "axi.vcd",
    )
    assert manager.answers["b"] == expected
    assert {OKAY, SLVERR} == {answer for (answer,) in expected}
    for place, (word, answer) in zip(looked, manager.answers["r"], strict=True):
        there = place // 4 < WORDS
        assert answer == (OKAY if there else SLVERR)
        assert not there or word == memory[place // 4]


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_reads_and_writes_at_once(seed, tmp_path):
    """Neither waits for the other; every read gives a word that was there at some time."""
    rng = random.Random(seed)
    dut = Device()
    manager = Manager(dut.axi, seed=seed)
    values = [(n, 15) for n in range(1, ACCESSES + 1)]
    places = [rng.randrange(WORDS) * 4 for _ in range(ACCESSES)]
    looked = [rng.randrange(WORDS) * 4 for _ in range(ACCESSES)]
    run(
        dut,
        manager.send("aw", [(place, 0) for place in places]),
        manager.send("w", values),
        manager.send("ar", [(place, 0) for place in looked]),
        manager.receive("b", ACCESSES),
        manager.receive("r", ACCESSES),
        watches=manager.watches(),
        vcd=tmp_path / "axi.vcd",
    )
    newest = dict.fromkeys(range(0, WORDS * 4, 4), 0)
    for place, (word, answer) in zip(looked, manager.answers["r"], strict=True):
        assert answer == OKAY
        assert word == 0 or places[word - 1] == place
        assert word >= newest[place]
        newest[place] = word


def test_fair(tmp_path):
    """With reads and writes waiting all the time, they take turns."""
    dut = Device()
    manager = Manager(dut.axi)
    order = []

    async def note(ctx):
        order.clear()
        while True:
            wrote, read = await sample(
                ctx, dut.axi.bvalid & dut.axi.bready, dut.axi.rvalid & dut.axi.rready
            )
            order.extend("w" * wrote + "r" * read)

    note.record = note
    run(
        dut,
        manager.send("aw", [(0, 0)] * 20),
        manager.send("w", [(1, 15)] * 20),
        manager.send("ar", [(0, 0)] * 20),
        manager.receive("b", 20),
        manager.receive("r", 20),
        watches=[note],
    )
    assert "".join(order) in ("wr" * 20, "rw" * 20)


@pytest.mark.parametrize("write", [False, True])
def test_latency(write):
    """Two cycles to the request, one from its end to the answer."""
    dut = AxiLiteBridge(address_bits=ADDRESS_BITS)
    seen = {}

    async def testbench(ctx):
        axi, bus = dut.axi, dut.bus
        await sample(ctx, axi.awready)
        for name in ("awvalid", "wvalid") if write else ("arvalid",):
            ctx.set(getattr(axi, name), 1)
        ctx.set(bus.ack, 0)
        for cycle in range(8):
            stb, b, r = await sample(ctx, bus.stb, axi.bvalid, axi.rvalid)
            for name in ("awvalid", "wvalid", "arvalid"):
                ctx.set(getattr(axi, name), 0)
            if stb:
                seen.setdefault("request", cycle)
            if b | r:
                seen.setdefault("answer", cycle)
            ctx.set(bus.ack, cycle == 4)

    run(dut, testbench)
    assert seen == {"request": 2, "answer": 6}


def test_no_ready_in_reset():
    """Nothing is taken that would be lost."""
    dut = AxiLiteBridge(address_bits=ADDRESS_BITS)

    async def testbench(ctx):
        readies = [getattr(dut.axi, f"{name}ready") for name in ("aw", "w", "ar")]
        assert [ctx.get(ready) for ready in readies] == [0, 0, 0]
        await sample(ctx, dut.axi.awready)
        assert [ctx.get(ready) for ready in readies] == [1, 1, 1]

    run(dut, testbench)


def test_watch_can_fail():
    """An answer that is taken back is seen."""
    dut = Device()
    manager = Manager(dut.axi)

    async def testbench(ctx):
        ctx.set(dut.axi.awvalid, 1)
        ctx.set(dut.axi.awaddr, 4)
        await sample(ctx, dut.axi.awready)
        ctx.set(dut.axi.awaddr, 8)
        await sample(ctx, dut.axi.awready)

    assert list(CHANNELS) == ["aw", "w", "b", "ar", "r"]
    with pytest.raises(AssertionError, match=r"^aw took back"):
        run(dut, testbench, watches=[manager.watch("aw")])


def test_wrong_address_bits():
    with pytest.raises(ValueError, match=r"^address_bits must be at least 1, not 0$"):
        AxiLiteBridge(address_bits=2)
