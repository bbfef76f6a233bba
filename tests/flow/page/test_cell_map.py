"""What the cells of a crossbar hold, by the records and by the mask, before and after packing."""

from dataclasses import replace

import numpy as np
import pytest

from arch.fixed import ActFormat, OutFormat
from arch.geometry import Geometry
from arch.group_layout import block_diagonal, segment_mask, side_by_side
from arch.layer import LayerSpec
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
from sw.mapping import dense_count
from sw.mapping.packer import map_layer
from sw.segments import expand
from tests.sw.integer_layers import linear_spec, random_layer

GEOMETRIES = {
    "default": Geometry(),
    "edges": Geometry(rows=20, cols=22, ou_rows=3, ou_cols=5, cell_bits=4),
    "one_cell": Geometry(rows=3, cols=5, ou_rows=1, ou_cols=1, cell_bits=8),
    "tiles": Geometry(rows=16, cols=16, ou_rows=4, ou_cols=8, tiles=2),
}
SIDE = 512
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
    cells = dense_cells(table, geometry, layer.kept, most, SIDE)
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
    cells = packed_cells(table, geometry, numbers, SIDE)
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
    before = dense_cells(table, geometry, layer.kept, 100, SIDE)
    after = packed_cells(table, geometry, np.unique(table.crossbar), SIDE)
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
    every = dense_cells(table, geometry, layer.kept, 10_000, SIDE)
    assert len(every) > 4
    assert np.array_equal(dense_cells(table, geometry, layer.kept, 5, SIDE), every[:5])


@CASES
@GEOMETRY
@pytest.mark.parametrize("side", [1, 7, 10, 100])
def test_corner(geometry, scheme, side):
    """The upper left part of what would be drawn, in whole slots."""
    layer, table = packed_layer(geometry, scheme)
    numbers = np.unique(table.crossbar)
    for draw in (
        lambda cells: dense_cells(table, geometry, layer.kept, 6, cells),
        lambda cells: packed_cells(table, geometry, numbers, cells),
    ):
        part, whole = draw(side), draw(SIDE)
        count, rows, cols = part.shape
        assert count == len(whole)
        assert np.array_equal(part, whole[:, :rows, :cols])
        for drawn, size, ou in (
            (rows, geometry.rows, geometry.ou_rows),
            (cols, geometry.cols, geometry.ou_cols),
        ):
            assert drawn == size or drawn == max(1, side // ou) * ou


@CASES
@pytest.mark.parametrize("groups", [2, 8])
def test_groups(scheme, groups):
    """Before packing every group is a matrix of its own; only weights of a group have a tone."""
    geometry = Geometry(rows=18, cols=16)
    spec = LayerSpec(
        name="conv",
        kind="conv2d",
        source="input",
        in_shape=(8, 5, 5),
        out_shape=(16, 5, 5),
        kernel=(1, 3),  # a row block may have rows of several groups
        padding=(0, 1),
        groups=groups,
        scheme=scheme,
        activation=ActFormat(),
        output=OutFormat(),
    )
    layer = random_layer(replace(spec, groups=1), geometry, np.random.default_rng(1), ratio=0.0)
    there = segment_mask(spec.rows, spec.cols, groups, scheme, geometry)
    weights = block_diagonal(side_by_side(layer.weights, groups), groups)
    table = map_layer(replace(layer, spec=spec, weights=weights, kept=layer.kept & there), geometry)
    ous = groups * -(-spec.rows // groups // 9) * -(-spec.cols // groups // 2)
    dense = dense_count(spec.rows, spec.cols, geometry, scheme=scheme, groups=groups)
    cells = dense_cells(table, geometry, kept_segments(table, geometry), 1000, SIDE)
    assert (ous, len(cells)) == (dense.ous, dense.crossbars)
    assert np.count_nonzero(cells) == ous * 9 * 8
    weights = spec.rows * spec.cols // groups * geometry.slices
    assert np.count_nonzero(cells >= FIRST_TONE) == weights
    packed = packed_cells(table, geometry, np.unique(table.crossbar), SIDE)
    assert np.count_nonzero(packed >= FIRST_TONE) == weights


def test_nothing_left():
    geometry = Geometry()
    layer, table = packed_layer(geometry, "column_vector", ratio=1.1)
    assert table.ous == 0
    assert packed_cells(table, geometry, np.unique(table.crossbar), SIDE).shape == (0, 128, 128)
    assert set(np.unique(dense_cells(table, geometry, layer.kept, 1, SIDE))) == {FREE, EMPTY}
