# amaranth: UnusedElaboratable=no
"""Operate against the arithmetic of the number formats."""

import random

import pytest

from hw.operate import Operate
from hw.testing import Watch, feed, run, take

CODE_BITS, SUM_BITS, OUT_BITS, LANES, BEAT = 8, 34, 16, 4, 9
LIMITS = {"zero_point": -5, "minimum": -120, "maximum": 127}


def operator(**sizes):
    fields = {"code_bits": CODE_BITS, "multiplier_bits": 16, "shift_bits": 6}
    fields |= {"sum_bits": SUM_BITS, "out_bits": OUT_BITS, "operands": 2}
    return Operate(**(fields | {"lanes": LANES, "beat": BEAT} | sizes))


def expected_of(
    windows, *, signs, zeros, multipliers, shift, largest, zero_point, minimum, maximum
):
    """Windows are lists of (code, operand, inside)."""
    for window in windows:
        products = []
        for code, operand, inside in window:
            value = code - (1 << CODE_BITS) * (signs[operand] and code >> (CODE_BITS - 1))
            products += [multipliers[operand] * (value - zeros[operand])] * inside
        acc = max(products) if largest else sum(products)
        rounded = (acc + (1 << shift >> 1)) >> shift
        yield max(minimum, min(maximum, rounded + zero_point))


def check(windows, vcd, *, seed=None, **fields):
    parts = {"signs": (0, 1), "zeros": (3, -7), "multipliers": (9, 5), "shift": 4, "largest": 0}
    parts |= fields
    dut = operator()
    rng = random.Random(1)
    runs = []
    for window in windows:
        for place, (code, operand, inside) in enumerate(window):
            bank = rng.randrange(LANES)
            values = [rng.randrange(256) for _ in range(LANES)]
            values[bank] = code
            runs.append(
                {"values": values, "bank": bank, "inside": inside, "operand": operand}
                | {"count": 1, "last": int(place == len(window) - 1)}
            )
    expected = list(expected_of(windows, **parts, **LIMITS))
    given, taken = Watch(dut.i), Watch(dut.o)

    async def testbench(ctx):
        for operand in range(2):
            ctx.set(dut.operand_signed[operand], parts["signs"][operand])
            ctx.set(dut.operand_zero[operand], parts["zeros"][operand])
            ctx.set(dut.multiplier[operand], parts["multipliers"][operand])
        ctx.set(dut.shift, parts["shift"])
        ctx.set(dut.largest, parts["largest"])
        for name, value in LIMITS.items():
            ctx.set(getattr(dut, name), value)
        await feed(dut.i, runs, seed=seed)(ctx)

    out = take(dut.o, len(windows), seed=seed and seed + 1)
    run(dut, testbench, out, watches=[given, taken], vcd=vcd)
    assert taken.payloads == expected
    if seed is None:
        assert given.cycles == list(range(len(runs)))
        ends = [n for n, item in enumerate(runs) if item["last"]]
        assert taken.cycles == [end + 6 for end in ends]
    return expected


def random_windows(rng, sizes):
    return [
        [(rng.randrange(256), rng.randrange(2), int(rng.random() < 0.8)) for _ in range(size)]
        for size in sizes
    ]


@pytest.mark.parametrize("seed", [None, 4], ids="seed={}".format)
@pytest.mark.parametrize("shift", [0, 1, 7, 47])
def test_matches_reference(shift, seed, tmp_path):
    """Windows of one element and of many, back to back."""
    windows = random_windows(random.Random(shift), [1, 1, 2, 2, 5, 1, 30, 2])
    check(windows, tmp_path / "operate.vcd", shift=shift, seed=seed)


def test_largest_and_smallest_sums(tmp_path):
    """Both ends of the codes with the largest multipliers."""
    top = (1 << 16) - 1
    ends = [[(code, operand, 1)] * 60 for code in (0, 127, 128, 255) for operand in (0, 1)]
    seen = check(
        ends,
        tmp_path / "operate.vcd",
        signs=(0, 1),
        zeros=(255, -128),
        multipliers=(top, top),
        shift=22,
    )
    assert {LIMITS["minimum"], LIMITS["maximum"]} <= set(seen)


def test_half_rounds_up(tmp_path):
    windows = [[(code, 0, 1)] for code in (1, 3, 5, 7)]
    seen = check(windows, tmp_path / "operate.vcd", zeros=(4, 0), multipliers=(1, 0), shift=1)
    assert seen == [-1 - 5, 0 - 5, 1 - 5, 2 - 5]  # of -1.5, -0.5, 0.5 and 1.5


def test_a_window_outside_is_zero(tmp_path):
    """New channels of a shortcut: nothing is added, whatever the bank shows."""
    seen = check([[(200, 0, 0)], [(200, 0, 1)], [(9, 1, 0)]], tmp_path / "operate.vcd", shift=0)
    assert seen[0] == seen[2] == LIMITS["zero_point"]


@pytest.mark.parametrize("seed", [None, 4], ids="seed={}".format)
@pytest.mark.parametrize("multipliers", [(1, 1), (7, 2), (0, 0)])
def test_largest(multipliers, seed, tmp_path):
    """What lies outside never wins, in front, behind or between, however small the others are."""
    windows = random_windows(random.Random(2), [1, 1, 2, 9, 9, 1, 30, 2, 4])
    for window in windows:  # one element lies inside at least
        place = len(window) // 2
        window[place] = (*window[place][:2], 1)
    low = [(0, 1, 1), (128, 1, 1), (255, 1, 1)]  # 0, -128 and -1
    windows += [[(127, 1, 0), one, (127, 1, 0), (127, 1, 0)] for one in low]
    windows += [[(128, 1, 1)], [(129, 1, 1), (128, 1, 1)], [(128, 1, 1), (129, 1, 1)]]
    fields = {"multipliers": multipliers, "shift": 0, "largest": 1}
    check(windows, tmp_path / "operate.vcd", seed=seed, **fields)


@pytest.mark.parametrize("name", ["sum_bits", "out_bits", "operands"])
def test_wrong_size(name):
    with pytest.raises(ValueError, match=rf"^{name} must be at least 1, not 0$"):
        operator(**{name: 0})
