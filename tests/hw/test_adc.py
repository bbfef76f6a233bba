# amaranth: UnusedElaboratable=no
"""Unit tests of the ADC."""

import pytest
from amaranth import unsigned

from hw.adc import Adc, code_bits
from hw.layouts import PlaneTag
from hw.testing import Watch, feed, run, tick

TAG = PlaneTag(outputs=unsigned(3))


def adc(**changes):
    sizes = {"level_bits": 5, "adc_bits": 4, "columns": 2, "ou_rows": 9}
    return Adc(**(sizes | changes), tag=TAG)


@pytest.mark.parametrize(
    ("level_bits", "adc_bits"), [(1, 1), (5, 1), (5, 4), (5, 5), (5, 16), (7, 3)]
)
@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("seed", [None, 2], ids="seed={}".format)
def test_every_level(level_bits, adc_bits, columns, seed, tmp_path):
    """Every level in every column, one cycle later, saturated and with everything beside it."""
    count = 1 << level_bits
    planes = [
        {
            "levels": [(level + column) % count for column in range(columns)],
            "ones": level % 10,
            "tag": {
                "first": level & 1,
                "last": level >> 1 & 1,
                "negative": level >> 2 & 1,
                "outputs": level % 8,
                "position_last": level >> 3 & 1,
            },
        }
        for level in range(count)
    ]
    dut = adc(level_bits=level_bits, adc_bits=adc_bits, columns=columns)
    given, seen = Watch(dut.i), Watch(dut.o)

    async def drive(ctx):
        await feed(dut.i, planes, seed=seed)(ctx)
        await tick(ctx, 3)

    run(dut, drive, watches=[given, seen], vcd=tmp_path / "adc.vcd")
    largest = 2**adc_bits - 1
    assert seen.payloads == [
        plane | {"levels": [min(level, largest) for level in plane["levels"]]} for plane in planes
    ]
    assert seen.cycles == [cycle + 1 for cycle in given.cycles]
    if seed is None:
        assert seen.cycles == list(range(1, 1 + count))


def test_code_bits():
    """An ADC that is wider than its input does not widen what follows."""
    assert code_bits(level_bits=5, adc_bits=3) == 3
    assert code_bits(level_bits=5, adc_bits=16) == 5
    assert len(adc(adc_bits=3).o.p.levels[0]) == 3
    assert len(adc(adc_bits=16).o.p.levels[0]) == 5


@pytest.mark.parametrize("name", ["level_bits", "adc_bits", "columns", "ou_rows"])
def test_wrong_size(name):
    with pytest.raises(ValueError, match=rf"^{name} must be at least 1, not 0$"):
        adc(**{name: 0})
