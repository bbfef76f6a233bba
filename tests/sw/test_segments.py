import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from arch.geometry import Geometry
from arch.layer import SCHEMES
from sw.segments import expand, keep_largest, norms, segment_shape
from tests.sw.integer_layers import geometries

SIZES = st.tuples(st.integers(1, 30), st.integers(1, 20))


def cut(matrix, scheme, geometry):
    """The segments of a matrix as a dict of small arrays."""
    height, width = (geometry.ou_rows, 1) if scheme == "column_vector" else (1, geometry.ou_weights)
    rows, cols = matrix.shape
    return {
        (row // height, col // width): matrix[row : row + height, col : col + width]
        for row in range(0, rows, height)
        for col in range(0, cols, width)
    }


@given(geometries(), st.sampled_from(SCHEMES), SIZES, st.integers(0, 1 << 20))
def test_norms_match_each_segment(geometry, scheme, size, seed):
    weights = np.random.default_rng(seed).normal(size=size)
    values = norms(weights, scheme, geometry)
    expected = {k: np.linalg.norm(part) for k, part in cut(weights, scheme, geometry).items()}
    assert values.size == len(expected)
    for index, norm in expected.items():
        assert values[index] == pytest.approx(norm, rel=1e-12)


@given(geometries(), st.sampled_from(SCHEMES), SIZES, st.data())
def test_expand_matches_each_segment(geometry, scheme, size, data):
    shape = norms(np.ones(size), scheme, geometry).shape
    kept = data.draw(arrays.arrays(bool, shape))
    mask = expand(kept, *size, scheme, geometry)
    assert mask.shape == size
    for index, part in cut(mask, scheme, geometry).items():
        assert (part == kept[index]).all()


@given(
    arrays.arrays(
        np.float64,
        st.tuples(st.integers(1, 9), st.integers(1, 9)),
        elements=st.integers(0, 5).map(float),
    ),
    st.one_of(st.floats(0, 1), st.sampled_from([0.1, 0.3, 0.6, 0.7, 0.9])),
)
def test_keep_largest_by_definition(values, ratio):
    kept = keep_largest(values, ratio)
    assert kept.sum() <= (1 - ratio) * values.size + 1e-6
    assert kept.sum() > (1 - ratio) * values.size - 1
    order = sorted(range(values.size), key=lambda n: (-values.flat[n], n))
    assert np.flatnonzero(kept).tolist() == sorted(order[: kept.sum()])


@pytest.mark.parametrize(("ratio", "count"), [(0, 10), (0.7, 3), (0.65, 3), (0.9, 1), (1, 0)])
def test_keep_largest_counts(ratio, count):
    assert keep_largest(np.arange(10.0).reshape(2, 5), ratio).sum() == count


def test_ratio_of_many_segments_is_exact():
    for size in (10, 100, 1000, 100_000):
        assert keep_largest(np.ones(size), 0.7).sum() == 3 * size // 10


@pytest.mark.parametrize("ratio", [-0.1, 1.1, math.nan])
def test_wrong_ratio(ratio):
    with pytest.raises(ValueError, match="ratio must be 0 to 1"):
        keep_largest(np.ones(4), ratio)


def test_norms_of_extreme_weights():
    weights = np.array([[3e-200], [4e-200], [3e200], [4e200]])
    values = norms(weights, "column_vector", Geometry(ou_rows=2))
    assert values[:, 0] == pytest.approx([0, 5e200], rel=1e-12)
    assert norms(weights[:2], "column_vector", Geometry(ou_rows=2)).item() == pytest.approx(5e-200)
    assert norms(np.zeros((3, 2)), "row_vector", Geometry()).tolist() == [[0.0]] * 3


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_weights_that_are_not_finite(value):
    with pytest.raises(ValueError, match="must be finite"):
        norms(np.array([[1.0, value]]), "row_vector", Geometry())


def test_wrong_arguments():
    with pytest.raises(ValueError, match="scheme must be column_vector or row_vector"):
        segment_shape("pattern", Geometry())
    with pytest.raises(ValueError, match="not empty"):
        norms(np.zeros((0, 3)), "row_vector", Geometry())
    with pytest.raises(ValueError, match=r"must have shape \(2, 5\)"):
        expand(np.ones((1, 5), bool), 10, 5, "column_vector", Geometry())


def test_segments_that_are_not_there_count_for_nothing():
    values, there = np.array([9.0, 1, 2, 8, 3, 0]), np.array([0, 1, 1, 0, 1, 1], dtype=bool)
    assert keep_largest(values, 0.5, there=there).tolist() == [0, 0, 1, 0, 1, 0]
    assert keep_largest(values, 0.0, there=there).tolist() == there.tolist()
