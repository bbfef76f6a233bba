import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from arch.geometry import Geometry
from sw.mapping import count
from sw.policy import policy_for
from sw.prune import kept_segments
from sw.search.choices import network_choices
from sw.segments import keep_largest
from tests.sw.search_problems import GEOMETRY, layer, layer_lists


@given(layer_lists(), st.floats(0, 1))
def test_masks_are_those_of_pruning(layers, ratio):
    """The ratio that is written down prunes to the mask that was judged."""
    for one in layers:
        kept = one.kept(ratio)
        mask = one.mask(kept)
        assert np.count_nonzero(mask) == kept
        assert np.array_equal(keep_largest(one.norms, one.ratio(kept)), mask)
        limited = min(ratio, one.top_ratio)
        assert np.array_equal(keep_largest(one.norms, limited), mask)
        assert one.kept(one.ratio(kept)) == kept
        expected = count(
            mask, rows=one.rows, cols=one.cols, scheme=one.scheme, geometry=one.geometry
        )
        assert one.occupied(kept).count == expected


@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.8])
def test_groups_are_pruned_as_they_are_judged(scheme, ratio):
    """Segments outside the groups are neither kept nor counted."""
    network = torch.nn.Sequential(torch.nn.Conv2d(6, 8, 3, groups=2))
    (one,) = network_choices(network, (6, 5, 5), GEOMETRY, scheme=scheme)
    assert (one.rows, one.cols, one.weights, one.in_channels) == (54, 8, 54 * 4, 6)
    policy = policy_for(["layer_0"], scheme=scheme, ratio=ratio)
    expected = kept_segments(network, policy, GEOMETRY)["layer_0"]
    kept = one.kept(ratio)
    assert np.array_equal(one.mask(kept), expected)
    assert one.segments == one.mask(one.segments).sum() == one.occupied(kept).count.segments
    assert one.segment_norms.min() > 0


@given(layer_lists(), st.integers(0, 60))
def test_most_that_fits(layers, crossbars):
    for one in layers:
        kept = one.kept_within(crossbars)
        assert one.fewest <= kept <= one.segments
        assert one.crossbars(kept) <= crossbars or kept == one.fewest
        assert kept == one.segments or one.crossbars(kept + 1) > crossbars


@pytest.mark.parametrize(
    ("limit", "fewest", "top"), [(0.0, 32, 0.0), (0.5, 16, 0.5), (1.0, 1, 31 / 32)]
)
def test_limits(limit, fewest, top):
    one = layer(max_ratio=limit)
    assert (one.segments, one.fewest, one.top_ratio) == (32, fewest, top)
    assert (one.kept(0.0), one.kept(1.0)) == (32, fewest)


def test_layer_of_one_segment_cannot_be_pruned():
    assert layer(rows=4, cols=1).top_ratio == 0


def test_wrong_ratio():
    with pytest.raises(ValueError, match=r"largest ratio of layer a must be 0 to 1, not 1\.5"):
        layer(max_ratio=1.5)
    with pytest.raises(ValueError, match="ratio of layer a must be 0 to 1, not -1"):
        layer().kept(-1)


def test_network(trained, digits):
    layers = network_choices(
        trained, digits.in_shape, Geometry(), scheme="row_vector", max_ratio={"conv2": 0.5}
    )
    assert [
        (one.name, one.rows, one.cols, one.positions, one.stride, one.in_channels) for one in layers
    ] == [
        ("conv1", 9, 16, 64, 1, 1),
        ("conv2", 144, 32, 16, 2, 16),
        ("conv3", 288, 32, 16, 1, 32),
        ("fc", 512, 10, 1, 1, 512),
    ]
    assert [one.kernel for one in layers] == [3, 3, 3, 1]
    assert [one.convolution for one in layers] == [True, True, True, False]
    assert [one.max_ratio for one in layers] == [1, 0.5, 1, 1]
    with pytest.raises(ValueError, match="no layer 'x'; the layers are conv1, conv2, conv3, fc"):
        network_choices(
            trained, digits.in_shape, GEOMETRY, scheme="row_vector", max_ratio={"x": 0.5}
        )


def test_weights_that_are_not_finite(trained, digits):
    with torch.no_grad():
        trained.conv3.weight[0, 0, 0, 0] = float("nan")
    with pytest.raises(ValueError, match="layer conv3: weights must be finite"):
        network_choices(trained, digits.in_shape, GEOMETRY, scheme="column_vector")
