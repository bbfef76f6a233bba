"""Pictures of crossbars: how many, how much of them, and what is said of it."""

import numpy as np
import pytest

from arch.geometry import Geometry
from arch.tables import MappingTables
from flow.page.cell_map import TONES
from flow.page.crossbars import crossbars
from flow.page.run import Run
from sw.mapping.packer import map_layer
from tests.sw.integer_layers import linear_spec, random_layer


def pictures(geometry, rows, cols, *, ratio=0.5, scheme="column_vector"):
    layer = random_layer(
        linear_spec(rows, cols, scheme=scheme), geometry, np.random.default_rng(2), ratio=ratio
    )
    table = map_layer(layer, geometry)
    counts = {
        "name": "layer",
        "rows": rows,
        "cols": cols,
        "segments": table.segments,
        "segments_kept": table.segments_kept,
        "ous": table.ous,
        "ous_dense": 0,
        "crossbars": len(np.unique(table.crossbar)) * geometry.arrays,
        "crossbars_dense": 99 * geometry.arrays,
    }
    tables = MappingTables(name="one", geometry=geometry, layers=(table,))
    return crossbars(Run(report={"layers": [counts]}, tables=tables))["layers"][0]


def size(sides):
    return sum(len(path) for side in sides for picture in side for _, path in picture.paths)


@pytest.mark.parametrize("arrays", [1, 2])
def test_no_more_than_twelve(arrays):
    geometry = Geometry(rows=36, cols=32, encoding=("offset", "differential")[arrays - 1])
    found = pictures(geometry, 400, 40)
    assert len(found["before"]) == len(found["after"]) == 12
    assert found["after_count"] > 12
    assert found["before_count"] == 99  # pictures and counts of pairs, not of arrays
    assert [picture.number for picture in found["after"]] == list(range(12))


def test_tiles_take_turns():
    found = pictures(Geometry(rows=36, cols=32, tiles=8), 400, 40)
    for side in (found["before"], found["after"]):
        assert [picture.tile for picture in side] == [*range(8), *range(4)]


def test_shares():
    """Use of slots and cells, of a crossbar and of the layer."""
    geometry = Geometry(rows=20, cols=17, ou_rows=9, ou_cols=8)  # four slots and an edge
    found = pictures(geometry, 27, 2, ratio=0.0)
    (picture,) = found["after"]
    assert picture.used == found["slots_used"] == 0.75
    assert picture.weights == 27 * 8 / (20 * 17)
    assert [name for name, _ in picture.paths] == ["tone0", "tone2", "tone4"]
    assert (picture.rows, picture.cols) == (20, 17)


def test_size():
    """OUs of a single line need the most rectangles: less is drawn, never too much."""
    geometry = Geometry(rows=512, cols=512, ou_rows=1, ou_cols=4)
    found = pictures(geometry, 900, 1000, scheme="row_vector")
    assert size([found["before"], found["after"]]) < 3_000_000
    assert 1 <= len(found["before"]) < 12
    assert {(one.rows, one.cols) for one in found["before"]} == {(512, 512)}
    fine = Geometry(rows=512, cols=512, ou_rows=1, ou_cols=2, cell_bits=4)
    found = pictures(fine, 900, 1000, scheme="row_vector")
    assert size([found["before"], found["after"]]) < 3_000_000
    large = Geometry(rows=4096, cols=4096, ou_rows=1, ou_cols=4)
    found = pictures(large, 900, 1000, scheme="row_vector")
    assert size([found["before"], found["after"]]) < 3_000_000
    assert {(picture.rows, picture.cols) for picture in found["before"]} == {(512, 512)}


def test_without_tables():
    assert crossbars(Run(report={"layers": []})) is None


def test_tones_of_a_small_layer():
    """One row block has one tone, six or more have all."""
    one = pictures(Geometry(), 9, 10, ratio=0.0)["after"][0]
    assert [name for name, _ in one.paths] == ["tone0"]
    six = pictures(Geometry(), 54, 10, ratio=0.0)["after"][0]
    assert [name for name, _ in six.paths] == [f"tone{tone}" for tone in range(TONES)]
