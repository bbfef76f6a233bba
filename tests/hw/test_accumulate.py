# amaranth: UnusedElaboratable=no
"""Unit tests of accumulate, against NumPy sums."""

import numpy as np
import pytest
from amaranth import unsigned
from amaranth.lib import data

from hw.accumulate import Accumulate
from hw.testing import Watch, run, take, tick

VALUE_BITS, ACC_BITS = 7, 16
POSITIONS = 5


def accumulate(mode, *, ou_weights, outputs, tiles=1):
    index = unsigned(4) if mode == "group" else data.ArrayLayout(range(outputs + 1), ou_weights)
    return Accumulate(
        value_bits=VALUE_BITS,
        acc_bits=ACC_BITS,
        ou_weights=ou_weights,
        outputs=outputs,
        index=index,
        tiles=tiles,
    )


class Case:
    """OUs of positions with the most negative and the largest values, and the sums of them."""

    def __init__(self, mode, *, ou_weights, outputs, last_output, ous, most=None, seed=0):
        rng = np.random.default_rng(outputs + seed)
        count = last_output + 1
        shape = (POSITIONS, ous, ou_weights)
        if mode == "group":
            groups = rng.integers(0, -(-count // ou_weights), (POSITIONS, ous))
            at = groups[..., None] * ou_weights + np.arange(ou_weights)
            indices = groups.tolist()
        else:
            at = rng.integers(0, count + 1, shape)
            at[at == count] = outputs  # None.
            indices = at.tolist()
        values = rng.choice((-64, 63, *range(-64, 64)), shape) if most is None else most
        values = np.broadcast_to(values, shape)
        self.results = [
            {
                "values": values[position, ou].tolist(),
                "outputs": indices[position][ou],
                "position_last": int(ou == ous - 1),
            }
            for position in range(POSITIONS)
            for ou in range(ous)
        ]
        self.ous = ous
        sums = np.zeros((POSITIONS, max(at.max(), outputs) + 1), dtype=int)
        for position in range(POSITIONS):
            np.add.at(sums[position], at[position], values[position])
        self.sums = [
            {"value": value, "channel": channel, "last": int(channel == last_output)}
            for row in sums[:, :count].tolist()
            for channel, value in enumerate(row)
        ]


def give(dut, case, *, last_output, gap=0, watch=None, tile=0):
    """A testbench that brings the results; a position begins when a bank is free for it."""

    async def testbench(ctx):
        ctx.set(dut.last_output, last_output)
        while not ctx.get(dut.prepared):
            await tick(ctx)
        for number, result in enumerate(case.results):
            begun = number // case.ous
            while begun - sum(sum_["last"] for sum_ in watch.payloads) >= 2:
                await tick(ctx)
            ctx.set(dut.i[tile].payload, result)
            ctx.set(dut.i[tile].valid, 1)
            await tick(ctx)
            ctx.set(dut.i[tile].valid, 0)
            await tick(ctx, gap)

    return testbench


SIZES = [
    ("group", 1, 1, 0, 1),
    ("group", 2, 6, 5, 7),
    ("group", 2, 7, 6, 5),
    ("group", 4, 9, 3, 3),
    ("list", 1, 1, 0, 1),
    ("list", 2, 5, 4, 6),
    ("list", 3, 7, 2, 4),
    ("list", 4, 8, 7, 9),
]


@pytest.mark.parametrize("gap", [0, 3], ids="gap={}".format)
@pytest.mark.parametrize(("mode", "ou_weights", "outputs", "last_output", "ous"), SIZES)
@pytest.mark.parametrize("seed", [None, 8], ids="seed={}".format)
def test_matches_reference(mode, ou_weights, outputs, last_output, ous, gap, seed, tmp_path):
    case = Case(mode, ou_weights=ou_weights, outputs=outputs, last_output=last_output, ous=ous)
    dut = accumulate(mode, ou_weights=ou_weights, outputs=outputs)
    results, sums = Watch(dut.i[0]), Watch(dut.o)
    run(
        dut,
        give(dut, case, last_output=last_output, gap=gap, watch=sums),
        take(dut.o, len(case.sums), seed=seed),
        watches=[results, sums],
        vcd=tmp_path / "accumulate.vcd",
    )
    assert sums.payloads == case.sums
    if seed is None:
        assert sums.cycles[0] == results.cycles[ous - 1] + 5
        # The sums of a position leave without a gap.
        for first in range(0, len(case.sums), last_output + 1):
            cycles = sums.cycles[first : first + last_output + 1]
            assert cycles == list(range(cycles[0], cycles[0] + last_output + 1))


@pytest.mark.parametrize("mode", ["group", "list"])
@pytest.mark.parametrize("tiles", [2, 4])
@pytest.mark.parametrize("seed", [None, 8], ids="seed={}".format)
def test_tiles(mode, tiles, seed, tmp_path):
    """A sum is that of all tiles, of which some are a position ahead; it takes a cycle longer."""
    sizes = {"ou_weights": 2, "outputs": 5}
    cases = [Case(mode, **sizes, last_output=4, ous=2 + 3 * n, seed=n) for n in range(tiles)]
    expected = [
        {"value": sum(part["value"] for part in parts)}
        | {name: parts[0][name] for name in ("channel", "last")}
        for parts in zip(*(case.sums for case in cases), strict=True)
    ]
    dut = accumulate(mode, **sizes, tiles=tiles)
    results, sums = Watch(dut.i[tiles - 1]), Watch(dut.o)  # the last tile has most OUs
    run(
        dut,
        *(give(dut, case, last_output=4, watch=sums, tile=n) for n, case in enumerate(cases)),
        take(dut.o, len(expected), seed=seed),
        watches=[results, sums],
        vcd=tmp_path / "accumulate.vcd",
    )
    assert sums.payloads == expected
    if seed is None:
        assert sums.cycles[0] == results.cycles[cases[-1].ous - 1] + 6
        for first in range(0, len(expected), 5):
            assert sums.cycles[first + 4] == sums.cycles[first] + 4


@pytest.mark.parametrize("mode", ["group", "list"])
@pytest.mark.parametrize("value", [-64, 63])
def test_extreme_values(mode, value, tmp_path):
    """All results at one end, so that the sums go as far as they can."""
    case = Case(mode, ou_weights=2, outputs=4, last_output=3, ous=20, most=value)
    dut = accumulate(mode, ou_weights=2, outputs=4)
    sums = Watch(dut.o)
    run(
        dut,
        give(dut, case, last_output=3, watch=sums),
        take(dut.o, len(case.sums)),
        watches=[sums],
        vcd=tmp_path / "accumulate.vcd",
    )
    assert sums.payloads == case.sums
    assert max(abs(sum_["value"]) for sum_ in sums.payloads) >= 10 * abs(value)


@pytest.mark.parametrize("mode", ["group", "list"])
def test_no_gap_between_positions(mode, tmp_path):
    """Sums of the next position follow at once when it was complete in time."""
    case = Case(mode, ou_weights=2, outputs=8, last_output=7, ous=2)
    dut = accumulate(mode, ou_weights=2, outputs=8)
    sums = Watch(dut.o)
    run(
        dut,
        give(dut, case, last_output=7, watch=sums),
        take(dut.o, len(case.sums)),
        watches=[sums],
        vcd=tmp_path / "accumulate.vcd",
    )
    assert sums.payloads == case.sums
    assert sums.cycles[:16] == list(range(sums.cycles[0], sums.cycles[0] + 16))


@pytest.mark.parametrize("name", ["ou_weights", "outputs", "value_bits"])
def test_wrong_size(name):
    sizes = {"value_bits": 4, "acc_bits": 8, "ou_weights": 2, "outputs": 3} | {name: 0}
    with pytest.raises(ValueError, match=rf"^{name} must be at least 1, not 0$"):
        Accumulate(**sizes, index=unsigned(2))


def test_wrong_acc_bits():
    with pytest.raises(ValueError, match=r"^acc_bits must be at least 4, as values, not 3$"):
        Accumulate(value_bits=4, acc_bits=3, ou_weights=2, outputs=3, index=unsigned(2))
