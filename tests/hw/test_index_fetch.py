# amaranth: UnusedElaboratable=no
"""Unit tests of index fetch."""

import pytest
from amaranth import unsigned
from amaranth.lib import data

from hw.index_fetch import IndexFetch
from hw.testing import Watch, run, sample, take, tick

LAYOUT = data.StructLayout({"block": unsigned(3), "group": unsigned(4)})
WORDS = [(37 * n + 5) % 128 for n in range(6)]
STALLS = [None, 1, 2]


def start(dut, first, last, positions, *, after=0):
    async def testbench(ctx):
        await tick(ctx, after)
        ctx.set(dut.first_ou, first)
        ctx.set(dut.last_ou, last)
        ctx.set(dut.positions, positions)
        ctx.set(dut.start, 1)
        await tick(ctx)
        ctx.set(dut.start, 0)

    return testbench


def expected(first, last, positions):
    return [
        {
            "index": {"block": WORDS[ou] & 7, "group": WORDS[ou] >> 3},
            "ou": ou,
            "first": int(ou == first),
            "last": int(ou == last),
        }
        for _ in range(positions)
        for ou in range(first, last + 1)
    ]


@pytest.mark.parametrize(
    ("first", "last", "positions"), [(0, 5, 3), (1, 3, 4), (2, 2, 5), (5, 5, 1), (0, 0, 1)]
)
@pytest.mark.parametrize("seed", STALLS, ids="seed={}".format)
def test_replays_a_layer(first, last, positions, seed, tmp_path):
    dut = IndexFetch(WORDS, layout=LAYOUT, position_bits=5)
    records = expected(first, last, positions)
    watch = Watch(dut.o)

    async def idle_after(ctx):
        await take(dut.o, len(records), seed=seed)(ctx)
        ctx.set(dut.o.ready, 1)
        await tick(ctx, 5)

    run(
        dut,
        start(dut, first, last, positions, after=3),
        idle_after,
        watches=[watch],
        vcd=tmp_path / "index_fetch.vcd",
    )
    assert watch.payloads == records
    if seed is None:
        assert watch.cycles == list(range(3 + 2, 3 + 2 + len(records)))


def test_next_layer(tmp_path):
    """A second layer begins as soon as the first has been read."""
    dut = IndexFetch(WORDS, layout=LAYOUT, position_bits=5)
    watch = Watch(dut.o)

    async def layers(ctx):
        await start(dut, 0, 1, 2)(ctx)
        await tick(ctx, 8)
        await start(dut, 3, 5, 1)(ctx)

    run(dut, layers, take(dut.o, 7), watches=[watch], vcd=tmp_path / "index_fetch.vcd")
    assert watch.payloads == expected(0, 1, 2) + expected(3, 5, 1)


@pytest.mark.parametrize("seed", STALLS, ids="seed={}".format)
def test_more_from_the_start_until_the_last_record_is_taken(seed, tmp_path):
    dut = IndexFetch(WORDS, layout=LAYOUT, position_bits=5)
    watch, more = Watch(dut.o), []

    async def look(ctx):
        more[:] = [await sample(ctx, dut.more) for _ in range(60)]

    begin = start(dut, 1, 2, 3, after=4)
    run(dut, begin, take(dut.o, 6, seed=seed), look, watches=[watch], vcd=tmp_path / "more.vcd")
    begun = more.index(1)
    assert begun == 4
    assert [n for n, high in enumerate(more) if high] == [*range(begun, watch.cycles[-1] + 1)]


def test_single_word(tmp_path):
    dut = IndexFetch([127], layout=LAYOUT, position_bits=1)
    watch = Watch(dut.o)
    run(dut, start(dut, 0, 0, 1), take(dut.o, 1), watches=[watch], vcd=tmp_path / "one.vcd")
    assert watch.payloads == [{"index": {"block": 7, "group": 15}, "ou": 0, "first": 1, "last": 1}]


def test_most_positions(tmp_path):
    """As many positions as their number can say."""
    dut = IndexFetch(WORDS, layout=LAYOUT, position_bits=3)
    watch = Watch(dut.o)
    run(dut, start(dut, 4, 5, 7), take(dut.o, 14), watches=[watch], vcd=tmp_path / "most.vcd")
    assert watch.payloads == expected(4, 5, 7)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "a memory needs at least one word"),
        ([1, 128], "word 1 is 128, which does not fit 7 bits"),
        ([-1], "word 0 is -1, which does not fit 7 bits"),
    ],
)
def test_wrong_words(words, message):
    with pytest.raises(ValueError, match=rf"^{message}$"):
        IndexFetch(words, layout=LAYOUT, position_bits=3)


def test_wrong_position_bits():
    with pytest.raises(ValueError, match=r"^position_bits must be at least 1, not 0$"):
        IndexFetch(WORDS, layout=LAYOUT, position_bits=0)
