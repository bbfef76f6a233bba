import numpy as np
import pytest
from hypothesis import given

from arch.geometry import Geometry
from sw.mapping import count, dense_count
from tests.sw.integer_layers import layers

GEOMETRY = Geometry(rows=8, cols=16, ou_rows=4, ou_cols=8)
"""Two weights an OU, four slots a crossbar."""


def counted(kept, scheme, *, geometry=GEOMETRY, rows=9, cols=5):
    return count(np.array(kept), rows=rows, cols=cols, scheme=scheme, geometry=geometry)


def test_column_vector_by_hand():
    # Blocks of 5, 2 and 0 kept columns: 3 + 1 + 0 OUs, one crossbar exactly full.
    kept = np.zeros((3, 5), dtype=bool)
    kept[0] = True
    kept[1, [0, 4]] = True
    result = counted(kept, "column_vector")
    assert (result.ous, result.crossbars, result.slots) == (4, 1, 4)
    assert (result.segments, result.segments_kept, result.occupancy) == (15, 7, 1.0)


def test_row_vector_by_hand():
    # Groups of 9, 1 and 4 kept rows: 3 + 1 + 1 OUs; the fifth opens a second crossbar.
    kept = np.zeros((9, 3), dtype=bool)
    kept[:, 0] = True
    kept[8, 1] = True
    kept[2:6, 2] = True
    result = counted(kept, "row_vector")
    assert (result.ous, result.crossbars, result.slots) == (5, 2, 8)
    assert result.occupancy == 5 / 8


def test_differential_takes_two_crossbars_a_number():
    differential = Geometry(rows=8, cols=16, ou_rows=4, ou_cols=8, encoding="differential")
    result = counted(np.ones((3, 5), dtype=bool), "column_vector", geometry=differential)
    assert (result.ous, result.crossbars, result.slots) == (9, 6, 12)


def test_nothing_kept():
    result = counted(np.zeros((3, 5), dtype=bool), "column_vector")
    assert (result.ous, result.crossbars, result.slots, result.occupancy) == (0, 0, 0, 1.0)


@given(layers())
def test_dense_is_everything_kept(drawn):
    layer, geometry = drawn
    spec = layer.spec
    for scheme, shape in (
        ("column_vector", (-(-spec.rows // geometry.ou_rows), spec.cols)),
        ("row_vector", (spec.rows, -(-spec.cols // geometry.ou_weights))),
    ):
        kept = np.ones(shape, dtype=bool)
        full = counted(kept, scheme, geometry=geometry, rows=spec.rows, cols=spec.cols)
        assert dense_count(spec.rows, spec.cols, geometry, scheme=scheme) == full


def test_wrong_mask():
    with pytest.raises(ValueError, match=r"shape \(3, 5\) for a 9 x 5 .* not \(5, 3\)"):
        counted(np.ones((5, 3), dtype=bool), "column_vector")
    with pytest.raises(TypeError, match="kept must be boolean, not int64"):
        counted(np.ones((3, 5), dtype=np.int64), "column_vector")
    with pytest.raises(ValueError, match="scheme must be column_vector or row_vector: 'none'"):
        counted(np.ones((3, 5), dtype=bool), "none")


def test_wrong_size():
    with pytest.raises(ValueError, match="at least one row and one column, not 0 x 5"):
        dense_count(0, 5, GEOMETRY)
