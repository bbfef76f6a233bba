# amaranth: UnusedElaboratable=no
"""Run read with a real feature memory behind it."""

import random

import pytest
from amaranth import Module

from hw.feature_memory import FeatureMemory
from hw.run_read import RunRead
from hw.testing import Watch, feed, run, take, tick

DEPTH, BEAT, FILL = 40, 5, 99


def device(lanes):
    """The component, its memory, and a top around both."""
    dut = RunRead(at_bits=6, code_bits=7, lanes=lanes, beat=BEAT)
    memory = FeatureMemory(lanes=lanes, depth=DEPTH, code_bits=7)
    top = Module()
    top.submodules.dut, top.submodules.memory = dut, memory
    top.d.comb += [
        memory.read.eq(dut.read),
        memory.read_at.eq(dut.read_at),
        dut.values.eq(memory.values),
        dut.fill.eq(FILL),
    ]
    return top, dut, memory


def random_runs(rng, lanes, count):
    """Runs anywhere, also beyond the memory where their elements are outside."""
    runs = []
    for _ in range(count):
        elements = rng.randint(1, lanes)
        at = rng.randrange(1 << 6)
        inside = rng.getrandbits(elements) if at + elements <= DEPTH else 0
        runs.append(
            {"at": at, "count": elements, "inside": inside, "lane": rng.randrange(BEAT)}
            | {name: rng.getrandbits(1) for name in ("operand", "beat_last", "last")}
        )
    return runs


@pytest.mark.parametrize("seed", [None, 2], ids="seed={}".format)
@pytest.mark.parametrize("lanes", [1, 2, 4])
def test_matches_reference(lanes, seed, tmp_path):
    """Elements in the map are the memory's, those outside the fill code; two cycles later."""
    top, dut, memory = device(lanes)
    rng = random.Random(lanes)
    stored = [rng.randrange(128) for _ in range(DEPTH)]
    runs = random_runs(rng, lanes, 60)
    given, taken = Watch(dut.i), Watch(dut.o)

    async def testbench(ctx):
        for at, code in enumerate(stored):
            ctx.set(memory.write, 1)
            ctx.set(memory.write_at, at)
            ctx.set(memory.code, code)
            await tick(ctx)
        ctx.set(memory.write, 0)
        await feed(dut.i, runs, seed=seed)(ctx)

    out = take(dut.o, len(runs), seed=seed and seed + 1)
    run(top, testbench, out, watches=[given, taken], vcd=tmp_path / "read.vcd")
    for item, seen in zip(runs, taken.payloads, strict=True):
        bank = item["at"] % lanes
        inside = [item["inside"] >> n & 1 for n in range(item["count"])]
        elements = [stored[item["at"] + n] if there else FILL for n, there in enumerate(inside)]
        assert [seen["values"][(bank + n) % lanes] for n in range(item["count"])] == elements
        assert seen["bank"] == (bank if lanes > 1 else 0)
        assert seen["inside"] == inside[0]
        for name in ("count", "lane", "operand", "beat_last", "last"):
            assert seen[name] == item[name]
    if seed is None:
        assert taken.cycles == [cycle + 2 for cycle in given.cycles]
        assert given.cycles == list(range(given.cycles[0], given.cycles[0] + len(runs)))


def test_wrong_size():
    with pytest.raises(ValueError, match=r"^lanes must be at least 1, not 0$"):
        RunRead(at_bits=6, code_bits=7, lanes=0, beat=BEAT)
