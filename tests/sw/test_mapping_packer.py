import dataclasses

import numpy as np
import pytest
from hypothesis import given

from arch.fixed import ActFormat
from arch.geometry import Geometry
from arch.matrix import rebuild_matrix
from sw.mapping import count, map_layer, map_network, packer
from tests.sw.integer_layers import layers, linear_spec, random_layer, small_network

GEOMETRY = Geometry(rows=8, cols=16, ou_rows=4, ou_cols=8)
"""Two weights of four slices an OU, four slots a crossbar."""


def packed_by_hand(layer, geometry):
    """The OUs of a layer as (rows, columns), written with lists alone."""
    height, width = geometry.ou_rows, geometry.ou_weights
    rows, cols = list(range(layer.spec.rows)), list(range(layer.spec.cols))
    if layer.spec.scheme == "column_vector":
        return [
            (rows[block * height :][:height], chunk)
            for block, kept in enumerate(layer.kept)
            for chunk in chunks(np.flatnonzero(kept).tolist(), width)
        ]
    return [
        (chunk, cols[group * width :][:width])
        for group, kept in enumerate(layer.kept.T)
        for chunk in chunks(np.flatnonzero(kept).tolist(), height)
    ]


def chunks(members, size):
    return [members[start : start + size] for start in range(0, len(members), size)]


def padded(members, width):
    return members + [-1] * (width - len(members))


@given(layers())
def test_matches_reference(drawn):
    layer, geometry = drawn
    table = map_layer(layer, geometry)
    ous = packed_by_hand(layer, geometry)
    assert table.inputs.tolist() == [padded(rows, geometry.ou_rows) for rows, _ in ous]
    assert table.outputs.tolist() == [padded(cols, geometry.ou_weights) for _, cols in ous]
    crossbar = np.zeros((table.ous + 1, geometry.rows, geometry.cols), dtype=int)
    for ou in range(table.ous):
        top, left = table.slot_row[ou] * geometry.ou_rows, table.slot_col[ou] * geometry.ou_cols
        cells = crossbar[table.crossbar[ou], top:, left:][: geometry.ou_rows, : geometry.ou_cols]
        assert cells.shape == (geometry.ou_rows, geometry.ou_cols)
        cells += 1
    assert crossbar.max(initial=0) <= 1


@given(layers())
def test_every_weight_is_stored(drawn):
    layer, geometry = drawn
    table = map_layer(layer, geometry)
    assert (rebuild_matrix(table, geometry) == layer.weights).all()


@given(layers())
def test_cells_without_a_weight_are_zero(drawn):
    layer, geometry = drawn
    table = map_layer(layer, geometry)
    for cells in filter(lambda array: array is not None, (table.cells, table.cells_negative)):
        assert cells.dtype == np.uint8
        assert not cells[table.inputs < 0].any()
        assert not cells[:, :, geometry.ou_weights * geometry.slices :].any()
        columns = np.repeat(table.outputs < 0, geometry.slices, axis=1)
        assert not cells.transpose(0, 2, 1)[:, : columns.shape[1]][columns].any()


@given(layers())
def test_count_is_what_the_packer_occupies(drawn):
    layer, geometry = drawn
    spec = layer.spec
    table = map_layer(layer, geometry)
    counted = count(
        layer.kept, rows=spec.rows, cols=spec.cols, scheme=spec.scheme, geometry=geometry
    )
    crossbars = len(np.unique(table.crossbar))
    assert counted.ous == table.ous
    assert counted.crossbars == crossbars * geometry.arrays
    assert counted.slots == crossbars * geometry.slots
    assert (counted.segments, counted.segments_kept) == (table.segments, table.segments_kept)


def test_kept_zero_weights_are_stored():
    spec = linear_spec(4, 2)
    layer = random_layer(spec, GEOMETRY, np.random.default_rng(0), ratio=0)
    layer = dataclasses.replace(layer, weights=np.zeros((4, 2), dtype=np.int8))
    table = map_layer(layer, GEOMETRY)
    # The code of zero is 128 in offset encoding: two bits a cell, 2 in the last slice.
    assert table.cells.tolist() == [[[0, 0, 0, 2, 0, 0, 0, 2]] * 4]


@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
def test_all_pruned(scheme):
    layer = random_layer(
        linear_spec(9, 5, scheme=scheme), GEOMETRY, np.random.default_rng(0), ratio=1
    )
    table = map_layer(layer, GEOMETRY)
    assert (table.ous, table.segments_kept) == (0, 0)
    assert table.inputs.shape == (0, 4)
    assert table.outputs.shape == (0, 2)
    assert table.cells.shape == (0, 4, 8)


def test_network_keeps_order_and_provenance():
    network = small_network(Geometry())
    tables = map_network(network, Geometry(), provenance={"seed": "0"})
    assert tables.name == "small"
    assert [table.spec.name for table in tables.layers] == ["conv", "scores"]
    assert tables.provenance == {"seed": "0"}
    assert map_network(network, Geometry()).provenance == {}


def test_wrong_geometry():
    layer = random_layer(linear_spec(9, 5), GEOMETRY, np.random.default_rng(0))
    other = dataclasses.replace(GEOMETRY, ou_rows=8)
    with pytest.raises(ValueError, match=r"layer layer: kept must have .*\(2, 5\).*\(3, 5\)"):
        map_layer(layer, other)


def test_wrong_weight_bits():
    layer = random_layer(linear_spec(9, 5), GEOMETRY, np.random.default_rng(0), ratio=0)
    with pytest.raises(ValueError, match="layer layer: weights must be -8 to 7 for 4 bits"):
        map_layer(layer, dataclasses.replace(GEOMETRY, weight_bits=4, cell_bits=1))


def test_wrong_activation_bits():
    layer = random_layer(linear_spec(9, 5), GEOMETRY, np.random.default_rng(0))
    narrow = dataclasses.replace(GEOMETRY, act_bits=7)
    with pytest.raises(ValueError, match=r"activations have 8 bits, but geometry\.act_bits is 7"):
        map_layer(layer, narrow)
    spec = linear_spec(9, 5, activation=ActFormat(bits=7))
    assert map_layer(random_layer(spec, GEOMETRY, np.random.default_rng(0)), narrow).ous


def test_weight_in_pruned_segment():
    kept = np.array([[True, False], [True, True]])
    layer = random_layer(linear_spec(6, 2), GEOMETRY, np.random.default_rng(0), kept=kept)
    weights = layer.weights.copy()
    weights[3, 1] = 7
    with pytest.raises(ValueError, match=r"weight \(3, 1\) is 7, but its segment is pruned"):
        map_layer(dataclasses.replace(layer, weights=weights), GEOMETRY)


def test_accumulator_too_wide():
    # Two slices of 7 bits give the largest OU results of all: 2,056 of them fill 40 bits.
    wide = Geometry(rows=64, cols=2, ou_rows=64, ou_cols=2, cell_bits=7, adc_bits=16)
    spec = linear_spec(64 * 2057, 1, in_shape=(2057, 64, 1))
    layer = random_layer(spec, wide, np.random.default_rng(0), ratio=0)
    with pytest.raises(ValueError, match="layer layer: 2057 OUs add into one output"):
        map_layer(layer, wide)


@pytest.mark.parametrize("encoding", ["offset", "differential"])
def test_parts_change_nothing(encoding, monkeypatch):
    geometry = dataclasses.replace(GEOMETRY, encoding=encoding)
    layer = random_layer(linear_spec(30, 7), geometry, np.random.default_rng(1), ratio=0.4)
    whole = map_layer(layer, geometry)
    monkeypatch.setattr(packer, "_CHUNK", 24)  # three OUs
    parts = map_layer(layer, geometry)
    assert whole.ous % 3
    assert (parts.cells == whole.cells).all()
    if encoding == "differential":
        assert (parts.cells_negative == whole.cells_negative).all()
    assert (rebuild_matrix(parts, geometry) == layer.weights).all()
