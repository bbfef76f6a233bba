"""The golden model refuses records that do not fit the geometry or the layer."""

import dataclasses

import numpy as np
import pytest

from arch.fixed import ActFormat
from cosim.golden.records import OuRecords
from tests.cosim.random_tables import geometry_of, linear_spec, random_table


def table_with(**fields):
    rng = np.random.default_rng(0)
    table = random_table(linear_spec(12, 4), geometry_of(), 5, rng)
    arrays = {name: getattr(table, name).copy() for name in ("inputs", "outputs", "cells")}
    for name, (place, value) in fields.items():
        arrays[name][place] = value
    return dataclasses.replace(table, **arrays)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"inputs": ((1, 2), 12)}, "layer layer: inputs must be -1 to 11, not -1 to 12"),
        ({"inputs": ((1, 2), -2)}, "layer layer: inputs must be -1 to 11, not -2 to 11"),
        ({"outputs": ((0, 0), 4)}, "layer layer: outputs must be -1 to 3, not 0 to 4"),
        ({"cells": ((0, 0, 0), 4)}, "layer layer: cell levels must be 0 to 3, not 4"),
    ],
)
def test_wrong_value(fields, message):
    OuRecords.of(table_with(), geometry_of())
    with pytest.raises(ValueError, match=message):
        OuRecords.of(table_with(**fields), geometry_of())


@pytest.mark.parametrize("name", ["inputs", "outputs", "cells"])
def test_wrong_shape(name):
    table = table_with()
    table = dataclasses.replace(table, **{name: getattr(table, name)[..., :1]})
    with pytest.raises(ValueError, match=f"layer layer: {name} must have the shape"):
        OuRecords.of(table, geometry_of())


def test_wrong_encoding():
    with pytest.raises(ValueError, match="cells_negative does not suit differential encoding"):
        OuRecords.of(table_with(), geometry_of(encoding="differential"))


def test_wrong_activation_bits():
    rng = np.random.default_rng(0)
    table = random_table(linear_spec(12, 4, activation=ActFormat(bits=5)), geometry_of(), 5, rng)
    with pytest.raises(ValueError, match=r"activations have 5 bits, geometry\.act_bits is 4"):
        OuRecords.of(table, geometry_of(act_bits=4))


@pytest.mark.parametrize(("code_bits", "saturates"), [(5, False), (4, True)])
def test_saturation_is_seen_in_the_cells(code_bits, saturates):
    """Six cells of level 3 reach 18, although nine of them would reach 27."""
    geometry = geometry_of(adc_bits=code_bits)
    table = table_with(cells=((), 0), outputs=((), 0))
    table.inputs[0] = np.arange(9)
    table.cells[0, :6, 0] = 3
    assert OuRecords.of(table, geometry).can_saturate == saturates
    table.cells[0, 5, 0] = 0
    assert not OuRecords.of(table, geometry).can_saturate
