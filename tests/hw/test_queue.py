# amaranth: UnusedElaboratable=no
"""Unit tests of the queue."""

import random

import pytest
from amaranth.lib import data

from hw.queue import Queue
from hw.testing import Watch, feed, run, take, tick

PAYLOAD = data.StructLayout({"number": 7, "flag": 1})


def payloads(count):
    return [{"number": n, "flag": n % 3 == 0} for n in range(count)]


@pytest.mark.parametrize("depth", [1, 2, 3, 16])
@pytest.mark.parametrize("seed", [None, 4], ids="seed={}".format)
def test_keeps_order(depth, seed, tmp_path):
    """Everything comes out as it went in; without stalls one cycle later."""
    dut = Queue(PAYLOAD, depth=depth)
    given, taken = Watch(dut.i), Watch(dut.o)
    run(
        dut,
        feed(dut.i, payloads(60), seed=seed),
        take(dut.o, 60, seed=seed and seed + 1),
        watches=[given, taken],
        vcd=tmp_path / "queue.vcd",
    )
    assert taken.payloads == payloads(60)
    if seed is None:
        assert taken.cycles == [cycle + 1 for cycle in given.cycles]
        # A queue of one payload is full while it shows it.
        assert given.cycles == list(range(0, 60 * (1 + (depth == 1)), 1 + (depth == 1)))


@pytest.mark.parametrize("depth", [1, 3, 16])
def test_holds_as_many_as_it_says(depth, tmp_path):
    """A payload goes in one cycle after one has left."""
    dut = Queue(PAYLOAD, depth=depth)
    given, taken = Watch(dut.i), Watch(dut.o)

    async def hold(ctx):
        await tick(ctx, depth + 10)
        assert len(given.payloads) == depth
        await take(dut.o, 1)(ctx)
        await tick(ctx, 10)
        assert len(given.payloads) == depth + 1
        await take(dut.o, depth + 1)(ctx)

    run(dut, feed(dut.i, payloads(depth + 2)), hold, watches=[given, taken])
    assert given.cycles[depth] == taken.cycles[0] + 1
    assert taken.payloads == payloads(depth + 2)


def test_random_bursts(tmp_path):
    """It runs full and empty, at every place of the memory."""
    dut = Queue(PAYLOAD, depth=5)
    taken = Watch(dut.o)

    async def bursts(ctx):
        rng = random.Random(1)
        left = 100
        while left:
            count = min(left, rng.randrange(1, 9))
            await tick(ctx, rng.choice((0, 1, 12)))
            await take(dut.o, count)(ctx)
            left -= count

    run(dut, feed(dut.i, payloads(100)), bursts, watches=[taken], vcd=tmp_path / "queue.vcd")
    assert taken.payloads == payloads(100)


def test_wrong_depth():
    with pytest.raises(ValueError, match=r"^depth must be at least 1, not 0$"):
        Queue(PAYLOAD, depth=0)
