"""What an engine needs of a part; LUTs beside those of engines that were synthesised."""

from dataclasses import replace

import pytest

from arch.fixed import OutFormat
from arch.fpga_parts import FPGA_PARTS
from arch.geometry import Geometry
from arch.layer_needs import LayerNeeds, engine_shape
from arch.network_shape import NetworkShape
from flow.check_target import about_luts, blocks_needed, multipliers_needed, smallest, target_for


def shape_of(*, ous=344, input_mode="block", **geometry):
    """An engine like that of the digits, 70 % pruned."""
    sizes = Geometry(**geometry)
    needs = LayerNeeds(
        rows=512,
        cols=32,
        ous=(ous // sizes.tiles,) * sizes.tiles,
        ous_per_output=57,
        input_mode=input_mode,
        output_mode="group" if input_mode == "list" else "list",
        output=OutFormat(bits=16, signed=True, minimum=-5, maximum=5),
    )
    return NetworkShape(
        engine=engine_shape([needs], sizes, skip_zero_planes=True),
        lanes=4,
        code_bits=8,
        depth=1600,
        steps=5,
        count_bits=10,
        place_bits=10,
        sum_bits=1,
        out_bits=16,
    )


@pytest.mark.parametrize(
    ("made", "luts"),
    [
        ({}, 5465),
        ({"encoding": "differential"}, 5824),
        ({"ou_rows": 16, "ou_cols": 16, "adc_bits": 6}, 8827),
        ({"input_mode": "list"}, 6414),
        ({"tiles": 4}, 10970),
    ],
)
def test_luts_are_near_those_of_synthesis(made, luts):
    assert about_luts(shape_of(**made)) == pytest.approx(luts, rel=0.15)


def test_loadable_takes_more():
    shape = shape_of()
    loadable = replace(shape, engine=replace(shape.engine, loadable=True))
    assert about_luts(loadable) == pytest.approx(6934, rel=0.15)


def test_multipliers():
    """As in docs/synthesis.md: two for the requantisation, one for operations."""
    assert multipliers_needed(shape_of(), 18) == 3
    wide = shape_of()
    wide = replace(wide, engine=replace(wide.engine, acc_bits=40))
    assert multipliers_needed(wide, 18) == 4
    assert multipliers_needed(shape_of(), 16) == 3 * 2 + 2


def test_what_is_missing():
    shape = shape_of(ous=100_000)
    target = target_for(shape, "ecp5-45f")
    blocks = sum(blocks_needed(shape, FPGA_PARTS["ecp5-45f"]).values())
    need = target.needs[0]
    assert (need.resource, need.needed, need.there) == ("memory blocks", blocks, 108)
    assert need.missing == blocks - 108 > 0
    assert not target.fits
    assert all(other.missing == 0 for other in target.needs[1:])


def test_smallest():
    assert smallest(shape_of()).name == "ecp5-25f"
    assert smallest(shape_of(ous=10_000)).name == "ecp5-45f"
    assert smallest(shape_of(ous=20_000)).name == "ecp5-85f"
    largest = smallest(shape_of(ous=10_000_000))
    assert (largest.name, largest.fits) == ("ecp5-85f", False)
