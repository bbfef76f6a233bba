# amaranth: UnusedElaboratable=no
"""Buffer in block RAM: order, timing, room, and what a flush leaves."""

import pytest
from amaranth import Module
from amaranth.lib import wiring

from arch.registers import find_register
from hw.link.block_buffer import BlockBuffer
from hw.link.result_word import ResultWord
from hw.testing import Watch, access, feed, run, sample, take, tick
from tests.hw.test_network_top import Bench as EngineBench


class Levels:
    """Checks level and room in every cycle."""

    def __init__(self, dut, depth):
        self.dut, self.depth, self.most = dut, depth, 0

    async def record(self, ctx):
        dut, level = self.dut, 0
        while True:
            put, taken, seen, room = await sample(
                ctx,
                dut.i.valid & dut.i.ready,
                dut.o.valid & dut.o.ready,
                dut.level,
                dut.room,
            )
            assert (seen, room) == (level, self.depth - level)
            level += put - taken
            self.most = max(self.most, level)


@pytest.mark.parametrize("depth", [2, 4, 16])
@pytest.mark.parametrize("seeds", [(None, None), (3, 4), (None, 5), (6, None)])
def test_keeps_order(depth, seeds, tmp_path):
    """Everything comes out as it went in; without stalls two cycles later."""
    dut = BlockBuffer(8, depth=depth)
    given, taken, levels = Watch(dut.i), Watch(dut.o), Levels(dut, depth)
    words = [(37 * n + 5) % 256 for n in range(90)]
    run(
        dut,
        feed(dut.i, words, seed=seeds[0]),
        take(dut.o, len(words), seed=seeds[1]),
        watches=[given, taken, levels],
        vcd=tmp_path / "buffer.vcd",
    )
    assert taken.payloads == words
    if seeds == (None, None) and depth > 2:
        assert given.cycles == list(range(len(words)))
        assert taken.cycles == [cycle + 2 for cycle in given.cycles]


@pytest.mark.parametrize("depth", [2, 8])
def test_holds_as_many_as_it_says(depth, tmp_path):
    """Full with so many, the one that is offered included, whatever place it began at."""
    dut = BlockBuffer(16, depth=depth)
    given, taken, levels = Watch(dut.i), Watch(dut.o), Levels(dut, depth)

    async def hold(ctx):
        for turn in range(5):
            await tick(ctx, 2 * depth + 10)
            assert len(given.payloads) == depth + turn * 3
            await take(dut.o, 3)(ctx)
        await take(dut.o, depth)(ctx)

    run(dut, feed(dut.i, range(depth + 15)), hold, watches=[given, taken, levels])
    assert levels.most == depth
    assert taken.payloads == list(range(depth + 15))


@pytest.mark.parametrize("cycle", range(12))
def test_flush(cycle, tmp_path):
    """In any cycle: what was there and what comes in it are gone, what comes later is not."""
    dut, log = BlockBuffer(8, depth=8), []

    async def host(ctx):
        log.clear()
        for number in range(20):
            ctx.set(dut.i.payload, number)
            ctx.set(dut.i.valid, number % 3 != 2)
            ctx.set(dut.flush, number == cycle)
            put, _ = await sample(ctx, dut.i.valid & dut.i.ready, dut.o.valid)
            if number == cycle:
                log.clear()
                assert (ctx.get(dut.level), ctx.get(dut.o.valid)) == (0, 0)
            elif put:
                log.append(number)
        ctx.set(dut.i.valid, 0)
        ctx.set(dut.flush, 0)
        await tick(ctx, 4)
        taken = []
        ctx.set(dut.o.ready, 1)
        for _ in range(12):
            valid, word = await sample(ctx, dut.o.valid, dut.o.payload)
            if valid:
                taken.append(word)
        assert taken == log
        assert log

    run(dut, host, vcd=tmp_path / "buffer.vcd")


@pytest.mark.parametrize("depth", [1, 24])
def test_wrong_depth(depth):
    message = f"^depth must be a power of two, at least 2, not {depth}$"
    with pytest.raises(ValueError, match=message):
        BlockBuffer(8, depth=depth)


def test_engine_waits_for_room(tmp_path):
    """A network has far more results than there is room for: it waits, and none is lost."""
    bench, depth = EngineBench(), 16
    expected = bench.scores.ravel().tolist()
    m = Module()
    m.submodules.engine = engine = bench.dut
    m.submodules.words = words = ResultWord(out_bits=bench.program.shape.out_bits)
    m.submodules.buffer = buffer = BlockBuffer(32, depth=depth)
    wiring.connect(m, engine.o, words.i)
    wiring.connect(m, words.o, buffer.i)
    seen = Watch(buffer.o)
    results = bench.scores.shape[1]

    async def host(ctx):
        await access(ctx, engine.bus, find_register("control").at, write=1)
        await feed(engine.i, bench.image(0))(ctx)
        while ctx.get(buffer.level) < depth:
            await tick(ctx)
        await tick(ctx, bench.model.total)
        assert ctx.get(buffer.level) == depth  # and no result of the engine has gone meanwhile
        assert ctx.get(engine.o.valid)
        await take(buffer.o, results, seed=9)(ctx)
        assert not ctx.get(buffer.level)

    run(m, host, watches=[seen], timeout=20_000, vcd=tmp_path / "room.vcd")
    assert results > 4 * depth
    assert [word & 0xFFFF for word in seen.payloads] == [n & 0xFFFF for n in expected[:results]]
    assert [word >> 31 for word in seen.payloads] == [0] * (results - 1) + [1]
