import dataclasses

import numpy as np
import pytest
from hypothesis import given

from arch.geometry import Geometry
from arch.index_fields import (
    index_fields,
    index_widths,
    input_mode,
    output_mode,
    range_bits,
    rows_of_block,
)
from sw.mapping import map_layer
from tests.sw.integer_layers import layers, linear_spec, random_layer

GEOMETRY = Geometry(rows=8, cols=16, ou_rows=4, ou_cols=8)
"""Four rows a block, two columns a group."""
TABLE = map_layer(
    random_layer(linear_spec(6, 3), GEOMETRY, np.random.default_rng(0), ratio=0), GEOMETRY
)


def table_of(inputs, outputs):
    return dataclasses.replace(
        TABLE,
        inputs=np.array(inputs, dtype=np.int32).reshape(-1, 4),
        outputs=np.array(outputs, dtype=np.int32).reshape(-1, 2),
    )


@pytest.mark.parametrize(
    ("count", "bits"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (256, 8), (257, 9)]
)
def test_range_bits(count, bits):
    assert range_bits(count) == bits


def test_no_values():
    with pytest.raises(ValueError, match="at least one value, not 0"):
        range_bits(0)


def test_rows_of_block():
    assert rows_of_block(np.array([1, 0]), 4, 6).tolist() == [[4, 5, -1, -1], [0, 1, 2, 3]]


@pytest.mark.parametrize(
    ("inputs", "mode"),
    [
        ([], "block"),
        ([0, 1, 2, 3], "block"),
        ([4, 5, -1, -1], "block"),
        ([0, 1, 2, -1], "list"),  # a row of the block is missing
        ([4, 5, -1, -1, 0, 1, 3, 2], "list"),  # out of order
        ([1, 2, 3, 4], "list"),  # not aligned
        ([-1, -1, -1, -1], "list"),
    ],
)
def test_input_mode(inputs, mode):
    outputs = [0, 1] * (len(inputs) // 4)
    assert input_mode(table_of(inputs, outputs)) == mode


@pytest.mark.parametrize(
    ("outputs", "mode"),
    [([], "group"), ([0, 1], "group"), ([2, -1], "group"), ([0, -1], "list"), ([1, 2], "list")],
)
def test_output_mode(outputs, mode):
    inputs = [0, 1, 2, 3] * (len(outputs) // 2)
    assert output_mode(table_of(inputs, outputs)) == mode


def test_widths():
    block = index_widths(6, 3, GEOMETRY, input_mode="block", output_mode="group")
    assert list(block.items()) == [("block", (1, 1)), ("group", (1, 1))]
    lists = index_widths(6, 3, GEOMETRY, input_mode="list", output_mode="list")
    assert list(lists.items()) == [("blocks", (4, 1)), ("lanes", (4, 3)), ("outputs", (2, 2))]
    one = index_widths(1, 1, GEOMETRY, input_mode="block", output_mode="group")
    assert one == {"block": (1, 0), "group": (1, 0)}


def test_fields_by_hand():
    table = table_of([4, 5, -1, -1, 0, 1, 2, 3], [2, -1, 0, 1])
    aligned = index_fields(table, GEOMETRY, input_mode="block", output_mode="group")
    assert {name: values.tolist() for name, values in aligned.items()} == {
        "block": [1, 0],
        "group": [1, 0],
    }
    lists = index_fields(table, GEOMETRY, input_mode="list", output_mode="list")
    assert {name: values.tolist() for name, values in lists.items()} == {
        "blocks": [[1, 1, 0, 0], [0, 0, 0, 0]],
        "lanes": [[0, 1, 4, 4], [0, 1, 2, 3]],
        "outputs": [[2, 3], [0, 1]],
    }


def test_shared_memory_states_its_own_none():
    table = table_of([0, 1, 2, 3], [2, -1])
    fields = index_fields(table, GEOMETRY, input_mode="block", output_mode="list", none_output=1000)
    assert fields["outputs"].tolist() == [[2, 1000]]
    with pytest.raises(ValueError, match="none_output must be at least 3, not 2"):
        index_fields(table, GEOMETRY, input_mode="block", output_mode="list", none_output=2)


def test_wrong_mode():
    table = table_of([1, 2, 3, 4], [1, 2])
    with pytest.raises(ValueError, match="layer layer: inputs are not aligned row blocks"):
        index_fields(table, GEOMETRY, input_mode="block", output_mode="list")
    with pytest.raises(ValueError, match="layer layer: outputs are not aligned groups"):
        index_fields(table, GEOMETRY, input_mode="list", output_mode="group")
    for wrong in ({"input_mode": "group"}, {"output_mode": "block"}):
        modes = {"input_mode": "list", "output_mode": "list"} | wrong
        with pytest.raises(ValueError, match="mode must be one of"):
            index_fields(table, GEOMETRY, **modes)
        with pytest.raises(ValueError, match="mode must be one of"):
            index_widths(6, 3, GEOMETRY, **modes)


@given(layers())
def test_fields_fit_their_widths(drawn):
    layer, geometry = drawn
    table = map_layer(layer, geometry)
    for inputs in {"list", input_mode(table)}:
        for outputs in {"list", output_mode(table)}:
            modes = {"input_mode": inputs, "output_mode": outputs}
            widths = index_widths(layer.spec.rows, layer.spec.cols, geometry, **modes)
            fields = index_fields(table, geometry, **modes)
            assert list(fields) == list(widths)
            for name, (count, bits) in widths.items():
                assert fields[name].size == table.ous * count
                assert fields[name].min(initial=0) >= 0
                assert fields[name].max(initial=0) < 1 << bits


@given(layers())
def test_structures_give_their_short_modes(drawn):
    layer, geometry = drawn
    table = map_layer(layer, geometry)
    if layer.spec.scheme == "column_vector":
        assert input_mode(table) == "block"
    else:
        assert output_mode(table) == "group"
