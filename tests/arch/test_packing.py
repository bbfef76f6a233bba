import numpy as np
import pytest
from hypothesis import given

from arch.geometry import Geometry
from arch.packing import count_ous, pack_records, segment_grid
from tests.sw.integer_layers import layers

GEOMETRY = Geometry(rows=8, cols=16, ou_rows=4, ou_cols=8)


def test_column_vector_by_hand():
    kept = np.array([[True, True, True], [False, False, True]])
    inputs, outputs = pack_records(kept, 6, 3, "column_vector", GEOMETRY)
    assert inputs.tolist() == [[0, 1, 2, 3], [0, 1, 2, 3], [4, 5, -1, -1]]
    assert outputs.tolist() == [[0, 1], [2, -1], [2, -1]]


def test_row_vector_by_hand():
    kept = np.array([[True, False], [True, True], [True, False], [False, False], [True, True]])
    kept = np.vstack([kept, [[True, False]]])
    inputs, outputs = pack_records(kept, 6, 3, "row_vector", GEOMETRY)
    assert inputs.tolist() == [[0, 1, 2, 4], [5, -1, -1, -1], [1, 4, -1, -1]]
    assert outputs.tolist() == [[0, 1], [0, 1], [2, -1]]


@given(layers())
def test_count_without_packing(drawn):
    layer, geometry = drawn
    spec = layer.spec
    inputs, outputs = pack_records(layer.kept, spec.rows, spec.cols, spec.scheme, geometry)
    assert count_ous(layer.kept, spec.scheme, geometry) == len(inputs) == len(outputs)


def test_grid():
    assert segment_grid(6, 3, "column_vector", GEOMETRY) == (2, 3)
    assert segment_grid(6, 3, "row_vector", GEOMETRY) == (6, 2)
    assert segment_grid(1, 1, "row_vector", GEOMETRY) == (1, 1)


def test_wrong_mask():
    with pytest.raises(ValueError, match=r"kept must have shape \(2, 3\).*not \(3, 2\)"):
        pack_records(np.ones((3, 2), dtype=bool), 6, 3, "column_vector", GEOMETRY)
    with pytest.raises(TypeError, match="kept must be boolean, not uint8"):
        pack_records(np.ones((2, 3), dtype=np.uint8), 6, 3, "column_vector", GEOMETRY)
