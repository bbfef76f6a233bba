# amaranth: UnusedElaboratable=no
"""Counters: every amount once, and all values of one moment."""

import random

import pytest

from hw.counters import Counters
from hw.testing import plain, run, sample, tick


@pytest.mark.parametrize("bits", [1, 5, 64])
def test_matches_reference(bits, tmp_path):
    """Random amounts, latches and clears; the values are there two cycles after the latch."""
    dut = Counters({"a": 1, "b": 1, "c": 1, "d": 4}, bits=bits)

    async def testbench(ctx):
        rng = random.Random(bits)
        counts, shown = dict.fromkeys("abcd", 0), [dict.fromkeys("abcd", 0)] * 2
        for _ in range(300):
            events = {"a": 1, "b": rng.random() < 0.5, "c": rng.random() < 0.1}
            events["d"] = rng.choice((0, 1, 8, 15))
            latch, clear = rng.random() < 0.1, rng.random() < 0.03
            ctx.set(dut.events, events)
            ctx.set(dut.latch, latch)
            ctx.set(dut.clear, clear)
            assert plain(await sample(ctx, dut.values)) == shown[0]
            counts = {name: (counts[name] + events[name]) % (1 << bits) for name in counts}
            shown = [shown[1], dict(counts) if latch else shown[1]]
            if clear:
                counts = dict.fromkeys(counts, 0)

    run(dut, testbench, vcd=tmp_path / "counters.vcd")


def test_nothing_is_shown_before_a_latch(tmp_path):
    dut = Counters({"cycles": 1}, bits=8)

    async def testbench(ctx):
        ctx.set(dut.events.cycles, 1)
        await tick(ctx, 9)
        assert ctx.get(dut.values.cycles) == 0
        ctx.set(dut.latch, 1)
        await tick(ctx)
        ctx.set(dut.latch, 0)
        await tick(ctx, 5)
        assert ctx.get(dut.values.cycles) == 10

    run(dut, testbench, vcd=tmp_path / "counters.vcd")


@pytest.mark.parametrize("bits", [16, 17])
def test_wraps(bits, tmp_path):
    """Behind the largest value comes zero; a difference modulo the width is right across it."""
    dut = Counters({"one": 1, "many": 12}, bits=bits)
    many = (1 << 12) - 1

    async def testbench(ctx):
        ctx.set(dut.events, {"one": 1, "many": many})
        ctx.set(dut.latch, 1)
        await tick(ctx, 3)
        before, wraps = plain(await sample(ctx, dut.values)), 0
        for _ in range(3 * (1 << bits) // many):
            after = plain(await sample(ctx, dut.values))
            assert after["one"] == before["one"] + 1
            assert (after["many"] - before["many"]) % (1 << bits) == many
            wraps += after["many"] < before["many"]
            before = after
        assert wraps in (2, 3)

    run(dut, testbench, vcd=tmp_path / "counters.vcd")


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"^bits must be at least 1, not 0$"):
        Counters({"cycles": 1}, bits=0)
    with pytest.raises(ValueError, match=r"^cycles must be at least 1, not 0$"):
        Counters({"cycles": 0}, bits=8)
    with pytest.raises(ValueError, match=r"^there must be a counter$"):
        Counters({}, bits=8)
