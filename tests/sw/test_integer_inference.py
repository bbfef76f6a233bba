import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arch.fixed import ActFormat, OutFormat
from arch.geometry import Geometry
from arch.layer import LayerSpec
from sw import integer_inference
from sw.datasets import Split
from sw.integer_inference import accumulate, accuracy, run
from sw.integer_network import IntegerLayer, IntegerNetwork
from tests.sw.integer_layers import linear_spec, random_layer, small_network

SIGNED_ACT = ActFormat(bits=5, signed=True, zero_point=-3)
SIGNED_OUT = OutFormat(bits=6, signed=True, zero_point=-2, minimum=-20, maximum=31)


def by_hand(layer, image):
    """Outputs of a layer for one image with Python integers and loops, from the definition."""
    spec, out = layer.spec, layer.spec.output
    if spec.kind == "linear":
        windows = {(0, 0): [int(value) for value in image.reshape(-1)]}
    else:
        windows = {
            (row, col): [
                pixel(image, c, row, col, ky, kx, spec)
                for c in range(spec.in_shape[0])
                for ky in range(spec.kernel[0])
                for kx in range(spec.kernel[1])
            ]
            for row in range(spec.out_shape[1])
            for col in range(spec.out_shape[2])
        }
    result = np.zeros(spec.out_shape, dtype=np.int64)
    for (row, col), window in windows.items():
        for c in range(spec.cols):
            acc = sum(x * int(w) for x, w in zip(window, layer.weights[:, c], strict=True))
            multiplier, shift = int(layer.multiplier[c]), int(layer.shift[c])
            product = (acc + int(layer.bias[c])) * multiplier
            rounded = (product + (1 << shift >> 1)) >> shift
            result[c, row, col] = min(max(rounded + out.zero_point, out.minimum), out.maximum)
    return result


def pixel(image, channel, row, col, ky, kx, spec):
    y = row * spec.stride[0] + ky * spec.dilation[0] - spec.padding[0]
    x = col * spec.stride[1] + kx * spec.dilation[1] - spec.padding[1]
    if 0 <= y < image.shape[1] and 0 <= x < image.shape[2]:
        return int(image[channel, y, x])
    return spec.activation.zero_point


def layer_of(spec, seed):
    """A layer whose outputs do not all saturate."""
    rng = np.random.default_rng(seed)
    layer = random_layer(spec, Geometry(), rng, ratio=0.2)
    return IntegerLayer(
        spec=spec,
        weights=layer.weights,
        kept=layer.kept,
        multiplier=rng.integers(1 << 15, 1 << 16, spec.cols),
        shift=rng.integers(22, 26, spec.cols),
        bias=rng.integers(-3000, 3000, spec.cols),
    )


@settings(deadline=None)  # the first product loads a part of torch
@given(
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 2)),
    padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    size=st.tuples(st.integers(1, 3), st.integers(5, 7), st.integers(5, 6)),
    signed=st.booleans(),
    seed=st.integers(0, 1 << 20),
)
def test_convolution_matches_loops(kernel, stride, padding, dilation, size, signed, seed):
    rows, cols = (
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size[1:], kernel, stride, padding, dilation, strict=True)
    )
    spec = LayerSpec(
        name="conv",
        kind="conv2d",
        source="input",
        in_shape=size,
        out_shape=(4, rows, cols),
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        activation=SIGNED_ACT if signed else ActFormat(),
        output=SIGNED_OUT if signed else OutFormat(),
    )
    layer = layer_of(spec, seed)
    network = IntegerNetwork(name="one", layers=(layer,), input_scale=1.0, in_shape=size)
    act = spec.activation
    codes = np.random.default_rng(seed).integers(act.minimum, act.maximum + 1, (2, *size))
    found = run(network, codes)["conv"]
    assert found.dtype == np.int64
    assert np.array_equal(found, np.stack([by_hand(layer, image) for image in codes]))


@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
def test_network_matches_loops(scheme):
    base = small_network(Geometry(), scheme=scheme)
    layers = tuple(layer_of(layer.spec, seed) for seed, layer in enumerate(base.layers))
    network = IntegerNetwork(name="two", layers=layers, input_scale=1.0, in_shape=base.in_shape)
    codes = np.random.default_rng(1).integers(0, 256, (3, *base.in_shape))
    found = run(network, codes)
    assert list(found) == ["conv", "scores"]
    conv = np.stack([by_hand(layers[0], image) for image in codes])
    assert np.array_equal(found["conv"], conv)
    assert np.array_equal(found["scores"], np.stack([by_hand(layers[1], image) for image in conv]))
    assert len(np.unique(conv)) > 1
    assert len(np.unique(found["scores"])) > 1


def test_largest_sums_are_exact():
    """The most negative weights, the largest activations, and an odd last term."""
    spec = linear_spec(50_000, 1)
    weights = np.full((50_000, 1), -128, np.int8)
    weights[-1] = 1
    zeros = np.zeros(1, np.int64)
    kept = np.ones((-(-50_000 // 9), 1), bool)
    layer = IntegerLayer(
        spec=spec, weights=weights, kept=kept, multiplier=zeros, shift=zeros, bias=zeros
    )
    acc = accumulate(layer, np.full((1, 50_000, 1, 1), 255))
    assert acc.item() == -128 * 255 * 49_999 + 255


def test_parts_of_a_batch_make_the_whole(monkeypatch):
    network = small_network(Geometry())
    codes = np.random.default_rng(0).integers(0, 256, (7, *network.in_shape))
    whole = run(network, codes)
    monkeypatch.setattr(integer_inference, "_CHUNK_BYTES", 2 * 8 * 27 * 16)
    for name, values in run(network, codes).items():
        assert np.array_equal(values, whole[name])
    assert run(network, codes[:0])["conv"].shape == (0, 5, 4, 4)


def test_inexact_sums_are_refused(monkeypatch):
    network = small_network(Geometry())
    monkeypatch.setattr(integer_inference, "_EXACT", 255 * 127)
    with pytest.raises(ValueError, match="layer conv: 27 rows are too many for exact sums"):
        run(network, np.zeros((1, *network.in_shape), np.int64))


def test_accuracy_counts_images():
    """One linear layer that copies two pixels to two scores."""
    spec = linear_spec(2, 2, output=OutFormat(bits=16, signed=True, maximum=32767))
    ones, zeros = np.ones(2, np.int64), np.zeros(2, np.int64)
    layer = IntegerLayer(
        spec=spec,
        weights=np.eye(2, dtype=np.int8),
        kept=np.ones((1, 2), bool),
        multiplier=ones,
        shift=zeros,
        bias=zeros,
    )
    network = IntegerNetwork(name="x", layers=(layer,), input_scale=1 / 255, in_shape=(2, 1, 1))
    images = np.array([[0.1, 0.9], [0.9, 0.1], [0.5, 0.5]], np.float32).reshape(3, 2, 1, 1)
    assert accuracy(network, Split(images=images, labels=np.array([1, 0, 0]))) == 1
    assert accuracy(network, Split(images=images, labels=np.array([1, 1, 1]))) == 1 / 3


def test_wrong_codes():
    network = small_network(Geometry())
    with pytest.raises(ValueError, match=r"codes must have a shape \(n, \*\(3, 7, 7\)\)"):
        run(network, np.zeros((1, 3, 7, 8), np.int64))
    for code in (-1, 256):
        with pytest.raises(ValueError, match="layer conv: activations must be 0 to 255"):
            run(network, np.full((1, 3, 7, 7), code))


def test_both_precisions_give_the_same(monkeypatch):
    """Sums above 2**24 are no float32, so the choice of the precision matters."""
    rng = np.random.default_rng(0)
    spec = linear_spec(600, 2, output=OutFormat(bits=16, signed=True, minimum=-9, maximum=9))
    layer = random_layer(spec, Geometry(), rng, ratio=0.0)
    large = np.full_like(layer.weights, 127)
    large[::2] = -126
    layer = IntegerLayer(**{**vars(layer), "weights": large})
    codes = rng.integers(0, 256, (3, 600, 1, 1))
    codes[0, 1::2], codes[0, ::2] = 255, 0
    expected = codes.reshape(3, 1, 600) @ large.astype(np.int64)
    assert expected.max() == 300 * 127 * 255
    assert np.array_equal(accumulate(layer, codes), expected)
    monkeypatch.setattr(integer_inference, "_EXACT_FLOAT32", 0)
    assert np.array_equal(accumulate(layer, codes), expected)
