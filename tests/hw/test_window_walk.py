# amaranth: UnusedElaboratable=no
"""Window walk against the runs of :class:`arch.walk.Walk`."""

import random

import pytest

from arch.walk import LEVELS, WINDOW_LEVELS, Level, Walk
from hw.testing import Watch, run, sample, take, tick
from hw.window_walk import WindowWalk

AT_BITS, COUNT_BITS, PLACE_BITS = 10, 4, 7


def walker(*, lanes=4, beat=9):
    return WindowWalk(
        levels=LEVELS,
        window_levels=WINDOW_LEVELS,
        at_bits=AT_BITS,
        count_bits=COUNT_BITS,
        place_bits=PLACE_BITS,
        lanes=lanes,
        beat=beat,
    )


def give(ctx, dut, walk):
    """Put a walk into the descriptor ports."""
    for name in ("at", "y", "x", "height", "width"):
        mask = (1 << AT_BITS) - 1 if name == "at" else -1
        ctx.set(getattr(dut, name), getattr(walk, name) & mask)
    ctx.set(dut.wide, int(walk.wide))
    for number, level in enumerate(walk.levels):
        ctx.set(dut.loops.last[number], level.count - 1)
        ctx.set(dut.loops.at[number], level.at & ((1 << AT_BITS) - 1))
        ctx.set(dut.loops.y[number], level.y)
        ctx.set(dut.loops.x[number], level.x)


def expected_of(walk, *, lanes, beat):
    """The runs of a walk as the hardware gives them."""
    place = 0
    for item in walk.runs(lanes=lanes, beat=beat):
        count = len(item.inside)
        yield {
            "at": item.at & ((1 << AT_BITS) - 1),
            "count": count,
            "inside": sum(inside << n for n, inside in enumerate(item.inside)),
            "lane": item.lane,
            "operand": place % walk.levels[0].count & 1,
            "beat_last": int(item.beat_last),
            "last": int(item.last),
        }
        place += count


def masked(payloads):
    """Runs without the bits beyond their count, which mean nothing."""
    return [p | {"inside": p["inside"] & ((1 << p["count"]) - 1)} for p in payloads]


def check(walks, vcd, *, lanes=4, beat=9, seed=None):
    """Walks one after the other; a run a cycle when nothing stalls."""
    dut = walker(lanes=lanes, beat=beat)
    expected = [list(expected_of(walk, lanes=lanes, beat=beat)) for walk in walks]
    runs = Watch(dut.o)
    starts = []

    async def testbench(ctx):
        starts.clear()
        cycle = 0
        for walk, items in zip(walks, expected, strict=True):
            give(ctx, dut, walk)
            ctx.set(dut.start, 1)
            starts.append(cycle)
            await tick(ctx)
            ctx.set(dut.start, 0)
            cycle += 1
            left = len(items)
            while left:
                left -= await sample(ctx, dut.o.valid & dut.o.ready)
                cycle += 1

    total = sum(len(items) for items in expected)
    run(dut, testbench, take(dut.o, total, seed=seed), watches=[runs], vcd=vcd, timeout=30_000)
    assert masked(runs.payloads) == [item for items in expected for item in items]
    if seed is None:
        assert runs.cycles == [
            start + 2 + n
            for start, items in zip(starts, expected, strict=True)
            for n in range(len(items))
        ]


def conv(*, kernel=(3, 3), size=(5, 6), stride=1, padding=1, dilation=1, channels=2):
    height, width = size
    out = [
        (n + 2 * padding - dilation * (k - 1) - 1) // stride + 1
        for n, k in zip(size, kernel, strict=True)
    ]
    return Walk(
        at=17 - padding * width - padding,
        y=-padding,
        x=-padding,
        height=height,
        width=width,
        levels=(
            Level(count=kernel[1], at=dilation, x=dilation),
            Level(count=kernel[0], at=dilation * width, y=dilation),
            Level(count=channels, at=height * width),
            Level(count=out[1], at=stride, x=stride),
            Level(count=out[0], at=stride * width, y=stride),
            Level(),
        ),
        wide=dilation == 1,
    )


@pytest.mark.parametrize("seed", [None, 3], ids="seed={}".format)
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"stride": 2},
        {"padding": 0},
        {"dilation": 2, "padding": 2},
        {"kernel": (1, 1), "padding": 0},
        {"kernel": (2, 6), "padding": 3, "channels": 1},
    ],
)
def test_convolutions(fields, seed, tmp_path):
    check([conv(**fields)], tmp_path / "walk.vcd", seed=seed)


@pytest.mark.parametrize(("lanes", "beat"), [(1, 9), (2, 3), (4, 1), (4, 4), (8, 5), (8, 16)])
def test_lanes_and_beats(lanes, beat, tmp_path):
    check([conv(kernel=(3, 5), size=(4, 7))], tmp_path / "walk.vcd", lanes=lanes, beat=beat)


def random_walk(rng):
    """Any loops; not what any layer needs."""
    wide = rng.random() < 0.5

    def move():
        return {"at": rng.randrange(-40, 40), "y": rng.randrange(-2, 3), "x": rng.randrange(-2, 3)}

    first = {"at": 1, "y": 0, "x": 1} if wide else move()
    counts = [rng.choice((1, 1, 2, 3, 5)) for _ in range(LEVELS)]
    return Walk(
        at=rng.randrange(0, 100),
        y=rng.randrange(-3, 4),
        x=rng.randrange(-3, 4),
        height=rng.randrange(1, 6),
        width=rng.randrange(1, 8),
        levels=tuple(
            Level(count=count, **(move() if level else first)) for level, count in enumerate(counts)
        ),
        wide=wide,
    )


@pytest.mark.parametrize("seed", range(4))
def test_any_loops_one_after_the_other(seed, tmp_path):
    rng = random.Random(seed)
    walks = [random_walk(rng) for _ in range(6)]
    check(walks, tmp_path / "walk.vcd", seed=seed if seed % 2 else None)


def test_largest_counts(tmp_path):
    """A loop of as many iterations as its width allows."""
    top = 1 << COUNT_BITS
    inner = Walk(at=0, width=top, levels=(Level(count=top, at=1, x=1), *[Level()] * 5), wide=True)
    outer = Walk(at=0, levels=(*[Level()] * 5, Level(count=top, at=3)))
    check([inner, outer], tmp_path / "walk.vcd")


@pytest.mark.parametrize("name", ["levels", "lanes", "beat", "at_bits"])
def test_wrong_size(name):
    sizes = {"levels": 6, "window_levels": 3, "at_bits": 4, "count_bits": 3, "place_bits": 4}
    with pytest.raises(ValueError, match=rf"^{name} must be at least 1, not 0$"):
        WindowWalk(**(sizes | {"lanes": 4, "beat": 9} | {name: 0}))
