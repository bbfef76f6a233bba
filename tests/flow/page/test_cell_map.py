"""What the cells of a crossbar hold, by the records and by the mask, before and after packing."""

import numpy as np
import pytest

from arch.geometry import Geometry
from arch.packing import pack_records
from arch.tiles import place_ous
from flow.page.cell_map import (
    EMPTY,
    FIRST_TONE,
    FREE,
    TONES,
    dense_cells,
    kept_segments,
    packed_cells,
)
from sw.mapping.packer import map_layer
from sw.segments import expand
from tests.sw.integer_layers import linear_spec, random_layer

GEOMETRIES = {
    "default": Geometry(),
    "edges": Geometry(rows=20, cols=22, ou_rows=3, ou_cols=5, cell_bits=4),
    "one_cell": Geometry(rows=3, cols=5, ou_rows=1, ou_cols=1, cell_bits=8),
    "tiles": Geometry(rows=16, cols=16, ou_rows=4, ou_cols=8, tiles=2),
}
CASES = pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
GEOMETRY = pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)


def packed_layer(geometry, scheme, *, rows=31, cols=17, ratio=0.6, seed=3):
    layer = random_layer(
        linear_spec(rows, cols, scheme=scheme), geometry, np.random.default_rng(seed), ratio=ratio
    )
    return layer, map_layer(layer, geometry)


@CASES
@GEOMETRY
def test_kept_segments(geometry, scheme):
    layer, table = packed_layer(geometry, scheme)
    assert np.array_equal(kept_segments(table, geometry), layer.kept)


@CASES
@GEOMETRY
def test_dense_cells(geometry, scheme):
    """OUs lie where the packer would have put them with every segment kept."""
    layer, table = packed_layer(geometry, scheme)
    spec, slices = layer.spec, geometry.slices
    all_kept = np.ones_like(layer.kept)
    inputs, outputs = pack_records(all_kept, spec.rows, spec.cols, scheme, geometry)
    crossbar, slot_row, slot_col = place_ous(len(inputs), geometry)
    most = int(crossbar.max()) + 1
    cells = dense_cells(table, geometry, layer.kept, -(-most // geometry.tiles) * geometry.tiles)
    assert cells.shape == (most, geometry.rows, geometry.cols)
    kept = expand(layer.kept, spec.rows, spec.cols, scheme, geometry)
    expected = np.full(cells.shape, FREE)
    for number in range(len(inputs)):
        top, left = slot_row[number] * geometry.ou_rows, slot_col[number] * geometry.ou_cols
        place = expected[crossbar[number]]
        place[top : top + geometry.ou_rows, left : left + geometry.ou_cols] = EMPTY
        for line, row in enumerate(inputs[number]):
            for column, col in enumerate(outputs[number]):
                if row >= 0 and col >= 0 and kept[row, col]:
                    at = left + column * slices
                    place[top + line, at : at + slices] = FIRST_TONE
    assert np.array_equal(np.minimum(cells, FIRST_TONE), expected)
    assert np.count_nonzero(cells >= FIRST_TONE) == kept.sum() * slices


@CASES
@GEOMETRY
def test_packed_cells(geometry, scheme):
    """A tone exactly where the records store a weight; only the chosen crossbars."""
    _, table = packed_layer(geometry, scheme)
    numbers = np.unique(table.crossbar)[1:]
    cells = packed_cells(table, geometry, numbers)
    assert len(cells) == len(numbers)
    for place, number in zip(cells, numbers, strict=True):
        chosen = np.flatnonzero(table.crossbar == number)
        weights = sum(
            np.count_nonzero(table.inputs[ou] >= 0) * np.count_nonzero(table.outputs[ou] >= 0)
            for ou in chosen
        )
        assert np.count_nonzero(place >= FIRST_TONE) == weights * geometry.slices
        assert np.count_nonzero(place) == len(chosen) * geometry.ou_rows * geometry.ou_cols
        for ou in chosen:
            top = table.slot_row[ou] * geometry.ou_rows
            left = table.slot_col[ou] * geometry.ou_cols
            slot = place[top : top + geometry.ou_rows, left : left + geometry.ou_cols]
            assert np.all(slot[table.cells[ou] > 0] >= FIRST_TONE)


@CASES
def test_same_tones_before_and_after(scheme):
    """What can be followed: there is as much of every tone after packing as before."""
    geometry = Geometry()
    layer, table = packed_layer(geometry, scheme, rows=200, cols=40)
    before = dense_cells(table, geometry, layer.kept, 100)
    after = packed_cells(table, geometry, np.unique(table.crossbar))
    tones = np.bincount(before.ravel(), minlength=FIRST_TONE + TONES)[FIRST_TONE:]
    assert np.array_equal(
        np.bincount(after.ravel(), minlength=FIRST_TONE + TONES)[FIRST_TONE:], tones
    )
    assert np.all(tones > 0)
    assert np.count_nonzero(after == EMPTY) < np.count_nonzero(before == EMPTY)


def test_first_crossbars_only():
    """No more than asked for, however large the layer is."""
    geometry = Geometry(rows=16, cols=16, ou_rows=4, ou_cols=8, tiles=2)
    layer, table = packed_layer(geometry, "column_vector", rows=300, cols=40, ratio=0.1)
    every = dense_cells(table, geometry, layer.kept, 10_000)
    assert len(every) > 4
    assert np.array_equal(dense_cells(table, geometry, layer.kept, 5), every[:4])


def test_nothing_left():
    geometry = Geometry()
    layer, table = packed_layer(geometry, "column_vector", ratio=1.1)
    assert table.ous == 0
    assert packed_cells(table, geometry, np.unique(table.crossbar)).shape == (0, 128, 128)
    assert set(np.unique(dense_cells(table, geometry, layer.kept, 1))) == {FREE, EMPTY}
