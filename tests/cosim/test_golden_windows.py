"""Windows against literal loops over channel, kernel row and kernel column."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arch.fixed import ActFormat, OutFormat
from arch.layer import LayerSpec
from cosim.golden import windows
from tests.cosim.random_tables import linear_spec

pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


def conv_spec(in_shape, cols, *, activation=None, **fields):
    sizes = {"kernel": (1, 1), "stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)} | fields
    height, width = (
        (size + 2 * p - d * (k - 1) - 1) // s + 1
        for size, k, s, p, d in zip(in_shape[1:], *sizes.values(), strict=True)
    )
    return LayerSpec(
        name="conv",
        kind="conv2d",
        source="input",
        in_shape=in_shape,
        out_shape=(cols, height, width),
        activation=activation or ActFormat(),
        output=OutFormat(),
        **sizes,
    )


@settings(max_examples=60, deadline=None)
@given(
    channels=st.integers(1, 3),
    size=st.tuples(st.integers(5, 9), st.integers(5, 9)),
    kernel=pairs,
    stride=pairs,
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    zero_point=st.sampled_from((0, 7, -3)),
    seed=st.integers(0, 1 << 30),
)
def test_matches_loops(channels, size, kernel, stride, dilation, padding, zero_point, seed):
    rng = np.random.default_rng(seed)
    spec = conv_spec(
        (channels, *size),
        1,
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        activation=ActFormat(signed=True, zero_point=zero_point),
    )
    activations = rng.integers(0, 100, (2, channels, *size)).astype(np.uint8)
    expected = []
    for image in activations:
        for row in range(spec.out_shape[1]):
            for col in range(spec.out_shape[2]):
                window = []
                for channel in range(channels):
                    for kernel_row in range(kernel[0]):
                        for kernel_col in range(kernel[1]):
                            y = row * stride[0] + kernel_row * dilation[0] - padding[0]
                            x = col * stride[1] + kernel_col * dilation[1] - padding[1]
                            inside = 0 <= y < size[0] and 0 <= x < size[1]
                            window.append(int(image[channel, y, x]) if inside else zero_point)
                expected.append(window)
    np.testing.assert_array_equal(windows(activations, spec), expected)


def test_linear_reads_the_whole_image():
    activations = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    spec = linear_spec(60, 7, in_shape=(3, 4, 5))
    np.testing.assert_array_equal(windows(activations, spec), np.arange(120).reshape(2, 60))


def test_no_images():
    spec = conv_spec((2, 5, 5), 3, kernel=(3, 3), padding=(1, 1))
    assert windows(np.zeros((0, 2, 5, 5), dtype=np.uint8), spec).shape == (0, 18)


def test_wrong_activations():
    spec = conv_spec((2, 5, 5), 3, kernel=(3, 3))
    with pytest.raises(TypeError, match="layer conv: activations must be integers: float64"):
        windows(np.zeros((1, 2, 5, 5)), spec)
    with pytest.raises(ValueError, match=r"shape \(n, 2, 5, 5\), not \(1, 2, 5, 4\)"):
        windows(np.zeros((1, 2, 5, 4), dtype=np.uint8), spec)
