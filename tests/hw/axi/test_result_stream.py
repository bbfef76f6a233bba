# amaranth: UnusedElaboratable=no
"""Result stream: words as the page on the link says, and the last of an image marked."""

import random

import pytest

from hw.axi.result_stream import ResultStream
from hw.network_layouts import Score
from hw.testing import Watch, feed, run, sample


def word_of(score):
    return score["value"] & 0xFFFF | score.get("index", 0) << 16 | score["last"] << 31


@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize(("out_bits", "index_bits"), [(16, None), (9, 16), (16, 16), (1, None)])
def test_words(out_bits, index_bits, seed, tmp_path):
    rng = random.Random(out_bits)
    low, high = -(1 << out_bits - 1), (1 << out_bits - 1) - 1
    scores = [
        {"value": rng.choice((low, high, rng.randint(low, high))), "last": rng.getrandbits(1)}
        | ({} if index_bits is None else {"index": rng.getrandbits(15)})
        for _ in range(40)
    ]
    dut = ResultStream(Score(out_bits=out_bits, index_bits=index_bits))
    taken, waits = [], Watch(dut.i)

    async def take(ctx):
        rng, waiting = random.Random(seed), None
        taken.clear()
        while len(taken) < len(scores):
            wants = 1 if seed is None else rng.getrandbits(1)
            ctx.set(dut.axis.tready, wants)
            valid, *seen = await sample(ctx, dut.axis.tvalid, dut.axis.tdata, dut.axis.tlast)
            assert waiting is None or (valid and seen == waiting)
            waiting = seen if valid and not wants else None
            if valid and wants:
                taken.append(tuple(seen))

    run(dut, feed(dut.i, scores, seed=seed), take, watches=[waits], vcd=tmp_path / "results.vcd")
    assert taken == [(word_of(score), score["last"]) for score in scores]


def test_latency_and_throughput():
    dut = ResultStream(Score(out_bits=8))
    scores = [{"value": n, "last": 0} for n in range(10)]
    watch, seen = Watch(dut.i), []

    async def take(ctx):
        ctx.set(dut.axis.tready, 1)
        valid = [await sample(ctx, dut.axis.tvalid) for _ in range(14)]
        seen[:] = [cycle for cycle, there in enumerate(valid) if there]

    run(dut, feed(dut.i, scores), take, watches=[watch])
    assert seen == [cycle + 1 for cycle in watch.cycles] == list(range(1, 11))


def test_wrong_scores():
    with pytest.raises(TypeError, match=r"^score must be a Score, not 3$"):
        ResultStream(3)
    with pytest.raises(ValueError, match=r"^a value has at most 16 bits, not 17$"):
        ResultStream(Score(out_bits=17))
