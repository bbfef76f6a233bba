"""Operation units that are expected of masks that are not known."""

from itertools import combinations

import numpy as np
import pytest

from arch.fixed import ActFormat, OutFormat
from arch.geometry import Geometry
from arch.group_layout import segment_mask
from arch.layer import LayerSpec
from arch.packing import count_ous
from sw.mapping import dense_count
from sw.mapping.expected import Lines, expected_ous, lines_of
from sw.segments import count_kept
from tests.sw.integer_layers import linear_spec

GEOMETRY = Geometry(rows=8, cols=16, ou_rows=4, ou_cols=8)


def every_mask(sizes, width, kept):
    """Mean of the OUs over all choices of ``kept`` segments, one by one."""
    lines = np.repeat(np.arange(len(sizes)), sizes)
    found = [
        sum(-(-int((lines[list(chosen)] == line).sum()) // width) for line in range(len(sizes)))
        for chosen in combinations(range(len(lines)), kept)
    ]
    return sum(found) / len(found)


@pytest.mark.parametrize("sizes", [(6,), (3, 3, 3), (1, 4, 2, 2), (5, 5)])
@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_is_the_mean_of_all_masks(sizes, width, ratio):
    lines = Lines(sizes=sizes, width=width)
    kept = count_kept(sum(sizes), ratio)
    assert expected_ous(lines, ratio) == pytest.approx(every_mask(sizes, width, kept))


def test_dense_and_empty():
    lines = Lines(sizes=(7, 7, 3), width=2)
    assert expected_ous(lines, 0) == lines.dense_ous == 10
    assert expected_ous(lines, 1) == 0


@pytest.mark.parametrize("ratio", [-0.1, 1.1])
def test_wrong_ratio(ratio):
    with pytest.raises(ValueError, match=f"ratio must be 0 to 1, not {ratio}"):
        expected_ous(Lines(sizes=(3,), width=1), ratio)


def test_large_lines_neither_overflow_nor_vanish():
    lines = Lines(sizes=(25_088,) * 2048, width=9)
    found = expected_ous(lines, 0.7)
    # So many segments a line that what is over is any number from 0 to 8.
    assert found == pytest.approx(2048 * (0.3 * 25_088 / 9 + 4 / 9), rel=1e-6)


@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
def test_lines_of_a_layer(scheme):
    spec = linear_spec(18, 7, scheme=scheme)
    lines = lines_of(spec, GEOMETRY)
    dense = dense_count(18, 7, GEOMETRY, scheme=scheme)
    assert (lines.segments, lines.dense_ous) == (dense.segments, dense.ous)


@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
def test_lines_of_groups(scheme):
    spec = LayerSpec(
        name="depthwise",
        kind="conv2d",
        source="input",
        in_shape=(6, 5, 5),
        out_shape=(6, 3, 3),
        kernel=(3, 3),
        groups=6,
        scheme=scheme,
        activation=ActFormat(),
        output=OutFormat(),
    )
    there = segment_mask(spec.rows, spec.cols, spec.groups, scheme, GEOMETRY)
    lines = lines_of(spec, GEOMETRY)
    assert lines.segments == np.count_nonzero(there)
    assert lines.dense_ous == count_ous(there, scheme, GEOMETRY)
