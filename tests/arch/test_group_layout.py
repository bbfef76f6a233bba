import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arch.geometry import Geometry
from arch.group_layout import (
    block_diagonal,
    block_rows,
    count_segments,
    segment_mask,
    side_by_side,
)
from arch.layer import SCHEMES


@given(st.integers(1, 7), st.integers(1, 9), st.integers(1, 5), st.sampled_from(SCHEMES), st.data())
def test_segments_are_those_that_touch_a_block(groups, rows, cols, scheme, data):
    geometry = Geometry(
        ou_rows=data.draw(st.integers(1, 12)), ou_cols=data.draw(st.integers(4, 40))
    )
    matrix = np.kron(np.eye(groups, dtype=np.int8), np.ones((rows, cols), np.int8))
    size = (geometry.ou_rows, 1) if scheme == "column_vector" else (1, geometry.ou_weights)
    down, across = (-(-n // s) for n, s in zip(matrix.shape, size, strict=True))
    padded = np.zeros((down * size[0], across * size[1]), np.int8)
    padded[: matrix.shape[0], : matrix.shape[1]] = matrix
    expected = padded.reshape(down, size[0], across, size[1]).any(axis=(1, 3))
    shape = (groups * rows, groups * cols, groups)
    assert np.array_equal(segment_mask(*shape, scheme, geometry), expected)
    assert count_segments(*shape, scheme, geometry) == expected.sum()


@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 4))
def test_blocks_side_by_side(groups, rows, cols):
    blocks = np.arange(1, rows * cols * groups + 1).reshape(rows, cols * groups)
    matrix = block_diagonal(blocks, groups)
    assert matrix.shape == (rows * groups, cols * groups)
    assert np.count_nonzero(matrix) == blocks.size
    assert np.array_equal(side_by_side(matrix, groups), blocks)
    for group in range(groups):
        part = matrix[group * rows : (group + 1) * rows, group * cols : (group + 1) * cols]
        assert np.array_equal(part, blocks[:, group * cols : (group + 1) * cols])


@pytest.mark.parametrize("shape", [(6, 4, 4), (6, 4, 0), (6, 3, 2)])
def test_wrong_groups(shape):
    with pytest.raises(ValueError, match="groups must divide 6 rows"):
        block_rows(*shape)
