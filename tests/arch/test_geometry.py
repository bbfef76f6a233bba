import re

import pytest

from arch.geometry import Geometry


@pytest.mark.parametrize(
    ("field", "low", "high"),
    [
        ("rows", 1, 4096),
        ("cols", 1, 4096),
        ("cell_bits", 1, 8),
        ("ou_rows", 1, 64),
        ("ou_cols", 1, 64),
        ("adc_bits", 1, 16),
        ("weight_bits", 2, 8),
        ("act_bits", 1, 8),
    ],
)
def test_wrong_size(field, low, high):
    for value in (low - 1, high + 1):
        message = f"geometry.{field} must be {low} to {high}, not {value}"
        with pytest.raises(ValueError, match=re.escape(message)):
            Geometry(**{field: value})
    for value in (True, 1.0, "1"):
        message = f"geometry.{field} must be an integer, not {value!r}"
        with pytest.raises(TypeError, match=re.escape(message)):
            Geometry(**{field: value})


def test_largest_and_smallest():
    largest = Geometry(rows=4096, cols=4096, cell_bits=8, ou_rows=64, ou_cols=64, adc_bits=16)
    assert (largest.slices, largest.ou_weights, largest.slots) == (1, 64, 4096)
    one = Geometry(rows=1, cols=1, cell_bits=8, ou_rows=1, ou_cols=1, adc_bits=1, weight_bits=2)
    assert (one.slices, one.ou_weights, one.slots) == (1, 1, 1)


def test_wrong_encoding():
    with pytest.raises(ValueError, match="one of offset, differential, not 'sign'"):
        Geometry(encoding="sign")


def test_ou_larger_than_crossbar():
    with pytest.raises(ValueError, match="ou_rows must be at most rows=8, not 9"):
        Geometry(rows=8)
    with pytest.raises(ValueError, match="ou_cols must be at most cols=7, not 8"):
        Geometry(cols=7)


def test_weight_wider_than_ou():
    with pytest.raises(ValueError, match=r"takes 8 cells of 1 bits, but .*ou_cols is 7"):
        Geometry(cell_bits=1, ou_cols=7)


def test_left_over_lines_give_no_slot():
    geometry = Geometry(rows=128, cols=128, ou_rows=9, ou_cols=8)
    assert (geometry.slot_rows, geometry.slot_cols, geometry.slots) == (14, 16, 224)


def test_left_over_bit_lines_hold_no_weight():
    geometry = Geometry(cell_bits=3, ou_cols=8)
    assert (geometry.slices, geometry.ou_weights) == (3, 2)


def test_differential_takes_two_arrays():
    assert Geometry().arrays == 1
    assert Geometry(encoding="differential").arrays == 2


def test_dict_makes_the_same_geometry():
    geometry = Geometry(rows=64, encoding="differential")
    assert Geometry(**geometry.to_dict()) == geometry
