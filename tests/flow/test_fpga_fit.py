# amaranth: UnusedElaboratable=no
"""Whether an engine fits a part, and what would help."""

import dataclasses

import pytest

from arch.errors import InputError
from arch.geometry import Geometry
from arch.link_shape import LinkShape
from arch.network_program import build_network_program
from flow.check_target import target_for
from flow.fpga_fit import check_fit, device_target, fitting_ratio
from flow.hardware_section import HardwareSection
from sw.mapping import map_network
from tests.sw.integer_layers import small_network

GEOMETRY = Geometry(rows=64, cols=64)
LINK = LinkShape(clock_hz=12_000_000)
SMALL = LinkShape(clock_hz=12_000_000, payload_max=64, image_bytes=64, results=16)
HARDWARE = HardwareSection()


@pytest.fixture(scope="module")
def tables():
    return map_network(small_network(GEOMETRY), GEOMETRY)


@pytest.fixture(scope="module")
def shape(tables):
    return build_network_program(tables).shape


def needed(target):
    return {need.resource: need.needed for need in target.needs}


def test_link_counts(shape):
    """Its buffers are block RAM: images 8, results 4, frames 2 x 2, counters 2."""
    engine = needed(target_for(shape, "ice40-up5k"))
    device = needed(device_target(shape, LINK, "ice40-up5k"))
    assert device["memory blocks"] - engine["memory blocks"] == 8 + 4 + 2 * 2 + 2
    assert device["multipliers"] == engine["multipliers"]
    traced = dataclasses.replace(LINK, trace_events=256)
    traced = needed(device_target(shape, traced, "ice40-up5k"))
    assert traced["memory blocks"] - device["memory blocks"] == 4


def test_narrow_counters_are_smaller(shape):
    narrow = dataclasses.replace(shape, counter_bits=16)
    wide, less = (
        needed(device_target(each, LINK, "ice40-up5k"))["look-up tables"]
        for each in (shape, narrow)
    )
    assert less < wide - 500


def test_fits(tables, shape):
    assert check_fit(tables, HARDWARE, shape, LINK, "ecp5-85f").fits


def test_memories_do_not_fit(tables, shape):
    """The ratio is the smallest with which they would."""
    large = dataclasses.replace(LINK, image_bytes=4096, results=512)
    message = r"^does not fit iCE40UP5K: \d+ memory blocks needed, 30 there"
    with pytest.raises(InputError, match=message):
        check_fit(tables, HARDWARE, shape, large, "ice40-up5k")


def test_ratio(tables):
    ratio = fitting_ratio(tables, HARDWARE, SMALL, "ecp5-25f")
    assert ratio == 0  # it fits as it is, dense
    huge = dataclasses.replace(SMALL, image_bytes=32768)
    assert fitting_ratio(tables, HARDWARE, huge, "ice40-up5k") is None


def test_estimate_refuses_only_what_is_far_beyond(tables, shape):
    tiles = dataclasses.replace(
        shape,
        engine=dataclasses.replace(
            shape.engine, geometry=dataclasses.replace(GEOMETRY, ou_rows=64, ou_cols=64)
        ),
    )
    with pytest.raises(InputError, match=r"about [\d,]+ look-up tables needed, 5,280 there"):
        check_fit(tables, HARDWARE, tiles, SMALL, "ice40-up5k")
